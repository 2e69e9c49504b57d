"""In which order the nodes of a graph run, and which edges wait a step."""

from __future__ import annotations

from graphlib import CycleError, TopologicalSorter

import nir

from ...models.errors import UnsupportedOp
from .neurons import STATEFUL

Edge = tuple[str, str]


def recurrent_edges(graph: nir.NIRGraph, buffered: frozenset[str] = frozenset()) -> frozenset[Edge]:
    """Edges that leave a stateful node and lie on a cycle; each reads its source's previous row.

    A cycle through a Delay of at least one step (`buffered`, see `delays`) takes that delay and no step more.
    """
    followers: dict[str, list[str]] = {name: [] for name in graph.nodes}
    for source, target in graph.edges:
        if target not in buffered:
            followers[source].append(target)
    return frozenset(
        (source, target)
        for source, target in graph.edges
        if target not in buffered and type(graph.nodes[source]) in STATEFUL and source in _reachable(followers, target)
    )


def execution_order(graph: nir.NIRGraph, late: frozenset[Edge], buffered: frozenset[str] = frozenset()) -> list[str]:
    """Names of all nodes, every source before its targets, ties by name.

    Raises
    ------
    UnsupportedOp
        If a cycle holds no node with a state or delay, so that it has no meaning in discrete time.
    """
    before: dict[str, list[str]] = {name: [] for name in sorted(graph.nodes)}
    for source, target in sorted(graph.edges):
        if (source, target) not in late and target not in buffered:
            before[target].append(source)
    try:
        return list(TopologicalSorter(before).static_order())
    except CycleError as error:
        raise UnsupportedOp(
            f"The cycle {' -> '.join(error.args[1])} holds no neuron and no Delay of a step or more; it has no "
            "discrete meaning."
        ) from error


def _reachable(followers: dict[str, list[str]], start: str) -> set[str]:
    seen, todo = {start}, [start]
    while todo:
        for name in followers[todo.pop()]:
            if name not in seen:
                seen.add(name)
                todo.append(name)
    return seen
