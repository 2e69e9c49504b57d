"""Compiled sums of one row of one projection: dense rows of weights, and lists of synapses.

Numba widens integer arithmetic to 64 bits unless every single result is cast back; hence the many casts. Indices are
unsigned because a negative one would count from the end, and looking for that costs more than the sum.
"""

from __future__ import annotations

import numpy as np

from .compiled import kernel
from .fetching import fetch_part
from .lanes import ones
from .scattering import scatter
from .shapes import COLUMNS, WIDE_SUM_BITS
from .vectors import add_rows, add_rows_twice, prefer_wide_vectors

FLUSH = 255
"""Rows of 8-bit weights whose sum fits 16 bits whatever they hold: 255 x 128 < 2**15."""
HALF, WHOLE = np.int64(1 << 23), np.int64(1 << 24)


@kernel
def sum_rows(weights, q, rows, first, last, total, at):
    """Sum the rows ``rows[first:last]``, one at least, of projection `q` into ``total[at:]`` (int32)."""
    prefer_wide_vectors()
    to, columns, stride = np.uint64(at), np.uint64(COLUMNS), np.uint64(q.stride)
    pitch, chunk = np.uint64(q.pitch), np.uint64(q.chunk)
    for begin in range(np.uint64(first), np.uint64(last), np.uint64(FLUSH)):
        end, kept = min(begin + np.uint64(FLUSH), np.uint64(last)), begin > np.uint64(first)
        place, corner = np.uint64(0), np.uint64(q.start)
        while place + columns < stride:
            add_rows_twice(weights, corner, pitch, chunk, rows, begin, end, total, to + place, kept)
            place, corner = place + columns + columns, corner + chunk + chunk
        if place < stride:
            add_rows(weights, corner, pitch, chunk, rows, begin, end, total, to + place, kept)


@kernel
def sum_window(weights, q, rows, begins, first, stop, total):
    """Sum all rows of the source from `first` to before `stop` at once, so that each chunk of weights stays near.

    The sums of one begin `stride` behind those of the one before; rows below 0 are empty.
    """
    prefer_wide_vectors()
    columns, stride = np.uint64(COLUMNS), np.uint64(q.stride)
    pitch, chunk = np.uint64(q.pitch), np.uint64(q.chunk)
    for place in range(np.uint64(0), stride, columns):
        corner, to = np.uint64(q.start) + place // columns * chunk, place
        for row in range(first, stop):
            last = np.uint64(begins[q.source, row + 1]) if row >= 0 else np.uint64(0)
            start = np.uint64(begins[q.source, row]) if row >= 0 else np.uint64(0)
            if start == last:
                for j in range(columns):
                    total[to + j] = 0
            for begin in range(start, last, np.uint64(FLUSH)):
                end = min(begin + np.uint64(FLUSH), last)
                add_rows(weights, corner, pitch, chunk, rows, begin, end, total, to, begin > start)
            to += stride


@kernel
def sum_values(weights, start, stride, rows, values, valued, first, last, wide):
    """Sum the rows ``rows[first:last]``, each times its value if `valued`, into `wide` (int64)."""
    n, origin = np.uint64(stride), np.uint64(start)
    for j in range(n):
        wide[j] = 0
    for event in range(first, last):
        a = origin + np.uint64(rows[event]) * n
        value = np.int64(values[event]) if valued else np.int64(1)
        for j in range(n):
            wide[j] += value * weights[a + j]


@kernel
def add_shifted(total, at, shift, a, size):
    """Add the sums ``total[at:]``, shifted left or (floor) right, to `a` with 32-bit wrap-around."""
    of, left, right = np.uint64(at), np.int32(shift), np.int32(-shift)
    if shift >= 0:
        for j in range(np.uint64(size)):
            a[j] = np.int32(a[j] + np.int32(total[of + j] << left))
    else:
        for j in range(np.uint64(size)):
            a[j] = np.int32(a[j] + np.int32(total[of + j] >> right))


