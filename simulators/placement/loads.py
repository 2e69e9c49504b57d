"""What a core has to hold: neurons, rows of weights, entries for arriving and for leaving spikes."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ...exporters.program.program import Program
from .placement import Placement

WORD_BITS = 64
"""A row of weights fills whole words of the synaptic memory (Davies et al. 2018: 16,384 words of 64 bit)."""

Ints = NDArray[np.int64]
Starts = dict[str, list[int]]
"""First neuron of every core, by population."""


def grow(program: Program, population: str, destinations: Ints, start: int, stop: int) -> dict[str, Ints]:
    """Loads of a core that begins with neuron `start`, after each neuron that joins, (stop - start,) int64 each.

    * in_axons: distinct (projection, source neuron) with at least one synapse in the core.
    * synaptic_memory_bits: for every in-axon a row of weights, neurons in the core x weight bits, rounded up to whole
      words. The format's headers are not published and not modelled.
    * out_axons: for every neuron one per core with at least one synapse of it.

    None of them ever falls when a neuron joins.

    Parameters
    ----------
    program : Program
    population : str
    destinations : (size,) int64
        Cores that every neuron of the population sends to (see `count_destinations`).
    start, stop : int
    """
    count = stop - start
    neurons = np.arange(1, count + 1)
    axons, bits = np.zeros(count, np.int64), np.zeros(count, np.int64)
    for projection in program.into(population):
        synapses = projection.weights[start:stop] != 0
        first = synapses.argmax(0)[synapses.any(0)]  # the neuron with which a source's axon is first needed
        arriving = np.bincount(first, minlength=count).cumsum()
        axons += arriving
        bits += arriving * (-(-neurons * projection.weight_bits // WORD_BITS) * WORD_BITS)
    return {
        "neurons": neurons,
        "synaptic_memory_bits": bits,
        "in_axons": axons,
        "out_axons": destinations[start:stop].cumsum(),
    }


def count_destinations(program: Program, population: str, starts: Starts) -> Ints:
    """Cores that every neuron of `population` sends to, (size,) int64."""
    targets: dict[str, NDArray[np.bool_]] = {}
    for projection in program.projections:
        if projection.source == population:
            reached = np.logical_or.reduceat(projection.weights != 0, starts[projection.target], axis=0)
            targets[projection.target] = targets.get(projection.target, False) | reached
    size = program.source(population).size
    return sum((reached.sum(0) for reached in targets.values()), np.zeros(size, np.int64))


def alone_on_a_core(placement: Placement, population: str) -> dict[str, Ints]:
    """Loads of a core that holds nothing but one neuron, (size,) int64 each, for every neuron of `population`."""
    program = placement.program
    starts = {p.name: placement.starts(p.name) for p in program.populations}
    axons = np.zeros(program.source(population).size, np.int64)
    bits = np.zeros_like(axons)
    for projection in program.into(population):
        arriving = np.count_nonzero(projection.weights, axis=1)
        axons += arriving
        bits += arriving * (-(-projection.weight_bits // WORD_BITS) * WORD_BITS)
    out_axons = count_destinations(program, population, starts)
    return {"in_axons": axons, "synaptic_memory_bits": bits, "out_axons": out_axons}
