"""Records of populations, projections and convolutions: what of them compiled code sees."""

from __future__ import annotations

import numpy as np

BYTES, SHORTS, VALUES, LISTS, VALUED_LISTS, BYTE_STRIPS, SHORT_STRIPS, VALUED_STRIPS, PLACES = range(9)
"""How a projection is summed: rows of 8-bit or of 16-bit weights, rows in 64 bits where events carry values; lists of
synapses, without and with values; strips of a convolution in sums of 16, 32 and, with values, 64 bits; and places of a
convolution, with rows of weights."""
PLAIN, ANY, RELAY = range(3)
"""How neurons are updated: LIF neurons with the same registers, neurons of any kind, and relays."""

POPULATION = np.dtype(
    [
        ("first", np.int64),  # neuron of the flattened network, of the population of which this is a part
        ("whole", np.int64),  # neurons of that population
        ("part", np.int64),  # first of them in this part
        ("runner", np.int64),  # thread that runs it, of several that share a sample
        ("waits", np.int64),  # whether they wait for each other before it in each row
        ("sent", np.int64),  # where the events of a row of this part lie in `Workspace.rows`, behind their number
        ("state", np.int64),  # the same where populations are padded to whole blocks of neurons
        ("size", np.int64),
        ("source", np.int64),  # index among the sources
        ("projection", np.int64),  # first incoming one
        ("projections", np.int64),
        ("word", np.int64),  # first one in `always` and `reachable`: a bit for every neuron, in their order
        ("words", np.int64),
        ("level", np.int64),
        ("update", np.int64),  # PLAIN, ANY or RELAY
        ("wraps", np.int64),  # whether the shifted input may leave 24 bits
        ("fused", np.int64),  # BYTE_STRIPS, SHORT_STRIPS or PLACES if neurons take their sums from there, else 0
        ("direct", np.int64),  # whether neurons take the sums of their one projection, by rows or tiles, as they are
        ("sleeps", np.int64),  # whether 64 neurons that nothing reaches are left alone until something does
        ("biased", np.int64),  # -1 if any has a bias, else 0: then those of the first block stand for all
        ("valued", np.int64),  # whether events carry values
        ("value", np.int64),  # as `first`, among those whose events carry values
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
        ("row", np.int64),  # of its updates in `Workspace.counted`
        ("most", np.int64),  # neurons that can be touched
        ("segment", np.int64),  # first one
        ("segments", np.int64),
    ],
    align=True,
)
SEGMENT = np.dtype(
    [
        ("row", np.int64),  # of its updates in `Workspace.counted`
        ("word", np.int64),  # first one with neurons of the segment
        ("words", np.int64),
        ("member", np.int64),  # first word in `members`
        ("most", np.int64),  # neurons that can be touched
    ],
    align=True,
)
PROJECTION = np.dtype(
    [
        ("source", np.int64),
        ("delay", np.int64),
        ("form", np.int64),  # BYTES to PLACES
        ("divisor", np.int64),  # whether it adds to the divisor
        ("valued", np.int64),  # whether its events carry values
        ("modulo", np.int64),  # whether its sum wraps at 24 bits
        ("shift", np.int64),  # the exponent, plus the power of two taken out of the weights
        ("start", np.int64),  # first weight in the buffer of the form, or first entry in `starts`
        ("stride", np.int64),  # length of a row of weights
        ("pitch", np.int64),  # from one row of weights to the next
        ("chunk", np.int64),  # from so many columns as `shapes.COLUMNS` says to the next
        ("window", np.int64),  # rows of events that may be summed at once, or 0
        ("synapse", np.int64),  # first word in `synapses`, of rows and places
        ("strip", np.int64),  # its record, of a convolution
        ("reach", np.int64),  # first word in `reach`, of places
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
        ("few", np.int64),  # fewer events than that are summed by strips, in 16 bits; 0 if there are none
        ("window", np.int64),  # rows of events that are summed at once, by places
        ("pitch", np.int64),  # from the sums of one to those of the next
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
        ("least", np.int64),  # so many events for a tile of rows at least, else rows of weights are faster
        ("fed", np.int64),  # first byte in a row of all spike inputs, if its source is one, else -1
        ("pitch", np.int64),  # bytes of such a row
        ("ahead", np.int64),  # where the sums begin in `Workspace.a`
        ("apart", np.int64),  # from the sums of a row to those of the next
        ("width", np.int64),  # sums of a row of events; this and the following as in `tiles.Tiled`
        ("stride", np.int64),
        ("depth", np.int64),
        ("columns", np.int64),
        ("weights", np.int64),  # first byte in `tiles`
    ],
    align=True,
)

COUNTER = np.dtype(
    [
        ("tally", np.int64),  # first entry in `tally`: word after word, each of all neurons of the source
        ("words", np.int64),
        ("row", np.int64),  # where in `Workspace.counted` the number of events lies; its words are behind
        ("share", np.int64),
        ("shares", np.int64),
    ],
    align=True,
)
SHARE = np.dtype(
    [
        ("row", np.int64),  # of its operations
        ("delay", np.int64),
        ("base", np.int64),  # synaptic operations of every event, to which the terms add
        ("term", np.int64),
        ("terms", np.int64),
    ],
    align=True,
)
TERM = np.dtype([("word", np.int64), ("shift", np.int64), ("mask", np.int64), ("factor", np.int64)], align=True)
