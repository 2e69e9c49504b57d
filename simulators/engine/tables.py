"""A network as flat tables of integers, the only form in which compiled code sees it."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]


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
        `POPULATION` and `PROJECTION`; projections are sorted by target. One whose synapses have several delays is
        several here.
    bias : (states,) int32
        Populations one behind the other, each padded to a multiple of `lanes.BLOCK`, as the next four.
    keep_u, keep_v, theta : (states,) int32
        Registers of every neuron; empty if all populations are PLAIN.
    tally : (...,) int64
        What an event of every source neuron counts for, see `tallies`.
    counters, shares, terms : records
        `COUNTER` of every source, `SHARE` of every projection by source, and `TERM`.
    counted : int
        Rows of `Workspace.counted` that are results: the updates of every population, the operations of every
        projection and, by core, the updates of every segment and the sums of all counters.
    synapses : (...,) uint64
        Targets of every source neuron of rows, one bit each.
    always, reachable : (words,) uint64
        Neurons with a bias, and neurons that some event or a bias can touch.
    segments : records
        `SEGMENT`, of populations whose updates are counted by core.
    members : (...,) uint64
        Neurons of every segment, one bit each. Of populations that are held place by place they lie across all words.
    bytes_, shorts : (...,) int8, int16
        Weights, pre rows of `stride` targets per projection; of those with a window by chunks of columns.
    starts, near, far, listed : (...,) int64, uint16, int32, int8
        Lists: where the synapses of every source neuron start among those of the projection, and of each its target,
        in 16 bits where they are enough, and its weight less the `offset`.
    present : (...,) uint64
        Targets of every source neuron of dense lists, one bit each, instead of `near` or `far`.
    reach : (...,) uint64
        Channels of every convolution by places that any of its rows of weights has a synapse to.
    strips, places, masks : records, (...,) int32, uint64
        `STRIP`; what they point to; and for every weight of strips one bit, whether it is a synapse.
    tile_records, tiles, tile_shapes : records, (...,) int8, uint8
        `TILE`; weights in tiles; and what the matrix unit is configured with.
    """

    size: Ints
    binary: int
    inputs: int
    block: Ints
    populations: NDArray[np.void]
    projections: NDArray[np.void]
    bias: NDArray[np.int32]
    keep_u: NDArray[np.int32]
    keep_v: NDArray[np.int32]
    theta: NDArray[np.int32]
    tally: Ints
    counters: NDArray[np.void]
    shares: NDArray[np.void]
    terms: NDArray[np.void]
    counted: int
    synapses: NDArray[np.uint64]
    always: NDArray[np.uint64]
    reachable: NDArray[np.uint64]
    segments: NDArray[np.void]
    members: NDArray[np.uint64]
    bytes_: NDArray[np.int8]
    shorts: NDArray[np.int16]
    starts: Ints
    near: NDArray[np.uint16]
    far: NDArray[np.int32]
    present: NDArray[np.uint64]
    listed: NDArray[np.int8]
    reach: NDArray[np.uint64]
    strips: NDArray[np.void]
    places: NDArray[np.int32]
    masks: NDArray[np.uint64]
    tile_records: NDArray[np.void]
    tiles: NDArray[np.int8]
    tile_shapes: NDArray[np.uint8]


class Counted(NamedTuple):
    """A piece of the synapses of a projection, and what they are counted in.

    Attributes
    ----------
    post, pre, weight : (synapses,) int64, int64, int32
    fan_out : (pre,) int64
        Synapses of every source neuron.
    fan_in, reach : (post,) int64
        Synapses of every target neuron, and the sum of their magnitudes.
    """

    post: Ints
    pre: Ints
    weight: NDArray[np.int32]
    fan_out: Ints
    fan_in: Ints
    reach: Ints


class Spread(NamedTuple):
    """A piece of the synapses of a projection, and the lists that they are written to.

    Attributes
    ----------
    post, pre, weight : (synapses,) int64, int64, int8
    following : (pre,) int64
        Next free place of every source neuron.
    near, far, present : (...,) uint16, int32, uint64
        Targets, in one of three ways.
    weights : (...,) int8
    """

    post: Ints
    pre: Ints
    weight: NDArray[np.int8]
    following: Ints
    near: NDArray[np.uint16]
    far: NDArray[np.int32]
    present: NDArray[np.uint64]
    weights: NDArray[np.int8]


def bytes_of(tables: Tables) -> int:
    """Bytes of all arrays of the tables."""
    return sum(array.nbytes for array in tables if isinstance(array, np.ndarray))
