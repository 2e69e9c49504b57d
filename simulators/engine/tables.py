"""A network as flat tables of integers, the only form in which compiled code sees it."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from .vectors import COLUMNS

SLACK = 8
"""Places behind a list of spikes that may be written to before the next list begins."""
BYTES, SHORTS, VALUES = range(3)
"""How a projection is summed: weights of 8 bits, weights of 16 bits, or events with values in 64 bits."""

Ints = NDArray[np.int64]


POPULATION = np.dtype(
    [
        ("first", np.int64),  # neuron of the flattened network
        ("size", np.int64),
        ("source", np.int64),  # index among the sources
        ("projection", np.int64),  # first incoming one
        ("projections", np.int64),
        ("word", np.int64),  # first one in `always`, `reachable` and `segment`
        ("words", np.int64),
        ("keep_u", np.int32),  # 4095 - du
        ("keep_v", np.int32),  # 4096 - dv
        ("theta", np.int32),  # vth << 6
    ],
    align=True,
)
PROJECTION = np.dtype(
    [
        ("source", np.int64),
        ("delay", np.int64),
        ("form", np.int64),  # BYTES, SHORTS or VALUES
        ("shift", np.int64),  # the exponent, plus the power of two taken out of the weights
        ("start", np.int64),  # first weight in the buffer of the form
        ("stride", np.int64),  # length of a row of weights
        ("fan", np.int64),  # first entry in `fan_out`
        ("synapse", np.int64),  # first word in `synapses`
    ],
    align=True,
)


class Tables(NamedTuple):
    """What the kernels read. Sources are the spike inputs, the graded inputs, then the populations in their order.

    Attributes
    ----------
    size : (sources,) int64
        Neurons or channels.
    binary, inputs : int
        Number of spike inputs, and of all inputs.
    block : (blocks + 1,) int64
        First population of every block. Blocks run one after the other, each over all rows of a sample.
    populations, projections : records
        `POPULATION` and `PROJECTION`; projections are sorted by target.
    bias : (neurons,) int32
    fan_out : (sum of pre,) int32
        Synapses per source neuron.
    synapses : (...,) uint64
        Targets of every source neuron, one bit each; every segment of the target starts a new word.
    always, reachable : (words,) uint64
        Neurons with a bias, and neurons that some event or a bias can touch.
    segment : (words,) int64
        Segment that a word belongs to: a population, or the part of it that lies on one core.
    segments : int
    bytes_, shorts : (...,) int8, int16
        Weights, pre rows of `stride` targets per projection; those of `bytes_` as `vectors.add_rows` takes them.
    """

    size: Ints
    binary: int
    inputs: int
    block: Ints
    populations: NDArray[np.void]
    projections: NDArray[np.void]
    bias: NDArray[np.int32]
    fan_out: NDArray[np.int32]
    synapses: NDArray[np.uint64]
    always: NDArray[np.uint64]
    reachable: NDArray[np.uint64]
    segment: Ints
    segments: int
    bytes_: NDArray[np.int8]
    shorts: NDArray[np.int16]


class Results(NamedTuple):
    """What the kernels write, for B samples of T rows; a buffer that nobody asked for has size 0.

    Attributes
    ----------
    counts, last : flat int64, int32
        Spikes of a sample, and the membrane after its last row; population after population, each (B, size).
    ops : flat (projections, T, B) int64
        Synaptic operations in the row in which they arrive.
    updates : flat (segments, T, B) int64
        Neurons with a synaptic event or a bias.
    spikes : flat uint8
        Population after population, each (T, B, size).
    u, v : flat int32
        In the same order.
    """

    counts: Ints
    last: NDArray[np.int32]
    ops: Ints
    updates: Ints
    spikes: NDArray[np.uint8]
    u: NDArray[np.int32]
    v: NDArray[np.int32]


class Workspace(NamedTuple):
    """What one thread needs to run one sample.

    Attributes
    ----------
    u, v : (neurons,) int32
    rows : flat int32
        Indices of the neurons that fired: source after source, in each row after row.
    values : flat int32
        Values of the events of the inputs, in the same places.
    begin : (sources, T + 1) int64
        Where in `rows` the list of a row begins, which is where that of the row before ends.
    fired : (...,) uint8
        Spikes of one row of one source.
    eights : (...,) uint64
        The same memory as words of eight bytes.
    total, wide, a : (...,) int32, int64, int32
        Sums of one projection, and of all that arrive at a population.
    touched : (words,) uint64
    """

    u: NDArray[np.int32]
    v: NDArray[np.int32]
    rows: NDArray[np.int32]
    values: NDArray[np.int32]
    begin: Ints
    fired: NDArray[np.uint8]
    eights: NDArray[np.uint64]
    total: NDArray[np.int32]
    wide: Ints
    a: NDArray[np.int32]
    touched: NDArray[np.uint64]


def new_workspace(tables: Tables, steps: int) -> Workspace:
    """Allocate what a thread needs for samples of `steps` rows."""
    room = steps * tables.size + SLACK
    begin = np.zeros((len(room), steps + 1), np.int64)
    begin[:, 0] = np.cumsum(room) - room
    width = (int(tables.size.max()) // COLUMNS + 1) * COLUMNS
    eights = np.zeros(width // 8, np.uint64)
    return Workspace(
        u=np.zeros(tables.bias.size, np.int32),
        v=np.zeros(tables.bias.size, np.int32),
        rows=np.zeros(room.sum(), np.int32),
        values=np.zeros(room[: tables.inputs].sum(), np.int32),
        begin=begin,
        fired=eights.view(np.uint8),
        eights=eights,
        total=np.zeros(width, np.int32),
        wide=np.zeros(width, np.int64),
        a=np.zeros(width, np.int32),
        touched=np.zeros(tables.always.size, np.uint64),
    )
