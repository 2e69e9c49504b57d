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
        synapses = program.synapses(projection)
        inside = slice(*np.searchsorted(synapses.post, (start, stop)))
        # The neuron with which a source's axon is first needed: synapses are listed by target neuron.
        first = synapses.post[inside][np.unique(synapses.pre[inside], return_index=True)[1]] - start
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
            synapses, first = program.synapses(projection), np.array(starts[projection.target])
            reached = targets.setdefault(projection.target, np.zeros((len(first), synapses.shape[1]), bool))
            reached[np.searchsorted(first, synapses.post, side="right") - 1, synapses.pre] = True
    size = program.source(population).size
    return sum((reached.sum(0) for reached in targets.values()), np.zeros(size, np.int64))


def alone_on_a_core(placement: Placement, population: str) -> dict[str, Ints]:
    """Loads of a core that holds nothing but one neuron, (size,) int64 each, for every neuron of `population`."""
    program = placement.program
    starts = {p.name: placement.starts(p.name) for p in program.populations}
    axons = np.zeros(program.source(population).size, np.int64)
    bits = np.zeros_like(axons)
    for projection in program.into(population):
        arriving = program.synapses(projection).fan_in
        axons += arriving
        bits += arriving * (-(-projection.weight_bits // WORD_BITS) * WORD_BITS)
    out_axons = count_destinations(program, population, starts)
    return {"in_axons": axons, "synaptic_memory_bits": bits, "out_axons": out_axons}
