"""Compiled lists of events: where spikes lie, what they carry, what they reach, and how many there are.

Numba widens integer arithmetic to 64 bits unless every single result is cast back; hence the many casts. Indices are
unsigned because a negative one would count from the end.
"""

from __future__ import annotations

import numpy as np

from .compiled import EXPANDS, kernel
from .lanes import count_ones, list_ones, lowest, ones


@kernel
def append(rows, last, place, spikes):
    """Write ``place + n`` to ``rows[last:]`` for every bit n of `spikes`; return where the list ends.

    Several entries are written at a time, the surplus ones behind the list, where the next one begins.
    """
    if EXPANDS:
        return np.int64(list_ones(rows, np.uint64(last), np.uint64(place), spikes))
    end, at = np.uint64(last) + count_ones(spikes), np.uint64(last)
    while True:
        for j in range(np.uint64(4)):
            rows[at + j] = np.int32(place + lowest(spikes))
            spikes &= spikes - np.uint64(1)
        at += np.uint64(4)
        if at >= end:
            return np.int64(end)


@kernel
def list_bytes(spikes, at, size, rows, first):
    """List the positions of the ones among ``spikes[at : at + size]`` from ``rows[first]`` on; return where it ends."""
    n, origin, last = np.uint64(size), np.uint64(at), np.int64(first)
    whole = n & ~np.uint64(63)
    for place in range(np.uint64(0), whole, np.uint64(64)):
        last = append(rows, last, place, ones(spikes, origin + place))
    rest = np.uint64(0)
    for j in range(n - whole):
        if spikes[origin + whole + j] != 0:
            rest |= np.uint64(1) << np.uint64(j)
    return append(rows, last, whole, rest)


@kernel
def are_spikes(spikes, at, size):
    """Whether ``spikes[at : at + size]`` are 0 or 1, all of them."""
    seen, origin, n = np.uint8(0), np.uint64(at), np.uint64(size)
    for j in range(n):
        seen = np.uint8(seen | spikes[origin + j])
    return seen <= 1


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
    """Mark the targets of the listed source neurons, until everything that can be touched is; return whether it is."""
    n, origin, table = np.uint64(words), np.uint64(word), np.uint64(at)
    for event in range(np.uint64(first), np.uint64(last)):
        missing, of = np.uint64(0), table + np.uint64(rows[event]) * n
        for w in range(n):
            mark = touched[origin + w] | synapses[of + w]
            touched[origin + w] = mark
            missing |= mark ^ reachable[origin + w]
        if missing == 0:
            return True
    return False


@kernel
def clear(words, first, size):
    """Set the bits of `size` neurons to 0, from the word `first` on."""
    for w in range(np.uint64(first), np.uint64(first + ((size + 63) >> 6))):
        words[w] = 0


@kernel
def touch_marked(tables, p, marks, first, touched):
    """Mark the neurons of population `p` that have a bit in `marks`, from the word `first` on."""
    of = np.uint64(first)
    for w in range(np.uint64((p.size + 63) >> 6)):
        touched[np.uint64(p.word) + w] |= marks[of + w]


@kernel
def sum_of(table, at, rows, first, last):
    """Sum of ``table[at + n]`` over the listed neurons n."""
    one = two = np.int64(0)
    origin, event, end = np.uint64(at), np.uint64(first), np.uint64(last)
    while event + np.uint64(4) <= end:
        one += table[origin + np.uint64(rows[event])]
        two += table[origin + np.uint64(rows[event + np.uint64(1)])]
        one += table[origin + np.uint64(rows[event + np.uint64(2)])]
        two += table[origin + np.uint64(rows[event + np.uint64(3)])]
        event += np.uint64(4)
        if one < 0:  # never; else LLVM gathers the numbers into vectors, which takes longer than one by one
            break
    while event < end:
        one += table[origin + np.uint64(rows[event])]
        event += np.uint64(1)
        if one < 0:
            break
    return one + two


@kernel
def count_all(tables, p, t, steps, work):
    """Count all neurons of population `p` that can be touched, and those of its segments."""
    work.counted[np.uint64(p.row * steps + t)] = p.most
    for number in range(np.uint64(p.segment), np.uint64(p.segment + p.segments)):
        s = tables.segments[number]
        work.counted[np.uint64(s.row * steps + t)] = s.most


@kernel
def count_touched(tables, p, t, steps, work):
    """Count the neurons of population `p` that are marked, and those of its segments."""
    count = np.int64(0)
    for w in range(np.uint64(p.word), np.uint64(p.word + p.words)):
        count += np.int64(count_ones(work.touched[w]))
    work.counted[np.uint64(p.row * steps + t)] = count
    for number in range(np.uint64(p.segment), np.uint64(p.segment + p.segments)):
        s = tables.segments[number]
        count, word, member = np.int64(0), np.uint64(s.word), np.uint64(s.member)
        for w in range(np.uint64(s.words)):
            count += np.int64(count_ones(work.touched[word + w] & tables.members[member + w]))
        work.counted[np.uint64(s.row * steps + t)] = count
