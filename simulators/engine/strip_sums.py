"""Compiled sums of one row of one convolution, strip by strip; see `strips.Strips` for how they lie.

Numba widens integer arithmetic to 64 bits unless every single result is cast back; hence the many casts. Indices are
unsigned because a negative one would count from the end, and looking for that costs more than the sum.
"""

from __future__ import annotations

import numpy as np

from .compiled import kernel
from .lists import clear
from .record_types import SHORT_STRIPS
from .shapes import AT_ONCE, BLOCK, LANES, STRIP_EVENTS
from .strip_lanes import add_block, add_lanes, add_two_lanes, list_alike
from .sums import shifted
from .vectors import prefer_wide_vectors


@kernel
def sum_by_strips(tables, q, s, first, last, work):
    """Sum what the events ``first .. last - 1`` bring, and mark the neurons.

    Returns
    -------
    bool
        Whether the sums lie in ``work.sums16``, else in ``work.sums32``.
    """
    if q.form == SHORT_STRIPS:
        sum_strips(tables, s, tables.shorts, q.start, first, last, work.sums32, work)
        return False
    sum_strips(tables, s, tables.bytes_, q.start, first, last, work.sums16, work)
    return True


@kernel
def sum_strips(tables, s, weights, start, first, last, sums, work):
    """Sum the strips of the sources ``rows[first:last]`` into `sums`, and mark what they reach in ``work.marks``.

    `s` is the record of the convolution; see `strips.Strips`. Strips are listed for many events before they are added:
    then the processor need not wait for the place of each.
    """
    prefer_wide_vectors()
    for k in range(np.uint64(s.size)):
        sums[k] = 0
    clear(work.marks, 0, s.size)
    for begin in range(first, last, STRIP_EVENTS):
        listed = list_strips(tables, s, begin, min(begin + STRIP_EVENTS, last), work)
        add_strips(s, weights, start, tables.masks, work, listed, sums)


@kernel
def list_strips(tables, s, first, last, work):
    """List the strips of the sources ``rows[first:last]``, where to and which; return how many there are."""
    places, sources, strip_to, strip_of = tables.places, work.rows, work.strip_to, work.strip_of
    a, b, c, classes, most = np.uint64(s.a), np.uint64(s.b), np.uint64(s.c), np.uint64(s.classes), np.uint64(s.most)
    outer, by_outer, outer_shift = np.uint64(s.outer), np.uint64(s.outer_inverse), np.uint64(s.outer_shift)
    inner, by_inner, inner_shift = np.uint64(s.inner), np.uint64(s.inner_inverse), np.uint64(s.inner_shift)
    head, listed = np.uint64(AT_ONCE), np.uint64(0)
    to, of = head, head + most
    for event in range(np.uint64(first), np.uint64(last)):
        i, j, k = parts(sources[event], outer, by_outer, outer_shift, inner, by_inner, inner_shift)
        i, j, k = a + i * head, b + j * head, c + k * head
        found = list_alike(places, i, j, k, classes, to, of, strip_to, strip_of, listed)
        for n in range(head, most, head):
            list_alike(places, i, j, k, classes, to + n, of + n, strip_to, strip_of, listed + n)
        listed += np.uint64(places[classes + found])
    return listed


@kernel
def add_strips(s, weights, start, masks, work, listed, sums):
    """Add the listed strips to `sums`, and mark what they reach."""
    line, words = np.uint64(s.line), np.uint64(s.mask_words)
    whole, most = line & ~np.uint64(BLOCK - 1), line & ~np.uint64(2 * LANES - 1)
    weights_at, mask_at = np.uint64(start + s.start), np.uint64(s.mask)
    strip_to, strip_of, marks = work.strip_to, work.strip_of, work.marks
    for n in range(listed):
        to, number = np.uint64(strip_to[n]), np.uint64(strip_of[n])
        origin, mask = weights_at + number * line, mask_at + number * words
        for k in range(np.uint64(0), whole, np.uint64(BLOCK)):
            add_block(sums, to + k, weights, origin + k)
            mark_word(marks, to + k, masks[mask + k // np.uint64(BLOCK)])
        if whole < line:
            if whole < most:
                add_two_lanes(sums, to + whole, weights, origin + whole)
            if most < line:
                add_lanes(sums, to + most, weights, origin + most)
            mark_word(marks, to + whole, masks[mask + whole // np.uint64(BLOCK)])


@kernel
def parts(n, outer, by_outer, outer_shift, inner, by_inner, inner_shift):
    """The source neuron `n` as three indices, by products: a division would take longer than a strip."""
    n = np.uint64(n)
    first = (n * by_outer) >> outer_shift
    rest = n - first * outer
    second = (rest * by_inner) >> inner_shift
    return first, second, rest - second * inner


@kernel
def sum_valued_strips(tables, s, weights, start, first, last, sums, work):
    """Like `sum_strips`, each strip times the value of its event, in 64 bits."""
    for k in range(s.size):
        sums[k] = 0
    clear(work.marks, 0, s.size)
    for event in range(first, last):
        value = np.int64(work.values[event])
        for n in range(list_strips(tables, s, event, event + 1, work)):
            to, number = np.int64(work.strip_to[n]), np.int64(work.strip_of[n])
            for k in range(s.line):
                sums[to + k] += value * weights[start + s.start + number * s.line + k]
            for k in range(s.mask_words):
                mark_word(work.marks, np.uint64(to + BLOCK * k), tables.masks[s.mask + number * s.mask_words + k])


@kernel
def mark_word(marks, bit, mask):
    """Set the bits of `mask` from `bit` on, which may lie across two words."""
    word, shift = bit >> np.uint64(6), bit & np.uint64(63)
    marks[word] |= mask << shift
    marks[word + np.uint64(1)] |= (mask >> np.uint64(1)) >> (np.uint64(63) - shift)


@kernel
def take_strips(sums, size, shift, a):
    """Add the sums of strips to `a`, shifted and wrapped at 24 bits."""
    for j in range(np.uint64(size)):
        a[j] = np.int32(a[j] + shifted(np.int64(sums[j]), shift, True))
