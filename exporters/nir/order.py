"""In which order the nodes of a graph run, and which edges wait a step."""

from __future__ import annotations

from graphlib import CycleError, TopologicalSorter

import nir

from ...models.errors import UnsupportedOp
from .dynamics import STATEFUL

Edge = tuple[str, str]


def recurrent_edges(graph: nir.NIRGraph) -> frozenset[Edge]:
    """Edges that leave a stateful node and lie on a cycle; each reads its source's previous row."""
    followers: dict[str, list[str]] = {name: [] for name in graph.nodes}
    for source, target in graph.edges:
        followers[source].append(target)
    return frozenset(
        (source, target)
        for source, target in graph.edges
        if type(graph.nodes[source]) in STATEFUL and source in _reachable(followers, target)
    )


def execution_order(graph: nir.NIRGraph, late: frozenset[Edge]) -> list[str]:
    """Names of all nodes, every source before its targets, ties by name.

    Raises
    ------
    UnsupportedOp
        If a cycle holds no node with a state, so that it has no meaning in discrete time.
    """
    before: dict[str, list[str]] = {name: [] for name in sorted(graph.nodes)}
    for source, target in sorted(graph.edges):
        if (source, target) not in late:
            before[target].append(source)
    try:
        return list(TopologicalSorter(before).static_order())
    except CycleError as error:
        raise UnsupportedOp(
            f"The cycle {' -> '.join(error.args[1])} holds no neuron; it has no discrete meaning."
        ) from error


def _reachable(followers: dict[str, list[str]], start: str) -> set[str]:
    seen, todo = {start}, [start]
    while todo:
        for name in followers[todo.pop()]:
            if name not in seen:
                seen.add(name)
                todo.append(name)
    return seen