@kernel
def sum_lists(starts, q, targets, weights, rows, first, last, total, size):
    """Sum the synapses of ``rows[first:last]``, one at least, in `total` (int32), their number in its upper bits.

    No sum needs more than the `sum_bits` lower bits of projection `q`, so that a word is zero where nothing arrived.
    """
    for j in range(np.uint64(size)):
        total[j] = 0
    one = np.int32((np.int32(1) << q.sum_bits) + q.offset)
    origin, target, weight = np.uint64(q.start), np.uint64(q.target), np.uint64(q.listed)
    source = origin + np.uint64(rows[first])
    begin, end = np.uint64(starts[source]), np.uint64(starts[source + np.uint64(1)])
    for event in range(np.uint64(first + 1), np.uint64(last)):
        source = origin + np.uint64(rows[event])
        following, stop = np.uint64(starts[source]), np.uint64(starts[source + np.uint64(1)])
        fetch_part(targets, target + following, target + stop)
        fetch_part(weights, weight + following, weight + stop)
        scatter(targets, target + begin, weights, weight + begin, end - begin, one, total)
        begin, end = following, stop
    scatter(targets, target + begin, weights, weight + begin, end - begin, one, total)


@kernel
def sum_long_lists(starts, q, targets, weights, rows, first, last, wide, size):
    """The same in words of 64 bits."""
    for j in range(np.uint64(size)):
        wide[j] = 0
    one = np.int64(np.int64(1) << np.int64(q.sum_bits)) + np.int64(q.offset)
    origin, target, weight = np.uint64(q.start), np.uint64(q.target), np.uint64(q.listed)
    for event in range(np.uint64(first), np.uint64(last)):
        source = origin + np.uint64(rows[event])
        for k in range(np.uint64(starts[source]), np.uint64(starts[source + np.uint64(1)])):
            wide[np.uint64(targets[target + k])] += one + np.int64(weights[weight + k])


@kernel
def take_lists(sums, size, q, a, p, touched):
    """Add the sums of `sum_lists` or `sum_long_lists` to `a`, and mark the neurons that any synapse has reached."""
    _add_lower(sums, size, q, a)
    word, block = np.uint64(p.word), np.uint64(64)
    for begin in range(np.uint64(0), np.uint64(size), block):
        mark = ones(sums, begin)
        if np.uint64(size) - begin < block:
            mark &= (np.uint64(1) << (np.uint64(size) - begin)) - np.uint64(1)
        touched[word + (begin >> np.uint64(6))] |= mark


@kernel
def _add_lower(sums, size, q, a):
    """Add the lowest bits of every word, as a number with a sign, to `a`."""
    if q.sum_bits < WIDE_SUM_BITS and q.shift >= 0 and not q.modulo:
        above = np.int32(np.int32(32) - np.int32(q.sum_bits))
        for j in range(np.uint64(size)):
            low = np.int32(np.int32(np.int32(sums[j]) << above) >> above)
            a[j] = np.int32(a[j] + np.int32(low << np.int32(q.shift)))
    else:
        above = np.int64(64) - np.int64(q.sum_bits)
        for j in range(np.uint64(size)):
            low = np.int64(np.int64(sums[j]) << above) >> above
            a[j] = np.int32(a[j] + shifted(low, q.shift, q.modulo))


@kernel
def sum_valued_lists(starts, q, targets, weights, rows, values, first, last, wide, size, word, touched):
    """Sum synapses, each times the value of its event if `q` has any, into `wide` (int64); mark the neurons."""
    for j in range(np.uint64(size)):
        wide[j] = 0
    for event in range(first, last):
        source = q.start + rows[event]
        value = np.int64(values[event]) if q.valued else np.int64(1)
        for k in range(starts[source], starts[source + 1]):
            target = np.int64(targets[q.target + k])
            wide[target] += value * (np.int64(q.offset) + np.int64(weights[q.listed + k]))
            touched[np.uint64(word + (target >> 6))] |= np.uint64(1) << np.uint64(target & 63)


@kernel
def add_wrapped(wide, size, shift, modulo, a):
    """Add 64-bit sums, shifted and wrapped, to `a`."""
    for j in range(size):
        a[j] = np.int32(a[j] + shifted(wide[j], shift, modulo))


@kernel
def shifted(total, shift, modulo):
    """A 64-bit sum shifted left or (floor) right, wrapped to 24 bits if `modulo`, else to 32."""
    moved = np.int64(total << np.int64(shift)) if shift >= 0 else np.int64(total >> np.int64(-shift))
    if modulo:
        moved = np.int64((moved + HALF) & (WHOLE - np.int64(1))) - HALF
    return np.int32(moved)
