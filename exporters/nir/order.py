"""In which order the nodes of a graph run, and which edges wait a step.

NIR does not say what a cycle costs. A node here takes no time, so every cycle needs an edge that reads the step before.
Such edges leave a neuron, as frameworks keep the spikes of the last step: a bias behind one acts in the first step.
"""

from __future__ import annotations

from graphlib import CycleError, TopologicalSorter

import nir

from ...models.errors import ConfigError, InputError, UnsupportedOp
from .neurons import STATEFUL

Edge = tuple[str, str]
CYCLES = ("every", "closing")


def recurrent_edges(
    graph: nir.NIRGraph, buffered: frozenset[str] = frozenset(), cycle: str = "every"
) -> frozenset[Edge]:
    """Edges that read their source's previous row.

    A cycle through a Delay of at least one step (`buffered`, see `delays`) takes that delay and no step more.

    Parameters
    ----------
    graph : nir.NIRGraph
        Flat.
    buffered : frozenset of str
    cycle : {"every", "closing"}
        "every": all edges that leave a neuron and lie on a cycle, so that a ring of n neurons takes n steps and no
        neuron comes before another. "closing": of these only the ones that lead back, through nodes without state, to
        the neuron itself or to one that a walk from the inputs (breadth first, then by name) meets earlier, so that a
        ring takes one step. An edge that leads both back and on waits for both. For a neuron that feeds itself the two
        are the same.

    Raises
    ------
    ConfigError
        For another `cycle`.
    InputError
        If an edge names a node that does not exist.
    """
    if not isinstance(cycle, str) or cycle not in CYCLES:
        raise ConfigError(f"cycle = {cycle!r} is unknown; known are {', '.join(CYCLES)}.")
    _require_ends(graph)
    followers: dict[str, list[str]] = {name: [] for name in graph.nodes}
    for source, target in graph.edges:
        if target not in buffered:
            followers[source].append(target)
    waiting = frozenset(
        (source, target)
        for source, target in graph.edges
        if target not in buffered and _has_state(graph, source) and source in _reachable(followers, target)
    )
    if cycle == "every":
        return waiting
    met = {name: position for position, name in enumerate(_walk(graph, followers))}
    return frozenset(edge for edge in waiting if _leads_back(graph, followers, met, edge))


def _require_ends(graph: nir.NIRGraph) -> None:
    lost = [f"{source!r} -> {target!r}" for source, target in graph.edges if not {source, target} <= graph.nodes.keys()]
    if lost:
        raise InputError("Edges name nodes that do not exist; add the nodes or take the edges out:", lost)


def _walk(graph: nir.NIRGraph, followers: dict[str, list[str]]) -> list[str]:
    """All nodes as a walk from the inputs meets them, breadth first, then by name; last those it never meets."""
    inputs = sorted(name for name, node in graph.nodes.items() if isinstance(node, nir.Input))
    met = dict.fromkeys(inputs)
    front = inputs
    while front:
        front = sorted({target for name in front for target in followers[name]} - met.keys())
        met |= dict.fromkeys(front)
    return [*met, *sorted(graph.nodes.keys() - met.keys())]


def _leads_back(graph: nir.NIRGraph, followers: dict[str, list[str]], met: dict[str, int], edge: Edge) -> bool:
    source, target = edge
    stateless = {name: [] if _has_state(graph, name) else after for name, after in followers.items()}
    neurons = (name for name in _reachable(stateless, target) if _has_state(graph, name) and met[name] <= met[source])
    return any(source in _reachable(followers, name) for name in neurons)


def _has_state(graph: nir.NIRGraph, name: str) -> bool:
    return type(graph.nodes[name]) in STATEFUL


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
