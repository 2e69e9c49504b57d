"""Compiled arithmetic of one row of one population: summing weights, updating neurons, listing spikes.

Numba widens integer arithmetic to 64 bits unless every single result is cast back; hence the many casts. Indices are
unsigned because a negative one would count from the end, and looking for that costs more than the sum.
"""

from __future__ import annotations

import numpy as np

from ...exporters.program.program import STATE_LIMIT
from .compiled import kernel
from .vectors import COLUMNS, add_rows, add_rows_twice, prefer_wide_vectors

FLUSH = 255
"""Rows of 8-bit weights whose sum fits 16 bits whatever they hold: 255 x 128 < 2**15."""
TOUCHES = 4
"""Source neurons whose targets are marked before looking whether any target is left."""
LIMIT = np.int32(STATE_LIMIT)
POSITIONS = np.array(
    [[n for n in range(8) if byte >> n & 1] + [0] * (8 - byte.bit_count()) for byte in range(256)], np.int32
)
"""Positions of the ones in every byte."""
HALF, WRAP = np.int32(2**23), np.int32(2**24)


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
def add_shifted(total, shift, a, size):
    """Add `total`, shifted left or (floor) right, to `a` with 32-bit wrap-around."""
    if shift >= 0:
        for j in range(size):
            a[j] = np.int32(a[j] + np.int32(total[j] << shift))
    else:
        for j in range(size):
            a[j] = np.int32(a[j] + np.int32(total[j] >> -shift))


@kernel
def update_neurons(a, u, v, bias, first, size, keep_u, keep_v, theta, fired):
    """One step of the neurons ``first .. first + size - 1``: the contract's lines for u, v and the spikes.

    `a` holds their summed input and `fired` their spikes, both from 0 on. All in 32-bit lanes.
    """
    prefer_wide_vectors()
    n, i = np.uint64(size), np.uint64(first)
    if keep_u == 0:
        for j in range(n):
            u[i + j] = np.int32(a[j] << 6)
    else:
        for j in range(n):
            u[i + j] = np.int32(_decayed(u[i + j], keep_u) + np.int32(a[j] << 6))
    for j in range(n):
        x = u[i + j]
        x = np.int32(x - WRAP) if x > HALF else (np.int32(x + WRAP) if x <= -HALF else x)
        u[i + j] = x
        w = np.int32(np.int32(_decayed(v[i + j], keep_v) + x) + bias[i + j])
        w = min(max(w, np.int32(-LIMIT)), LIMIT)
        spike = w > theta
        v[i + j] = np.int32(0) if spike else w
        fired[j] = np.uint8(spike)


@kernel
def _decayed(x, keep):
    """``x * keep / 4096`` rounded toward zero, for ``|x| < 2**31`` and ``keep <= 4096``.

    Taken in two parts it is exact and never leaves 32 bits: ``(x >> 12) * keep + ((x & 4095) * keep >> 12)``.
    """
    sign = np.int32(x >> 31)
    size = np.int32(np.int32(x ^ sign) - sign)
    high = np.int32(np.int32(size >> 12) * keep)
    low = np.int32(np.int32(np.int32(size & 4095) * keep) >> 12)
    return np.int32(np.int32(np.int32(high + low) ^ sign) - sign)


@kernel
def list_spikes(eights, size, rows, first):
    """Write the positions of the ones among `size` bytes to ``rows[first:]``; return where the list ends.

    `eights` are the bytes as words of eight; behind `size` they are zero. Eight entries are written at a time, the
    surplus ones behind the list, where the next one begins.
    """
    last = np.uint64(first)
    for word in range(np.uint64((size + 7) // 8)):
        ones = eights[word]
        # The product gathers the lowest bits of the eight bytes in its highest byte, or adds them up there.
        pattern = (ones * np.uint64(0x0102040810204080)) >> np.uint64(56)
        for j in range(np.uint64(8)):
            rows[last + j] = np.int32(np.int32(np.uint64(8) * word) + POSITIONS[pattern, j])
        last += (ones * np.uint64(0x0101010101010101)) >> np.uint64(56)
    return np.int64(last)


@kernel
def list_bytes(spikes, at, size, eights, fired, rows, first):
    """Like `list_spikes` for the bytes ``spikes[at:]``; `fired` and `eights` are scratch.

    Copying a row first is faster than reading its words where they lie, even where they are aligned: it streams.
    """
    n, origin = np.uint64(size), np.uint64(at)
    eights[n >> np.uint64(3)] = 0
    for j in range(n):
        fired[j] = spikes[origin + j]
    return list_spikes(eights, size, rows, first)


@kernel
def list_values(values, at, size, rows, amounts, first):
    """List the events of a graded input, with their values in `amounts`; return where the list ends."""
    last = first
    for j in range(size):
        if values[at + j] != 0:
            rows[last] = j
            amounts[last] = values[at + j]
            last += 1
    return last


@kernel
def touch(synapses, at, rows, first, last, reachable, touched, word, words):
    """Mark the targets of the listed source neurons, until everything that can be touched is."""
    n, origin, table = np.uint64(words), np.uint64(word), np.uint64(at)
    for begin in range(np.uint64(first), np.uint64(last), np.uint64(TOUCHES)):
        missing = np.uint64(0)
        for w in range(n):
            mark = touched[origin + w]
            for event in range(begin, min(begin + np.uint64(TOUCHES), np.uint64(last))):
                mark |= synapses[table + np.uint64(rows[event]) * n + w]
            touched[origin + w] = mark
            missing |= mark ^ reachable[origin + w]
        if missing == 0:
            return


@kernel
def count_ones(word):
    """Number of ones in 64 bits."""
    word = word - ((word >> np.uint64(1)) & np.uint64(0x5555555555555555))
    word = (word & np.uint64(0x3333333333333333)) + ((word >> np.uint64(2)) & np.uint64(0x3333333333333333))
    word = (word + (word >> np.uint64(4))) & np.uint64(0x0F0F0F0F0F0F0F0F)
    return np.int64((word * np.uint64(0x0101010101010101)) >> np.uint64(56))


@kernel
def sum_of(table, at, rows, first, last):
    """Sum of ``table[at + n]`` over the listed neurons n."""
    total, origin = np.int64(0), np.uint64(at)
    for event in range(np.uint64(first), np.uint64(last)):
        total += np.int64(table[origin + np.uint64(rows[event])])
    return total


@kernel
def count_spikes(counts, at, rows, first, last):
    """Add one to ``counts[at + n]`` for the listed neurons n."""
    origin = np.uint64(at)
    for event in range(np.uint64(first), np.uint64(last)):
        counts[origin + np.uint64(rows[event])] += np.int64(1)
