"""Compiled sums of one row of one projection: dense rows of weights, and lists of synapses.

Numba widens integer arithmetic to 64 bits unless every single result is cast back; hence the many casts. Indices are
unsigned because a negative one would count from the end, and looking for that costs more than the sum.
"""

from __future__ import annotations

import numpy as np

from .compiled import kernel
from .vectors import COLUMNS, add_rows, add_rows_twice, prefer_wide_vectors

FLUSH = 255
"""Rows of 8-bit weights whose sum fits 16 bits whatever they hold: 255 x 128 < 2**15."""
ONE_EVENT = np.int64(1 << 40)
"""Added to a sum with every weight, so that its upper 24 bits count events and its lower 40 hold the sum."""
HALF, WHOLE = np.int64(1 << 23), np.int64(1 << 24)


@kernel
def sum_rows(weights, start, stride, rows, first, last, total):
    """Sum the rows ``rows[first:last]`` of 8-bit or 16-bit weights into `total` (int32)."""
    prefer_wide_vectors()
    for j in range(np.uint64(stride)):
        total[j] = 0
    twice = np.uint64(stride // (2 * COLUMNS) * 2 * COLUMNS)
    for begin in range(np.uint64(first), np.uint64(last), np.uint64(FLUSH)):
        end = min(begin + np.uint64(FLUSH), np.uint64(last))
        for column in range(np.uint64(0), twice, np.uint64(2 * COLUMNS)):
            add_rows_twice(weights, np.uint64(start), np.uint64(stride), rows, begin, end, total, column)
        if twice < np.uint64(stride):
            add_rows(weights, np.uint64(start), np.uint64(stride), rows, begin, end, total, twice)


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
    of = np.uint64(at)
    if shift >= 0:
        for j in range(np.uint64(size)):
            a[j] = np.int32(a[j] + np.int32(total[of + j] << shift))
    else:
        for j in range(np.uint64(size)):
            a[j] = np.int32(a[j] + np.int32(total[of + j] >> -shift))


@kernel
def sum_lists(starts, at, targets, weights, rows, first, last, wide, size):
    """Sum the synapses of the sources ``rows[first:last]`` into `wide` (int64), their number in its upper bits.

    The synapses of source n are ``starts[at + n] .. starts[at + n + 1] - 1`` of `targets` and `weights`.
    """
    for j in range(np.uint64(size)):
        wide[j] = 0
    origin = np.uint64(at)
    for event in range(np.uint64(first), np.uint64(last)):
        source = origin + np.uint64(rows[event])
        for k in range(np.uint64(starts[source]), np.uint64(starts[source + np.uint64(1)])):
            target = np.uint64(targets[k])
            wide[target] += ONE_EVENT + np.int64(weights[k])


@kernel
def take_lists(wide, size, shift, modulo, a, bit, neuron, touched):
    """Add the sums of `sum_lists` to `a`, and mark the neurons that any synapse has reached."""
    origin = np.uint64(neuron)
    for j in range(np.uint64(size)):
        both = wide[j]
        if both != 0:
            total = np.int64(both << np.int64(24)) >> np.int64(24)
            a[j] = np.int32(a[j] + shifted(total, shift, modulo))
            place = np.uint64(bit[origin + j])
            touched[place >> np.uint64(6)] |= np.uint64(1) << (place & np.uint64(63))


@kernel
def sum_valued_lists(starts, at, targets, weights, rows, values, valued, first, last, wide, size, bit, neuron, touched):
    """Like `sum_lists`, each synapse times the value of its event if `valued`; marks the neurons itself."""
    for j in range(np.uint64(size)):
        wide[j] = 0
    for event in range(first, last):
        source = at + rows[event]
        value = np.int64(values[event]) if valued else np.int64(1)
        for k in range(starts[source], starts[source + 1]):
            wide[targets[k]] += value * weights[k]
            place = np.uint64(bit[neuron + targets[k]])
            touched[place >> np.uint64(6)] |= np.uint64(1) << (place & np.uint64(63))


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
