"""Strategy "sequential": neurons in order, a new core where the open one is full.

A core holds neurons of one population only: the decays and the threshold are registers that its neurons share.

Three of the loads depend on the neurons of the core alone. The fourth, out-axons, depends on how many cores the targets
take, so populations are cut from the last to the first: the targets of a feed-forward population are final when its
turn comes. In a cycle they are not; such a population is first cut with the targets as they are, and then cores whose
out-axons have become too many are divided, again and again. Dividing a core never lowers anybody's out-axons and a core
of one neuron is never divided, so this ends. What is divided is not joined again: a cycle, and what feeds it, can take
a few more cores than it needs.

A rule that a single neuron breaks (5,000 in-axons, say) cannot be mended by smaller cores. It is left to `rules` to
report and does not stop the others from shaping the cores.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from ...exporters.program.program import Program
from .loads import Ints, Starts, bits_of_index, count_destinations, grow

_WINDOW = 64
"""Neurons that are tried at once; doubled until a core is full."""


def cut(program: Program, limits: dict[str, float]) -> Starts:
    """First neuron of every core of every population.

    Parameters
    ----------
    program : Program
    limits : dict of str to number
        Largest load of a core; what is absent is unlimited.
    """
    own = {name: limit for name, limit in limits.items() if name != "out_axons"}
    backward = program.populations[::-1]
    nowhere = {p.name: np.zeros(p.size, np.int64) for p in backward}
    starts = {p.name: _fill(program, p.name, nowhere[p.name], own, [0, p.size]) for p in backward}
    if "out_axons" not in limits:
        return starts
    for p in backward:
        sent = count_destinations(program, p.name, starts)
        starts[p.name] = _fill(program, p.name, sent, limits, [0, p.size])
    before = None
    while starts != before:
        before = dict(starts)
        for p in backward:
            sent = count_destinations(program, p.name, starts)
            if (np.add.reduceat(sent, starts[p.name]) > limits["out_axons"]).any():
                starts[p.name] = _fill(program, p.name, sent, limits, [*starts[p.name], p.size])
    return starts


def _fill(
    program: Program, population: str, destinations: Ints, limits: dict[str, float], edges: list[int]
) -> list[int]:
    """Cut every stretch between two `edges` into as few cores as its order allows."""
    starts = []
    for start, stop in pairwise(edges):
        while start < stop:
            starts.append(start)
            start = _full(program, population, destinations, limits, start, stop)
    return starts


def _full(
    program: Program, population: str, destinations: Ints, limits: dict[str, float], start: int, stop: int
) -> int:
    """First neuron that a core beginning at `start` cannot take."""
    window = _WINDOW
    while True:
        end = min(start + window, stop)
        loads = grow(program, population, destinations, start, end, bits_of_index(limits.get("neurons", 1)))
        fits = np.ones(end - start, bool)
        for name, limit in limits.items():
            if name in loads and loads[name][0] <= limit:
                fits &= loads[name] <= limit
        if not fits.all():
            return start + int(fits.argmin())
        if end == stop:
            return stop
        window *= 2
