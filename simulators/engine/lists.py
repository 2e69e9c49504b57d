"""Compiled lists of events: where spikes lie, what they carry, what they reach, and how many there are.

Numba widens integer arithmetic to 64 bits unless every single result is cast back; hence the many casts. Indices are
unsigned because a negative one would count from the end.
"""

from __future__ import annotations

import numpy as np

from .compiled import kernel

TOUCHES = 4
"""Source neurons whose targets are marked before looking whether any target is left."""
POSITIONS = np.array(
    [[n for n in range(8) if byte >> n & 1] + [0] * (8 - byte.bit_count()) for byte in range(256)], np.int32
)
"""Positions of the ones in every byte."""


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
