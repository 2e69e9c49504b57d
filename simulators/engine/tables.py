"""A network as flat tables of integers, the only form in which compiled code sees it."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

BYTES, SHORTS, VALUES, LISTS, VALUED_LISTS, BYTE_STRIPS, SHORT_STRIPS, VALUED_STRIPS, PLACES, TILES = range(10)
"""How a projection is summed: rows of 8-bit or of 16-bit weights, rows in 64 bits where events carry values; lists of
synapses, without and with values; strips of a convolution in sums of 16, 32 and, with values, 64 bits; one place of a
convolution after the other, with rows of weights; and products of tiles, which rows may be summed by too."""
PLAIN, ANY, RELAY = range(3)
"""How neurons are updated: LIF neurons with the same registers, neurons of any kind, and relays."""

Ints = NDArray[np.int64]


POPULATION = np.dtype(
    [
        ("first", np.int64),  # neuron of the flattened network
        ("state", np.int64),  # the same where populations are padded to whole blocks of neurons
        ("size", np.int64),
        ("source", np.int64),  # index among the sources
        ("projection", np.int64),  # first incoming one
        ("projections", np.int64),
        ("word", np.int64),  # first one in `always`, `reachable` and `segment`
        ("words", np.int64),
        ("level", np.int64),
        ("update", np.int64),  # PLAIN, ANY or RELAY
        ("wraps", np.int64),  # whether the shifted input may leave 24 bits
        ("fused", np.int64),  # BYTE_STRIPS, SHORT_STRIPS, PLACES or TILES if neurons take their sums from there, else 0
        ("direct", np.int64),  # whether neurons can take the sums of their one projection, by rows, as they are
        ("counted", np.int64),  # whether what its one projection reaches is all that is updated, in one segment
        ("sleeps", np.int64),  # whether 64 neurons that nothing reaches are left alone until something does
        ("biased", np.int64),  # -1 if any has a bias, else 0: then those of the first block stand for all
        ("valued", np.int64),  # whether events carry values
        ("value", np.int64),  # first neuron among those whose events carry values
        ("keep_u", np.int32),  # 4095 - du, of PLAIN neurons as the next two
        ("keep_v", np.int32),  # 4096 - dv
        ("theta", np.int32),  # vth << 6
        ("theta_low", np.int32),  # lower threshold of ternary neurons, else what no membrane is below
        ("subtract", np.int64),  # whether a spike takes the threshold off the membrane
        ("refractory", np.int64),
        ("divided", np.int64),  # whether the input is a quotient, by the next three
        ("reciprocal_bits", np.int64),
        ("quotient_exp", np.int64),
        ("divisor_min", np.int64),
        ("in_turn", np.int64),  # whether its neurons have one bit after the other
        ("segments", np.int64),
        ("member", np.int64),  # first word in `members` if segments lie across words, else -1
    ],
    align=True,
)
PROJECTION = np.dtype(
    [
        ("source", np.int64),
        ("delay", np.int64),
        ("form", np.int64),  # BYTES to TILES
        ("divisor", np.int64),  # whether it adds to the divisor
        ("valued", np.int64),  # whether its events carry values
        ("modulo", np.int64),  # whether its sum wraps at 24 bits
        ("shift", np.int64),  # the exponent, plus the power of two taken out of the weights
        ("start", np.int64),  # first weight in the buffer of the form, or first entry in `starts`
        ("stride", np.int64),  # length of a row of weights
        ("chunk", np.int64),  # weights of so many columns as `shapes.COLUMNS` says
        ("window", np.int64),  # rows of events that may be summed at once, or 0
        ("synapse", np.int64),  # first word in `synapses`, of rows, places and tiles
        ("strip", np.int64),  # its record, of a convolution
        ("reach", np.int64),  # first word in `reach`, of places and tiles
        ("tile", np.int64),  # its record, if it is summed by tiles, else -1
        ("near", np.int64),  # of lists: whether targets lie in `near`, else in `far`
        ("target", np.int64),  # first target there
        ("present", np.int64),  # first word in `present`, of lists that have `stride` words for a source, else -1
        ("listed", np.int64),  # first weight in `listed`
        ("offset", np.int32),  # added to each of them
        ("sum_bits", np.int32),  # that hold a sum; the other ones of 32 or 64 count its events
    ],
    align=True,
)
STRIP = np.dtype(
    [
        ("size", np.int64),  # neurons of the target
        ("few", np.int64),  # fewer events than that are summed by strips
        ("start", np.int64),  # their first weight, behind that of the projection
        ("lines", np.int64),  # strips, weights of one, words of its mask, and its first word in `masks`
        ("line", np.int64),
        ("mask_words", np.int64),
        ("mask", np.int64),
        ("most", np.int64),  # strips of an event
        ("a", np.int64),  # where each of its arrays begins in `places`, in the order of the source
        ("b", np.int64),
        ("c", np.int64),
        ("classes", np.int64),
        ("outs", np.int64),  # the rest of places: channels, rows and columns of the target
        ("rows_out", np.int64),
        ("columns_out", np.int64),
        ("ins", np.int64),  # of the source, and of the kernel
        ("rows_in", np.int64),
        ("columns_in", np.int64),
        ("taps_y", np.int64),
        ("taps_x", np.int64),
        ("stride_y", np.int64),
        ("stride_x", np.int64),
        ("padding_y", np.int64),
        ("padding_x", np.int64),
        ("words", np.int64),  # of the mask of a row of weights
        ("outer", np.int64),  # neurons of a row of the source if it lies place by place, else of a channel
        ("outer_inverse", np.int64),
        ("outer_shift", np.int64),
        ("inner", np.int64),  # neurons of a place, else of a row
        ("inner_inverse", np.int64),
        ("inner_shift", np.int64),
    ],
    align=True,
)
TILE = np.dtype(
    [
        ("window", np.int64),  # rows of a sample that are summed at once
        ("least", np.int64),  # so many events in a window at least, else the form of the projection is faster
        ("ahead", np.int64),  # where the sums begin in `Workspace.a`
        ("reached", np.int64),  # and the reached neurons in `Workspace.reached`
        ("groups", np.int64),  # rows of events per row of a sample
        ("width", np.int64),  # sums of each; this and the following as in `tiles.Tiled`
        ("stride", np.int64),
        ("depth", np.int64),
        ("columns", np.int64),
        ("weights", np.int64),  # first byte in `tiles`
        ("spots", np.int64),  # first entry in `spots`, as the next
        ("bases", np.int64),
        ("map", np.int64),
        ("taps", np.int64),
        ("lines", np.int64),
        ("pitch", np.int64),
        ("words", np.int64),  # of the mask of a source under the kernel
    ],
    align=True,
)

COUNTER = np.dtype(
    [
        ("tally", np.int64),  # first entry in `tally`: word after word, each of all neurons of the source
        ("words", np.int64),
        ("word", np.int64),  # first one in `Results.tallies`
        ("share", np.int64),
        ("shares", np.int64),
    ],
    align=True,
)
SHARE = np.dtype(
    [
        ("projection", np.int64),
        ("delay", np.int64),
        ("base", np.int64),  # synaptic operations of every event, to which the terms add
        ("term", np.int64),
        ("terms", np.int64),
    ],
    align=True,
)
TERM = np.dtype([("word", np.int64), ("shift", np.int64), ("mask", np.int64), ("factor", np.int64)], align=True)


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
    bit : (states,) int64
        Place of every neuron among the bits of `always`; empty if all projections are rows.
    tally : (...,) int64
        What an event of every source neuron counts for, see `tallies`.
    counters, shares, terms : records
        `COUNTER` of every source, `SHARE` of every projection by source, and `TERM`.
    kept : int
        Words of all counters if they are results, else 0.
    synapses : (...,) uint64
        Targets of every source neuron of rows, one bit each; every segment of the target starts a new word.
    always, reachable : (words,) uint64
        Neurons with a bias, and neurons that some event or a bias can touch.
    segment : (words,) int64
        Segment that a word belongs to: a population, or the part of it that lies on one core. Populations that are held
        place by place have segments across their words.
    members : (...,) uint64
        Neurons of each of those segments, one bit each.
    segments : int
    bytes_, shorts : (...,) int8, int16
        Weights, pre rows of `stride` targets per projection, as `vectors.add_rows` takes them; without values.
    starts, near, far, listed : (...,) int64, uint16, int32, int8
        Lists: where the synapses of every source neuron start among those of the projection, and of each its target,
        in 16 bits where they are enough, and its weight less the `offset`.
    present : (...,) uint64
        Targets of every source neuron of dense lists, one bit each, instead of `near` or `far`.
    reach : (...,) uint64
        Channels of every convolution by places or tiles that any of its rows of weights has a synapse to.
    strips, places, masks : records, (...,) int32, uint64
        `STRIP`; what they point to; and for every weight of strips one bit, whether it is a synapse.
    tile_records, tiles, spots, tile_shapes : records, (...,) int8, int32, uint8
        `TILE`; weights in tiles; where events go and kernels begin; and what the matrix unit is configured with.
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
    bit: Ints
    tally: Ints
    counters: NDArray[np.void]
    shares: NDArray[np.void]
    terms: NDArray[np.void]
    kept: int
    synapses: NDArray[np.uint64]
    always: NDArray[np.uint64]
    reachable: NDArray[np.uint64]
    segment: Ints
    members: NDArray[np.uint64]
    segments: int
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
    spots: NDArray[np.int32]
    tile_shapes: NDArray[np.uint8]


class Inputs(NamedTuple):
    """Events of all inputs.

    Attributes
    ----------
    spikes : flat (T, B, channels of all spike inputs) uint8
    values : flat (T, B, channels of all graded inputs) int32
    """

    spikes: NDArray[np.uint8]
    values: NDArray[np.int32]


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
    tallies : flat (words, T, B) int64
        Sums of the words of all counters.
    spikes : flat uint8
        Population after population, each (T, B, size): 1 for every event.
    values : flat int32
        The events of those populations whose events carry values, in the same order.
    u, v : flat int32
        In the same order.
    """

    counts: Ints
    last: NDArray[np.int32]
    ops: Ints
    updates: Ints
    tallies: Ints
    spikes: NDArray[np.uint8]
    values: NDArray[np.int32]
    u: NDArray[np.int32]
    v: NDArray[np.int32]


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
