"""Every node of a flat graph over all rows, in the order of the edges."""

from __future__ import annotations

import nir
import numpy as np
from numpy.typing import NDArray

from ...models.errors import InputError
from .delays import Ring, buffered, delay_steps
from .dynamics import STATEFUL, make_step
from .neurons import Step
from .order import Edge, execution_order
from .semantics import Semantics

Rows = NDArray[np.float64]
_ELEMENT_BY_ELEMENT = (*STATEFUL, nir.Scale, nir.Threshold, nir.Delay)


def run_nodes(
    graph: nir.NIRGraph, x: dict[str, Rows], semantics: Semantics, late: frozenset[Edge]
) -> tuple[dict[str, Rows], dict[str, dict[str, Rows]]]:
    """Outputs of all nodes and states of those that have one, each (T, B, *shape).

    Parameters
    ----------
    graph : nir.NIRGraph
        Flat.
    x : dict of Input node to (T, B, *shape) array
    semantics : Semantics
    late : frozenset of edges
        Those that read their source's previous row (see `order.recurrent_edges`).

    Raises
    ------
    InputError
        If shapes do not go together.
    """
    waiting = buffered(graph, semantics)
    order = execution_order(graph, late, waiting)
    run = _Run(graph, x, late)
    total = next(iter(x.values())).shape[0]
    rings = {n: Ring(delay_steps(graph.nodes[n], semantics), total) for n in order if _is_delay(graph, n)}
    steps = {n: make_step(n, graph.nodes[n], semantics) for n in order if n not in rings}
    held: dict[str, Rows] = {}
    for t in range(total):
        for name in order:
            if name in waiting:
                nothing = run.nothing(name)
                run.keep(name, rings[name].read(t, nothing) if name in rings else held.get(name, nothing))
            elif name in rings:
                arriving = run.gather(name, t)
                rings[name].write(t, arriving)
                run.keep(name, rings[name].read(t, arriving))
            else:
                run.keep(name, run.advance(name, steps[name], run.gather(name, t)))
        for name in waiting:
            arriving = run.gather(name, t)
            if name in rings:
                rings[name].write(t, arriving)
            else:
                held[name] = run.advance(name, steps[name], arriving)
    states = {name: {what: np.stack(rows) for what, rows in kept.items()} for name, kept in run.states.items()}
    return {name: np.stack(rows) for name, rows in run.rows.items()}, states


class _Run:
    """What every node gave in the steps so far."""

    def __init__(self, graph: nir.NIRGraph, x: dict[str, Rows], late: frozenset[Edge]) -> None:
        self._graph = graph
        self._x = x
        self._samples = next(iter(x.values())).shape[1]
        self._incoming = {name: [(s, (s, name) in late) for s, t in graph.edges if t == name] for name in graph.nodes}
        self.rows: dict[str, list[Rows]] = {name: [] for name in graph.nodes}
        self.states: dict[str, dict[str, list[Rows]]] = {}

    def gather(self, name: str, t: int) -> Rows:
        """Sum of what arrives at a node in step t."""
        arriving = [self._x[name][t]] if name in self._x else []
        arriving += [self.rows[source][t - wait] for source, wait in self._incoming[name] if t >= wait]
        if not arriving:
            return self.nothing(name)
        if len({a.shape for a in arriving}) > 1:
            kinds = ", ".join(f"{s!r} gives {self.rows[s][-1].shape[1:]}" for s, _ in self._incoming[name])
            raise InputError(f"Node {name!r} adds up inputs of different shapes: {kinds}.")
        return sum(arriving[1:], arriving[0])

    def nothing(self, name: str) -> Rows:
        """Zeros of the shape that a node takes, before anything arrived."""
        sources = [source for source, _ in self._incoming[name]]
        node = self._graph.nodes[name]
        types = (
            node.input_type
            if not sources or _is_delay(self._graph, name)
            else self._graph.nodes[sources[0]].output_type
        )
        shape = next(iter(types.values()))
        if shape is None:
            raise InputError(
                f"Node {name!r} has no input in the first step and states no shape; read it with read_nir."
            )
        return np.zeros((self._samples, *(int(n) for n in np.atleast_1d(shape))))

    def advance(self, name: str, step: Step, x: Rows) -> Rows:
        """Take one step of a node, remember its states, return its output."""
        node = self._graph.nodes[name]
        where = f"{type(node).__name__} {name!r} does not take an input of shape {x.shape[1:]}"
        try:
            value, states = step(x)
        except ValueError as error:
            raise InputError(f"{where}: {error}.") from error
        if isinstance(node, _ELEMENT_BY_ELEMENT) and value.shape != x.shape:
            raise InputError(f"{where}: it has parameters for {value.shape[1:]}.")
        for what, rows in states.items():
            self.states.setdefault(name, {}).setdefault(what, []).append(rows)
        return value

    def keep(self, name: str, value: Rows) -> None:
        """Remember what a node gave."""
        self.rows[name].append(value)


def _is_delay(graph: nir.NIRGraph, name: str) -> bool:
    return isinstance(graph.nodes[name], nir.Delay)
