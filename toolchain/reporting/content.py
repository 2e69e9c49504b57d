"""What a report says, as one dictionary: the JSON is this, the page is made from this."""

from __future__ import annotations

import json
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ...exporters.program.program import Program
from ...exporters.program.trace import Trace
from ...models.errors import InputError
from ...simulators.pricing import Cost
from ..comparison.chain import Comparison
from ..describe import describe_activity, describe_comparison, provenance, spiking_populations
from ..exporting import to_json
from .cost import describe_cost
from .layers import describe_layers
from .network import describe_program, describe_weights, in_order
from .verdict import verdict

if TYPE_CHECKING:
    from ..quantisation.diagnosis import Diagnosis

BINS = 24
"""Bins of a histogram of firing rates."""


def find_program(
    trace: Trace, cost: Cost | None, result: Comparison | None, diagnosis: Diagnosis | None = None
) -> Program | None:
    """Return the program that was run, from the placement or the comparison, whichever is given.

    Raises
    ------
    InputError
        If trace, cost, comparison and diagnosis are not of one program; all that differ at once.
    """
    programs = {
        "cost": cost.placement.program if cost is not None else None,
        "comparison": result.program if result is not None else None,
        "diagnosis": diagnosis.program if diagnosis is not None else None,
    }
    of = {"trace": trace.program_hash} | {name: p.content_hash for name, p in programs.items() if p is not None}
    if len({found for found in of.values() if found}) > 1:
        raise InputError(
            "A report is about one program; these are of different ones:",
            [f"{name}: program {found[:12]}" for name, found in of.items() if found],
        )
    return next((p for p in programs.values() if p is not None), None)


def build_content(
    trace: Trace,
    cost: Cost | None,
    result: Comparison | None,
    diagnosis: Diagnosis | None = None,
    *,
    command: str,
    title: str,
    data: str | None,
    labels: NDArray[Any] | None,
) -> dict[str, Any]:
    """Everything a report says; arguments as in `report`."""
    program = find_program(trace, cost, result, diagnosis)
    # The run itself may have more samples than the comparison's run on the same backend.
    traces = (result.traces if result is not None else {}) | {trace.backend: trace}
    content: dict[str, Any] = {
        "schema_version": 2,
        "title": title,
        "created": datetime.now(timezone.utc).isoformat(timespec="seconds"),
        "command": command,
        "data": data,
        "accuracy": _accuracies(traces, labels),
        "comparison": None if result is None else describe_comparison(result),
        "activity": _activity(trace, program),
        "rates": _rates(trace, program),
        "network": None if program is None else describe_program(program),
        "weights": {} if program is None else describe_weights(program),
        "cost": None if cost is None else describe_cost(cost),
        "quantisation": None if diagnosis is None else describe_layers(diagnosis),
        "provenance": {
            "program_hash": trace.program_hash,
            "versions": provenance(),
            "backends": {name: dict(found.versions) for name, found in traces.items()},
        },
    }
    content = json.loads(to_json(content))  # what the page shows is what the JSON says: NaN is null in both
    return content | {"verdict": verdict(content)}


def _activity(trace: Trace, program: Program | None) -> dict[str, Any]:
    """Activity, with the projections from the input on."""
    activity = describe_activity(trace, program)
    counts = activity["synaptic_ops_per_sample"]
    order = list(counts) if program is None else [p.name for p in in_order(program)]
    return activity | {"synaptic_ops_per_sample": {name: counts[name] for name in order if name in counts}}


def _accuracies(traces: dict[str, Trace], labels: NDArray[Any] | None) -> dict[str, dict[str, Any]]:
    """Share of right classes of every backend, on the samples it ran; none where several outputs give classes."""
    if labels is None or any(len(t.output) > 1 for t in traces.values()):
        return {}
    classes = np.asarray(labels)
    if classes.ndim != 1 or any(t.samples > len(classes) for t in traces.values()):
        raise InputError(f"labels has shape {classes.shape}; it takes one class for every sample that was run.")
    return {
        name: {"share": float((t.predict() == classes[: t.samples]).mean()), "samples": t.samples}
        for name, t in traces.items()
    }


def _rates(trace: Trace, program: Program | None) -> dict[str, dict[str, Any]]:
    """Histogram of the neurons' firing rates of every spiking population, on common bins."""
    names = spiking_populations(trace, program)
    rates = {name: trace.counts[name].reshape(trace.samples, -1).mean(0) / trace.steps for name in names}
    highest = max((float(r.max()) for r in rates.values()), default=0.0)
    edges = np.linspace(0, max(np.ceil(20 * highest) / 20, 0.05), BINS + 1)
    return {
        name: {
            "edges": edges.round(6).tolist(),
            "neurons": np.histogram(r, edges)[0].tolist(),
            "silent": int((r == 0).sum()),
        }
        for name, r in rates.items()
    }
