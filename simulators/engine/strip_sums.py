"""Compiled sums of one row of one convolution, strip by strip; see `strips.Strips` for how they lie.

Numba widens integer arithmetic to 64 bits unless every single result is cast back; hence the many casts. Indices are
unsigned because a negative one would count from the end, and looking for that costs more than the sum.
"""

from __future__ import annotations

import numpy as np

from .compiled import kernel
from .lanes import add_lanes
from .lists import clear
from .order import CODE_BITS as BITS
from .order import SIDE_MAX
from .shapes import LANES
from .sums import shifted
from .vectors import prefer_wide_vectors

SIDE, CODE_BITS = np.uint64(SIDE_MAX), np.uint64(BITS)
"""Ones where a code holds a row or a column."""


@kernel
def sum_strips(s, places, codes, weights, start, masks, rows, first, last, sums, marks):
    """Sum the strips of the sources ``rows[first:last]`` into `sums`, and what they reach into `marks`, a bit each.

    `s` is the record of the convolution, `places` and `codes` what it points to; see `strips.Strips`.
    """
    prefer_wide_vectors()
    for k in range(np.uint64(s.size)):
        sums[k] = 0
    clear(marks, 0, s.size)
    line, words, per_channel = np.uint64(s.line), np.uint64(s.mask_words), np.uint64(s.per_channel)
    codes_at, columns_at = np.uint64(s.codes), np.uint64(s.columns)
    weights_at, mask_at = np.uint64(start + s.start), np.uint64(s.mask)
    rows_at, entries_at = np.uint64(s.rows), np.uint64(s.entries)
    for event in range(np.uint64(first), np.uint64(last)):
        code = np.uint64(codes[codes_at + np.uint64(rows[event])])
        x, y = columns_at + np.uint64(3) * (code & SIDE), rows_at + ((code >> CODE_BITS) & SIDE)
        to, of, n = np.uint64(places[x]), np.uint64(places[x + np.uint64(1)]), np.uint64(places[x + np.uint64(2)])
        of += (code >> (CODE_BITS + CODE_BITS)) * per_channel
        for row in range(np.uint64(places[y]), np.uint64(places[y + np.uint64(1)])):
            entry = entries_at + np.uint64(2) * row
            at, number = to + np.uint64(places[entry]), of + np.uint64(places[entry + np.uint64(1)])
            origin = weights_at + number * line
            for k in range(np.uint64(0), n, np.uint64(LANES)):
                add_lanes(sums, at + k, weights, origin + k)
            origin = mask_at + number * words
            for k in range((n + np.uint64(63)) >> np.uint64(6)):
                mark_word(marks, at + np.uint64(64) * k, masks[origin + k])


@kernel
def sum_valued_strips(s, places, codes, weights, start, masks, rows, values, first, last, sums, marks):
    """Like `sum_strips`, each strip times the value of its event, in 64 bits."""
    for k in range(s.size):
        sums[k] = 0
    clear(marks, 0, s.size)
    for event in range(first, last):
        code, value = np.uint64(codes[s.codes + rows[event]]), np.int64(values[event])
        x, y = s.columns + 3 * np.int64(code & SIDE), s.rows + np.int64((code >> CODE_BITS) & SIDE)
        to, of, n = places[x], places[x + 1] + np.int64(code >> (CODE_BITS + CODE_BITS)) * s.per_channel, places[x + 2]
        for row in range(places[y], places[y + 1]):
            at, number = to + places[s.entries + 2 * row], of + places[s.entries + 2 * row + 1]
            for k in range(n):
                sums[at + k] += value * weights[start + s.start + number * s.line + k]
            for k in range((n + 63) >> 6):
                mark_word(marks, np.uint64(at + 64 * k), masks[s.mask + number * s.mask_words + k])


@kernel
def mark_word(marks, bit, mask):
    """Set the bits of `mask` from `bit` on, which may lie across two words."""
    word, shift = bit >> np.uint64(6), bit & np.uint64(63)
    marks[word] |= mask << shift
    marks[word + np.uint64(1)] |= (mask >> np.uint64(1)) >> (np.uint64(63) - shift)


@kernel
def add_strips(sums, size, shift, a):
    """Add the sums of strips to `a`, shifted and wrapped at 24 bits."""
    for j in range(np.uint64(size)):
        a[j] = np.int32(a[j] + shifted(np.int64(sums[j]), shift, True))
