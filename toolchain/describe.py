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
from ..simulators.pricing import Cost, price
from .comparison.chain import Comparison
from .placing import Placements

_PACKAGES = ("spikewright", "numpy", "numba", "nir", "torch", "lightning", "snntorch", "scikit-learn", "matplotlib")


def spread(values: list[float]) -> dict[str, Any]:
    """Mean, standard deviation (n - 1) and the single values."""
    deviation = statistics.stdev(values) if len(values) > 1 else 0.0
    return {"mean": statistics.fmean(values), "std": deviation, "each": values}


def describe_comparison(comparison: Comparison) -> dict[str, Any]:
    """Every pair of neighbours with populations and first divergence, effects of losses, what did not run."""
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
        "effects": [asdict(effect) for effect in comparison.effects],
        "program_hash": comparison.program.content_hash if comparison.program else None,
        "not_run": comparison.not_run,
        "versions": {trace.backend: trace.versions for trace in traces},
    }


def describe_activity(trace: Trace, program: Program | None) -> dict[str, Any]:
    """Spikes, sparsity and synaptic operations per sample, by population and projection."""
    n, spiking = trace.samples, spiking_populations(trace, program)
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


def spiking_populations(trace: Trace, program: Program | None) -> list[str]:
    """Populations that can spike, from the input on; without a program, all that the trace counted."""
    if program is None:
        return sorted(trace.counts, key=lambda name: trace.levels.get(name, 0))
    return [p.name for p in program.populations if p.kind != "readout"]


def describe_costs(trace: Trace, placements: Placements) -> dict[str, Any]:
    """Time and energy per sample on every chip that takes the network, each with its recipe; and why others do not.

    The trace is of a run with ``place=placements.counted``, or with none if no chip has a mesh.
    """
    costs, left = {}, dict(placements.misfits)
    for name, placement in placements.fitting.items():
        if placement.chip.mesh and placement.layout != placements.counted.layout:
            counted = placements.counted.chip.name
            left[name] = f"The run was counted on the cores of {counted}; price this chip alone, with --chip {name}."
        else:
            costs[name] = describe_price(price(trace, placement))
    return {"energy": costs, "not_priced": left}


def describe_price(cost: Cost) -> dict[str, Any]:
    """A cost without its arrays: totals over cores, means over samples; no cores and tiles without a mesh."""
    timed, meshed = cost.latency_ns is not None, cost.placement.chip.mesh is not None
    return {
        "chip": cost.chip,
        "backend": cost.backend,
        "kind": "estimated",
        "unit": "pJ per sample",
        "timing": cost.timing,
        "cores": len(cost.placement.cores) if meshed else None,
        "tiles": cost.placement.tiles if meshed else None,
        "counts": {name: float(row.sum()) for name, row in cost.counts.items()},
        "energy_pj": {name: float(row.sum()) for name, row in cost.energy_pj.items()},
        "total_pj": cost.total_pj,
        "total_bounds_pj": list(cost.bounds["energy_pj"]),
        "energy_per_synaptic_op_pj": cost.energy_per_synaptic_op_pj,
        "latency_ns": float(cost.latency_ns.mean()) if timed else None,
        "latency_bounds_ns": [float(bound.mean()) for bound in cost.bounds["latency_ns"]] if timed else None,
        "interval_ns": float(cost.interval_ns.mean()) if timed else None,
        "sources": {name: asdict(quantity) for name, quantity in cost.sources.items()},
        "time_sources": {name: asdict(quantity) for name, quantity in cost.time_sources.items()},
        "not_included": list(cost.not_included),
    }


def describe_losses(losses: list[Loss]) -> list[dict[str, str]]:
    """What the export rounded or dropped."""
    return [asdict(loss) for loss in losses]


def provenance() -> dict[str, str]:
    """Versions of everything that can change a number, as far as it is installed."""
    found = {"python": platform.python_version(), "machine": platform.machine()}
    for name in _PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "not installed"
    return found
