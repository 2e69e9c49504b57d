"""What a core has to hold: neurons, rows of weights, entries for arriving and for leaving spikes.

Every in-axon has a row in the synaptic memory, in one of two forms:

* a dense projection stores a weight for each neuron of the core, existing or not;
* the others store the synapses that exist, each with the number of its neuron. That is so for convolutions and poolings
  too: Loihi 1 can let axons share weights (population axons) and Loihi 2 knows convolutions, but under which conditions
  is not published, so nothing is shared here and the memory is an upper bound.

Delays of single synapses are stored beside the weights. Rows fill whole words.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...exporters.program.program import Program, Projection
from ...exporters.program.synapses import Synapses
from .placement import Placement

WORD_BITS = 64
"""A row of weights fills whole words of the synaptic memory (Davies et al. 2018: 16,384 words of 64 bit)."""
DELAY_BITS = 6
"""Delay of one synapse (Davies et al. 2018)."""

Ints = NDArray[np.int64]
Starts = dict[str, list[int]]
"""First neuron of every core, by population."""


def grow(
    program: Program, population: str, destinations: Ints, start: int, stop: int, index_bits: int
) -> dict[str, Ints]:
    """Loads of a core that begins with neuron `start`, after each neuron that joins, (stop - start,) int64 each.

    * in_axons: distinct (projection, source neuron) with at least one synapse in the core.
    * synaptic_memory_bits: the rows of all in-axons, each rounded up to whole words. The format's headers are not
      published and not modelled.
    * out_axons: for every neuron one per core with at least one synapse of it.

    None of them ever falls when a neuron joins.

    Parameters
    ----------
    program : Program
    population : str
    destinations : (size,) int64
        Cores that every neuron of the population sends to (see `count_destinations`).
    start, stop : int
    index_bits : int
        Of a neuron's number in a core (see `bits_of_index`).
    """
    count = stop - start
    neurons = np.arange(1, count + 1)
    axons, bits = np.zeros(count, np.int64), np.zeros(count, np.int64)
    for projection in program.into(population):
        synapses = program.synapses(projection)
        inside = slice(*np.searchsorted(synapses.post, (start, stop)))
        pre, post = synapses.pre[inside], synapses.post[inside] - start
        # The neuron with which a source's axon is first needed: synapses are listed by target neuron, and of those
        # that write to one place the last stays, from behind the first.
        first = np.full(synapses.shape[1], count)
        first[pre[::-1]] = post[::-1]
        arriving = np.bincount(first, minlength=count + 1)[:count].cumsum()
        axons += arriving
        width = synapse_bits(projection, index_bits)
        if projection.kind == "dense":
            bits += arriving * _in_words(neurons * width)
        else:
            number = _number_in_row(pre)
            joining = _in_words((number + 1) * width) - _in_words(number * width)
            bits += np.bincount(post, joining, count).astype(np.int64).cumsum()
    return {
        "neurons": neurons,
        "synaptic_memory_bits": bits,
        "in_axons": axons,
        "out_axons": destinations[start:stop].cumsum(),
    }


def synapse_bits(projection: Projection, index_bits: int) -> int:
    """Bits that a synapse takes in its axon's row: weight, neuron where it is not known, delay where it has its own."""
    index = 0 if projection.kind == "dense" else index_bits
    return projection.weight_bits + index + (DELAY_BITS if isinstance(projection.delay, np.ndarray) else 0)


def bits_of_index(neurons: float) -> int:
    """Bits that tell the neurons of a core apart, of which it has `neurons` at most."""
    return (int(neurons) - 1).bit_length()


def count_destinations(program: Program, population: str, starts: Starts) -> Ints:
    """Cores that every neuron of `population` sends to, (size,) int64."""
    targets: dict[str, NDArray[np.bool_]] = {}
    for projection in program.projections:
        if projection.source == population:
            synapses, first = program.synapses(projection), np.array(starts[projection.target])
            reached = targets.setdefault(projection.target, np.zeros((len(first), synapses.shape[1]), bool))
            reached[_core_of_synapse(synapses, first), synapses.pre] = True
    size = program.source(population).size
    return sum((reached.sum(0) for reached in targets.values()), np.zeros(size, np.int64))


def alone_on_a_core(placement: Placement, population: str) -> dict[str, Ints]:
    """Loads of a core that holds nothing but one neuron, (size,) int64 each, for every neuron of `population`."""
    program, limits = placement.program, placement.chip.limits
    index_bits = bits_of_index(limits["neurons"].value) if "neurons" in limits else 0
    starts = {p.name: placement.starts(p.name) for p in program.populations}
    axons = np.zeros(program.source(population).size, np.int64)
    bits = np.zeros_like(axons)
    for projection in program.into(population):
        arriving = program.synapses(projection).fan_in
        axons += arriving
        bits += arriving * _in_words(np.int64(synapse_bits(projection, index_bits)))
    out_axons = count_destinations(program, population, starts)
    return {"in_axons": axons, "synaptic_memory_bits": bits, "out_axons": out_axons}


def _in_words(bits: Any) -> Any:
    return -(-bits // WORD_BITS) * WORD_BITS


def _number_in_row(pre: Ints) -> Ints:
    """How many of the synapses before it belong to the same source neuron, for every synapse."""
    order = np.argsort(pre, kind="stable")
    starts = np.searchsorted(pre[order], pre[order])
    number = np.empty(len(pre), np.int64)
    number[order] = np.arange(len(pre)) - starts
    return number


def _core_of_synapse(synapses: Synapses, first: Ints) -> Ints:
    """Which of a population's cores holds each synapse; `first` is the first neuron of every core."""
    return np.searchsorted(first, synapses.post, side="right") - 1
