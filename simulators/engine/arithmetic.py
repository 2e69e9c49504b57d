"""Compiled arithmetic of one row of one population: summing weights, updating neurons, listing spikes.

Numba widens integer arithmetic to 64 bits unless every single result is cast back, and a sum is only kept in 16-bit
lanes if its destination is a 16-bit array; hence the many casts.
"""

from __future__ import annotations

import numpy as np

from ...exporters.program.program import STATE_LIMIT
from .compiled import kernel, prefer_wide_vectors
from .tables import GROUP

FLUSH = 248
"""Rows of 8-bit weights whose sum fits 16 bits whatever they hold: 248 x 128 < 2**15; a multiple of `GROUP`."""
LIMIT = np.int32(STATE_LIMIT)
POSITIONS = np.array(
    [[n for n in range(8) if byte >> n & 1] + [0] * (8 - byte.bit_count()) for byte in range(256)], np.int32
)
"""Positions of the ones in every byte."""
HALF, WRAP = np.int32(2**23), np.int32(2**24)


@kernel
def sum_bytes(weights, start, stride, rows, first, last, lanes, total):
    """Sum the 8-bit rows ``rows[first:last]`` into `total` (int32), by way of `lanes` (int16)."""
    prefer_wide_vectors()
    n, origin = np.uint64(stride), np.uint64(start)
    for j in range(n):
        total[j] = 0
    for begin in range(first, last, FLUSH):
        for j in range(n):
            lanes[j] = 0
        for event in range(begin, min(begin + FLUSH, last), GROUP):
            a = origin + np.uint64(rows[event]) * n
            b = origin + np.uint64(rows[event + 1]) * n
            c = origin + np.uint64(rows[event + 2]) * n
            d = origin + np.uint64(rows[event + 3]) * n
            e = origin + np.uint64(rows[event + 4]) * n
            f = origin + np.uint64(rows[event + 5]) * n
            g = origin + np.uint64(rows[event + 6]) * n
            h = origin + np.uint64(rows[event + 7]) * n
            for j in range(n):
                ab = np.int16(np.int16(weights[a + j]) + np.int16(weights[b + j]))
                cd = np.int16(np.int16(weights[c + j]) + np.int16(weights[d + j]))
                ef = np.int16(np.int16(weights[e + j]) + np.int16(weights[f + j]))
                gh = np.int16(np.int16(weights[g + j]) + np.int16(weights[h + j]))
                lanes[j] = np.int16(lanes[j] + np.int16(np.int16(ab + cd) + np.int16(ef + gh)))
        for j in range(n):
            total[j] = np.int32(total[j] + np.int32(lanes[j]))


@kernel
def sum_shorts(weights, start, stride, rows, first, last, total):
    """Sum the 16-bit rows ``rows[first:last]`` into `total` (int32)."""
    n, origin = np.uint64(stride), np.uint64(start)
    for j in range(n):
        total[j] = 0
    for event in range(first, last):
        a = origin + np.uint64(rows[event]) * n
        for j in range(n):
            total[j] = np.int32(total[j] + np.int32(weights[a + j]))


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
    surplus ones behind the list, where its padding comes.
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
def pad_list(rows, begin, end, zero):
    """Fill a list up to whole groups with the row of zeros; return where the next list begins."""
    padded = begin + (end - begin + GROUP - 1) // GROUP * GROUP
    for event in range(end, padded):
        rows[event] = zero
    return padded


@kernel
def touch(synapses, at, reachable, touched, word, words):
    """Mark the targets of a source neuron; return whether everything that can be touched now is."""
    complete = True
    for w in range(words):
        touched[word + w] |= synapses[at + w]
        complete &= touched[word + w] == reachable[word + w]
    return complete


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
