"""Compiled sums of one row of one convolution, strip by strip; see `strips.Strips` for how they lie.

Numba widens integer arithmetic to 64 bits unless every single result is cast back; hence the many casts. Indices are
unsigned because a negative one would count from the end, and looking for that costs more than the sum.
"""

from __future__ import annotations

import numpy as np

from .compiled import kernel
from .order import CODE_BITS
from .sums import shifted
from .vectors import prefer_wide_vectors

SIDE = np.int64((1 << CODE_BITS) - 1)
"""Ones where a code holds a row or a column."""


@kernel
def sum_strips(strips, s, weights, start, masks, mask, rows, first, last, sums, marks):
    """Sum the strips of the sources ``rows[first:last]`` into `sums`, and their masks into `marks`.

    `s` is the record of the convolution, `strips` what it points to; see `strips.Strips`.
    """
    prefer_wide_vectors()
    room = np.uint64(s.rows_out * s.columns * s.channels)
    for k in range(room):
        sums[k] = 0
    for k in range(room >> np.uint64(3)):
        marks[k] = 0
    for event in range(np.uint64(first), np.uint64(last)):
        code = strips[np.uint64(s.codes) + np.uint64(rows[event])]
        x = np.uint64(code & SIDE)
        y = np.uint64((code >> np.int64(CODE_BITS)) & SIDE)
        to = np.uint64(strips[np.uint64(s.column_sums) + x])
        n = np.uint64(strips[np.uint64(s.lengths) + x])
        of = np.uint64((code >> np.int64(2 * CODE_BITS)) * s.per_channel + strips[np.uint64(s.column_weights) + x])
        begin, end = strips[np.uint64(s.rows) + y], strips[np.uint64(s.rows) + y + np.uint64(1)]
        for row in range(np.uint64(begin), np.uint64(end)):
            at = to + np.uint64(strips[np.uint64(s.row_sums) + row])
            w = of + np.uint64(strips[np.uint64(s.row_weights) + row])
            origin = np.uint64(start) + w
            for k in range(n):
                sums[at + k] += weights[origin + k]
            byte, origin = at >> np.uint64(3), np.uint64(mask) + (w >> np.uint64(3))
            for k in range(n >> np.uint64(3)):
                marks[byte + k] |= masks[origin + k]


@kernel
def sum_valued_strips(strips, s, weights, start, masks, mask, rows, values, first, last, sums, marks):
    """Like `sum_strips`, each strip times the value of its event, in 64 bits."""
    room = s.rows_out * s.columns * s.channels
    for k in range(room):
        sums[k] = 0
    for k in range(room >> 3):
        marks[k] = 0
    for event in range(first, last):
        code, value = strips[s.codes + rows[event]], np.int64(values[event])
        x, y = code & SIDE, (code >> CODE_BITS) & SIDE
        to, n = strips[s.column_sums + x], strips[s.lengths + x]
        of = (code >> 2 * CODE_BITS) * s.per_channel + strips[s.column_weights + x]
        for row in range(strips[s.rows + y], strips[s.rows + y + 1]):
            at, w = to + strips[s.row_sums + row], of + strips[s.row_weights + row]
            for k in range(n):
                sums[at + k] += value * weights[start + w + k]
            for k in range(n >> 3):
                marks[(at >> 3) + k] |= masks[mask + (w >> 3) + k]


@kernel
def take_strips(s, sums, marks, shift, a, bit, neuron, touched):
    """Add the sums of strips to `a`, and mark the neurons that any synapse has reached."""
    for y in range(np.uint64(s.rows_out)):
        for x in range(np.uint64(s.columns_out)):
            at = (y * np.uint64(s.columns) + x + np.uint64(s.left)) * np.uint64(s.channels)
            to = (y * np.uint64(s.columns_out) + x) * np.uint64(s.outs)
            for c in range(np.uint64(s.outs)):
                a[to + c] = np.int32(a[to + c] + shifted(np.int64(sums[at + c]), shift, True))
            for byte in range(np.uint64(s.channels) >> np.uint64(3)):
                mark = marks[(at >> np.uint64(3)) + byte]
                if mark != 0:
                    c = np.uint64(8) * byte
                    mark_channels(mark, np.uint64(neuron) + to + c, np.uint64(s.outs) - c, bit, touched)


@kernel
def mark_channels(mark, neuron, left, bit, touched):
    """Mark those of eight channels of a place whose bit is set, the first of which is `neuron`.

    `left` channels are left in this place. Their places among the bits rise with the channel, so that if the first and
    the last one are as far apart as there are channels in between, all lie side by side and are marked at once.
    """
    place = np.uint64(bit[neuron])
    shift, last = place & np.uint64(63), min(left, np.uint64(8)) - np.uint64(1)
    if shift + last < np.uint64(64) and np.uint64(bit[neuron + last]) == place + last:
        touched[place >> np.uint64(6)] |= np.uint64(mark) << shift
        return
    for k in range(np.uint64(8)):
        if (np.uint64(mark) >> k) & np.uint64(1):
            place = np.uint64(bit[neuron + k])
            touched[place >> np.uint64(6)] |= np.uint64(1) << (place & np.uint64(63))
