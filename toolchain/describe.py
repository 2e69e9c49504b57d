"""Results as plain dictionaries: what ``--json`` prints, and what the tables are made from."""

from __future__ import annotations

import platform
import statistics
from dataclasses import asdict
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from ..exporters.program.losses import Loss
from ..exporters.program.program import Program
from ..exporters.program.trace import Trace
from ..simulators.chips.profile import list_chips, load_chip
from ..simulators.energy import estimate_energy
from .comparison.chain import Comparison


def spread(values: list[float]) -> dict[str, Any]:
    """Mean, standard deviation (n - 1) and the single values."""
    deviation = statistics.stdev(values) if len(values) > 1 else 0.0
    return {"mean": statistics.fmean(values), "std": deviation, "each": values}


def describe_comparison(comparison: Comparison) -> dict[str, Any]:
    """Every pair of neighbours with its populations and its first divergence, and what did not run."""
    pairs = [
        {
            "backends": list(pair.backends),
            "spike_agreement": pair.spike_agreement,
            "mismatches": pair.mismatches,
            "same_prediction": pair.same_prediction,
            "populations": [asdict(a) | {"agreement": a.share} for a in pair.agreements],
            "first_divergence": asdict(pair.first_divergence) if pair.first_divergence else None,
        }
        for pair in comparison.pairs
    ]
    traces = comparison.traces.values()
    return {
        "samples": max((trace.samples for trace in traces), default=0),
        "pairs": pairs,
        "not_run": comparison.not_run,
        "versions": {trace.backend: trace.versions for trace in traces},
    }


def describe_activity(trace: Trace, program: Program) -> dict[str, Any]:
    """Spikes, sparsity and synaptic operations per sample, by population and projection."""
    n = trace.samples
    spiking = [p.name for p in program.populations if p.kind != "readout"]
    slots = sum(trace.counts[name].size for name in spiking) * trace.steps
    spikes = sum(int(trace.counts[name].sum()) for name in spiking)
    return {
        "backend": trace.backend,
        "versions": trace.versions,
        "samples": n,
        "steps": trace.steps,
        "populations": {
            name: {
                "neurons": trace.counts[name][0].size,
                "spikes_per_sample": float(trace.counts[name].sum() / n),
                "spikes_per_neuron_and_step": trace.rate(name),
                "sparsity": trace.sparsity(name),
            }
            for name in spiking
        },
        "spikes_per_neuron_and_step": spikes / slots if slots else 0.0,
        "sparsity": 1.0 - spikes / slots if slots else 1.0,
        "synaptic_ops_per_sample": {name: float(rows.sum() / n) for name, rows in trace.synaptic_ops.items()},
    }


def describe_energies(trace: Trace, program: Program, chips: list[str] | None = None) -> dict[str, Any]:
    """Energy per sample under every profile (or the named ones), each with its recipe."""
    estimates = [estimate_energy(trace, program, load_chip(name)) for name in chips or list_chips()]
    return {
        e.chip: asdict(e) | {"total_pj": e.total_pj, "kind": "estimated", "unit": "pJ per sample"} for e in estimates
    }


def describe_losses(losses: list[Loss]) -> list[dict[str, str]]:
    """What the export rounded or dropped."""
    return [asdict(loss) for loss in losses]


def provenance() -> dict[str, str]:
    """Versions of everything that can change a number, as far as it is installed."""
    found = {"python": platform.python_version(), "machine": platform.machine()}
    for name in ("spikewright", "numpy", "nir", "torch", "lightning", "snntorch", "scikit-learn"):
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "not installed"
    return found
