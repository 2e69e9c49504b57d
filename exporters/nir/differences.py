"""Where a model and its graph, run on the same rows, differ first."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import nir
import numpy as np
from numpy.typing import NDArray

from ..program.trace import Trace
from .assemble import Draft
from .readout import reads_membrane

Rows = NDArray[Any]


@dataclass(frozen=True)
class Run:
    """Model and graph on one input.

    Attributes
    ----------
    spikes : dict of str to array
        What the model's neurons gave, layers in the order of their calls.
    outputs : list of array
        What the model gave, by the names of the Output nodes: (T, B, *shape), or (B, *shape) of a readout.
    trace : Trace
        What the graph gave.
    close : float
        Difference, relative to 1 or to the values if larger, that rounding explains.
    """

    spikes: dict[str, Rows]
    outputs: list[Rows]
    trace: Trace
    close: float


def first_difference(run: Run, graph: nir.NIRGraph, draft: Draft) -> str | None:
    """Describe the first difference in time, and in one row that of the layer called first; None if there is none.

    A spike where the membrane lies on its threshold is rounded either way; what comes after it tells nothing.
    """
    wrong = [
        f"{draft.lines[path]}: {path!r} gives {given.size} values, its node {run.trace.spikes[path].size}"
        for path, given in run.spikes.items()
        if given.size != run.trace.spikes[path].size
    ]
    if wrong:
        return wrong[0]
    where = {path: _row(run, path) for path in run.spikes}
    found = min((row, n, path) for n, (path, row) in enumerate(where.items())) if where else (run.trace.steps, 0, "")
    row, _, path = found
    if row == run.trace.steps:
        return _in_outputs(run, graph, draft)
    ours = run.trace.spikes[path]
    differs = ours[row] != run.spikes[path].reshape(ours.shape)[row]
    clear = np.argwhere(differs & ~_ties(run, graph.nodes[path], path, row))
    if not clear.size:
        return None
    at = tuple(int(i) for i in clear[0])
    membrane = run.trace.state.get(path, {}).get("v")
    beside = "" if membrane is None else f" (membrane {membrane[row][at]:g})"
    return (
        f"{draft.lines[path]}: {path!r} differs first in row {row}, sample {at[0]}, neuron {at[1:]}: the model gives "
        f"{run.spikes[path].reshape(ours.shape)[row][at]:g}, the graph {ours[row][at]:g}{beside}"
    )


def _row(run: Run, path: str) -> int:
    """First row in which the spikes differ, the number of rows if there is none."""
    ours = run.trace.spikes[path]
    rows = np.flatnonzero((run.spikes[path].reshape(ours.shape) != ours).reshape(len(ours), -1).any(1))
    return int(rows[0]) if rows.size else len(ours)


def _ties(run: Run, node: Any, path: str, row: int) -> Any:
    """Neurons whose membrane is on the threshold, or on a multiple of it where they fire several spikes a step."""
    membrane = run.trace.state.get(path, {}).get("v")
    if membrane is None:
        return False
    limit = np.maximum(node.v_threshold, np.finfo(float).tiny)
    several = bool(run.trace.settings.get("multi_spike", (False,))[0])
    nearest = limit * np.maximum(np.round(membrane[row] / limit), 1) if several else node.v_threshold
    size = max(1.0, float(np.abs(nearest).max()), float(np.abs(membrane[row]).max()))
    return np.abs(membrane[row] - nearest) <= run.close * size


def _in_outputs(run: Run, graph: nir.NIRGraph, draft: Draft) -> str | None:
    for (name, ours), theirs in zip(sorted(run.trace.output.items()), run.outputs, strict=True):
        where = f"{draft.lines.get(name, 'the result')}: output {name!r}"
        if draft.mean_left:
            ours = ours / run.trace.steps
        if theirs.size == ours.size * run.trace.steps and not draft.mean_left:
            rows = theirs.reshape(run.trace.steps, *ours.shape)
            theirs = rows[-1] if reads_membrane(_with_output(graph, name)) else rows.sum(0)
        if theirs.size != ours.size:
            return f"{where} has the shape {theirs.shape} in the model, a sample of the graph {ours.shape}"
        theirs = theirs.reshape(ours.shape)
        size = max(1.0, float(np.abs(theirs).max(initial=0.0)))
        apart = np.argwhere(~(np.abs(theirs - ours) <= run.close * size))
        if apart.size:
            at = tuple(int(i) for i in apart[0])
            return (
                f"{where}, sample {at[0]}, element {at[1:]}, differs: the model gives {theirs[at]:g} over its rows, "
                f"the graph {ours[at]:g}"
            )
    return None


def _with_output(graph: nir.NIRGraph, name: str) -> nir.NIRGraph:
    """Leave out every other Output."""
    others = {n for n, node in graph.nodes.items() if isinstance(node, nir.Output) and n != name}
    nodes = {n: node for n, node in graph.nodes.items() if n not in others}
    return nir.NIRGraph(nodes, [edge for edge in graph.edges if edge[1] not in others], type_check=False)
