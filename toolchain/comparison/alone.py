"""The error that a population makes itself, apart from the one it inherits.

A population of the second backend runs by itself, from rest, on the spikes that the first backend sent it; its own
recurrent spikes are the first backend's too. What then differs from the first backend arose in this population.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ...exporters.program.inputs import encode_inputs
from ...exporters.program.isolate import isolate, recurrent_input
from ...exporters.program.program import Program
from ...exporters.program.trace import Trace
from ...simulators.run import simulate
from ..targets import INTEGER
from .pairs import Agreement, Pair

if TYPE_CHECKING:
    import nir

_BY_PROGRAM = frozenset({"oracle", "engine"})
_BY_GRAPH = frozenset({"frozen", "run_graph"})
"""A frozen module and its NIR graph spike alike, so that the graph can speak for both."""

Values = dict[str, NDArray[Any]]


def measure_alone(
    pair: Pair, a: Trace, b: Trace, x: Any, program: Program | None, graph: nir.NIRGraph | None, outputs: dict[str, str]
) -> Pair:
    """Add the second error column to `pair`.

    Where all sources of a population agree between both backends, it inherits nothing and needs no run.

    Parameters
    ----------
    pair : Pair
    a, b : Trace
        What was compared.
    x : (T, B, *input_shape) array, or dict of input name to such an array
    program : Program or None
        Needed if `b` is an integer backend.
    graph : nir.NIRGraph or None
        Needed if `b` is a float backend.
    outputs : dict of str to str
        Output of every population whose membrane was compared.
    """
    if not pair.mismatches:
        measured = [(0, b.backend) for _ in pair.agreements]
    elif b.backend in INTEGER and program is not None:
        events = {**encode_inputs(program, x), **a.spikes}
        measured = [_by_program(found, program, events, a, b, outputs) for found in pair.agreements]
    elif graph is not None:
        measured = [_by_graph(found, graph, x, a, b) for found in pair.agreements]
    else:
        return pair
    agreements = (
        replace(found, alone=alone, alone_backend=backend if alone is not None else "")
        for found, (alone, backend) in zip(pair.agreements, measured, strict=True)
    )
    return replace(pair, agreements=tuple(agreements))


def _by_program(
    found: Agreement, program: Program, events: Values, a: Trace, b: Trace, outputs: dict[str, str]
) -> tuple[int | None, str]:
    name = found.population
    sources = {p.source for p in program.into(name)}
    if _inherits_nothing(sources - {i.name for i in program.inputs}, a, b):
        return found.mismatches, b.backend
    if b.backend not in _BY_PROGRAM or not sources <= set(events):
        return None, ""
    alone = isolate(program, name)
    fed = [i.name for i in alone.inputs if i.kind != "bias"]
    rows = {i: events[name if i == recurrent_input(name) else i] for i in fed}
    trace = simulate(alone, rows, backend=b.backend, record=("spikes",))
    if found.what == "membrane":
        return int((trace.output["membrane"] != a.output[outputs[name]]).sum()), b.backend
    return int((trace.spikes[name] != a.spikes[name]).sum()), b.backend


def _by_graph(found: Agreement, graph: nir.NIRGraph, x: Any, a: Trace, b: Trace) -> tuple[int | None, str]:
    from ...exporters.nir.execute import run_graph
    from ...exporters.nir.isolate import isolate_node

    name = found.population
    if name not in graph.nodes:
        return None, ""
    alone = isolate_node(graph, name, str(b.settings.get("cycle", ("every",))[0]))
    ports = {n for n, node in graph.nodes.items() if type(node).__name__ == "Input"}
    sources = {source for source, _ in alone.sources.values()}
    if _inherits_nothing(sources - ports, a, b):
        return found.mismatches, b.backend
    values = {**(x if isinstance(x, dict) else dict.fromkeys(ports, np.asarray(x))), **a.spikes}
    if b.backend not in _BY_GRAPH or not sources <= set(values):
        return None, ""
    fed = {port: _late(values[source], delay) for port, (source, delay) in alone.sources.items()}
    return int((run_graph(alone.graph, fed).spikes[name] != a.spikes[name]).sum()), "run_graph"


def _inherits_nothing(sources: set[str], a: Trace, b: Trace) -> bool:
    return all(s in a.spikes and s in b.spikes and np.array_equal(a.spikes[s], b.spikes[s]) for s in sources)


def _late(rows: NDArray[Any], delay: int) -> NDArray[Any]:
    shifted = np.zeros_like(rows)
    shifted[delay:] = rows[: max(0, len(rows) - delay)]
    return shifted
