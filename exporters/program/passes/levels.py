"""Pass: on a chip every synapse costs one step, so every population gets the step at which its row 0 happens.

An edge p -> q whose target reads row ``t - d`` is given the synaptic delay D = L(q) - L(p) - 1 + d, which cannot be
negative. Between the strongly connected components of the graph that is one hop for every edge, whatever it delays.
Inside a component the levels solve ``L(q) - L(p) >= 1 - d``: a system of difference constraints, which has a solution
exactly if on every cycle the rows that its edges state cover its hops (Cormen et al., Introduction to Algorithms,
section 24.4). Row t of a population is chip step ``t + L``.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from scipy import sparse
from scipy.sparse.csgraph import connected_components

from ....models.errors import UnsupportedOp
from ..losses import Loss
from .network import Network

Hops = dict[str, list[tuple[str, int]]]
"""Of every population its sources, and by how much it has to lie above each."""


def levels(network: Network, hop: bool = False) -> Network:
    """Set the level of every population: the smallest that leave no synaptic delay negative.

    Members of a cycle on which every edge waits a row, as `run_graph` runs cycles, share a level.

    Parameters
    ----------
    network : Network
    hop : bool
        Let every edge of a cycle whose rows do not cover its hops wait one row, and list them as a loss.

    Raises
    ------
    UnsupportedOp
        Naming a cycle that takes more hops than its edges state rows, and how many rows are missing.
    """
    level, stuck = _solve(network)
    if stuck and not hop:
        raise UnsupportedOp(
            f"The cycle {' -> '.join([*stuck, stuck[0]])} takes {len(stuck)} hops on a chip, but its edges wait "
            f"{len(stuck) - _missing(network, stuck)} rows, {_missing(network, stuck)} too few. Put a Delay on it, "
            'or give cycle="hop", with which every edge of the cycle waits a row.'
        )
    while stuck:
        network = _waiting(network, stuck[0])
        level, stuck = _solve(network)
    return replace(network, neurons=tuple(replace(n, level=level[n.name]) for n in network.neurons))


def components(network: Network) -> dict[str, int]:
    """Strongly connected component of every source and population."""
    names = [*network.inputs, *(n.name for n in network.neurons)]
    at = {name: i for i, name in enumerate(names)}
    edges = [(at[s.source], at[s.target]) for s in network.synapses]
    rows, columns = zip(*edges, strict=True) if edges else ((), ())
    matrix = sparse.coo_array((np.ones(len(edges)), (rows, columns)), (len(names), len(names)))
    _, label = connected_components(matrix, connection="strong")
    return dict(zip(names, label.tolist(), strict=True))


def _solve(network: Network) -> tuple[dict[str, int], list[str]]:
    """Least levels, or the populations of a cycle that has none (Bellman and Ford, longest paths)."""
    hops = _hops(network)
    level = dict.fromkeys(network.inputs, 0) | dict.fromkeys(hops, 1)
    above: dict[str, str] = {}
    raised = ""
    for _ in range(len(hops) + 1):
        raised = ""
        for name, sources in hops.items():
            for source, least in sources:
                if level[name] < level[source] + least:
                    level[name], above[name], raised = level[source] + least, source, name
        if not raised:
            return level, []
    return level, _cycle(above, raised)


def _hops(network: Network) -> Hops:
    component = components(network)
    hops: Hops = {n.name: [] for n in network.neurons}
    for s in network.synapses:
        inside = component[s.source] == component[s.target]
        hops[s.target].append((s.source, 1 - s.min_delay if inside else 1))
    return hops


def _cycle(above: dict[str, str], start: str) -> list[str]:
    """The cycle behind `start` in the order of its edges; after as many rounds as populations there is one."""
    for _ in above:
        start = above[start]
    found = [start]
    while above[found[-1]] != start:
        found.append(above[found[-1]])
    return found[::-1]


def _missing(network: Network, cycle: list[str]) -> int:
    """Hops of a cycle that its edges do not cover with rows."""
    stated = 0
    for source, target in zip(cycle, [*cycle[1:], cycle[0]], strict=True):
        stated += min(s.min_delay for s in network.synapses if (s.source, s.target) == (source, target))
    return len(cycle) - stated


def _waiting(network: Network, member: str) -> Network:
    """Every edge inside the component of `member` waits a row at least."""
    component = components(network)
    early = [
        s.name
        for s in network.synapses
        if component[s.source] == component[s.target] == component[member] and s.min_delay < 1
    ]
    losses = tuple(Loss(name, "waits one row on its cycle, which the graph does not state", "cycle") for name in early)
    synapses = tuple(
        replace(s, delay=np.maximum(s.delay, 1) if np.ndim(s.delay) else 1) if s.name in early else s
        for s in network.synapses
    )
    return replace(network, synapses=synapses, losses=(*network.losses, *losses))
