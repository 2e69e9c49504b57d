"""Pass 3: on a chip every synapse costs one step, so every population gets the step at which its row 0 happens."""

from __future__ import annotations

from dataclasses import replace
from graphlib import CycleError, TopologicalSorter

from ....models.errors import UnsupportedOp
from .network import Network


def levels(network: Network) -> Network:
    """Set the level of every population: the longest path from the inputs in hops.

    A self-recurrence costs the step that z[t-1] has anyway and does not count.

    Raises
    ------
    UnsupportedOp
        If a cycle runs through several populations: its hops take more steps than its edges state.
    """
    before: dict[str, set[str]] = {n.name: set() for n in network.neurons}
    for s in network.synapses:
        if s.source != s.target:
            before[s.target].add(s.source)
    level = dict.fromkeys(network.inputs, 0)
    try:
        for name in TopologicalSorter(before).static_order():
            if name in before:
                level[name] = 1 + max((level[source] for source in before[name]), default=0)
    except CycleError as error:
        raise UnsupportedOp(
            f"The populations {' -> '.join(error.args[1])} form a cycle; only a population's recurrence on itself can "
            "be aligned with steps of one hop each. Merge them into one population or remove the feedback."
        ) from error
    return replace(network, neurons=tuple(replace(n, level=level[n.name]) for n in network.neurons))
