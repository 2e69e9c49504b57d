"""Compiled sums of one row of one convolution, place by place: the events under the kernel pick rows of weights.

Numba widens integer arithmetic to 64 bits unless every single result is cast back; hence the many casts. Indices are
unsigned because a negative one would count from the end, and looking for that costs more than the sum.
"""

from __future__ import annotations

import numpy as np

from .compiled import kernel
from .lists import clear
from .strip_sums import mark_word, parts
from .sums import sum_rows


@kernel
def sum_places(tables, q, s, first, last, work):
    """Sum the events ``rows[first:last]`` into ``work.sums32``, and what they reach into ``work.marks``, a bit each.

    The events come place by place.
    """
    _place_events(s, work.rows, first, last, work.placed, work.begins)
    clear(work.marks, 0, s.size)
    to = np.uint64(0)
    for y in range(s.rows_out):
        for x in range(s.columns_out):
            count = _pick(s, y * s.stride_y - s.padding_y, x * s.stride_x - s.padding_x, work)
            if count == 0:
                for c in range(np.uint64(s.outs)):
                    work.sums32[to + c] = 0
            else:
                sum_rows(tables.bytes_, q, work.picked, 0, count, work.sums32, to)
                _mark(tables, q, s, work, count, to)
            to += np.uint64(s.outs)


@kernel
def _place_events(s, rows, first, last, placed, begins):
    """Find the events of every place of the source.

    ``placed[begins[n] : begins[n + 1]]`` are those of place n, as ``column * channels + channel``.
    """
    n, at = np.int64(0), np.int64(0)
    outer, by_outer, outer_shift = np.uint64(s.outer), np.uint64(s.outer_inverse), np.uint64(s.outer_shift)
    inner, by_inner, inner_shift = np.uint64(s.inner), np.uint64(s.inner_inverse), np.uint64(s.inner_shift)
    for event in range(first, last):
        y, x, channel = parts(rows[event], outer, by_outer, outer_shift, inner, by_inner, inner_shift)
        here = np.int64(y) * s.columns_in + np.int64(x)
        while n <= here:
            begins[n] = at
            n += 1
        placed[at] = np.int32(np.int64(x) * s.ins + np.int64(channel))
        at += 1
    while n <= s.rows_in * s.columns_in:
        begins[n] = at
        n += 1


@kernel
def _pick(s, top, left, work):
    """List the rows of weights of all events under a kernel at (top, left); return how many."""
    count = np.uint64(0)
    first, stop = max(left, 0), min(left + s.taps_x, s.columns_in)
    if first >= stop:
        return np.int64(0)
    for tap in range(max(0, -top), min(s.taps_y, s.rows_in - top)):
        line = (top + tap) * s.columns_in
        begin, end = np.uint64(work.begins[line + first]), np.uint64(work.begins[line + stop])
        offset = np.int32((tap * s.taps_x - left) * s.ins)
        for k in range(end - begin):
            work.picked[count + k] = np.int32(work.placed[begin + k] + offset)
        count += end - begin
    return np.int64(count)


@kernel
def _mark(tables, q, s, work, count, to):
    """Mark the channels of a place that the picked rows have synapses to; most often the first rows have all."""
    for w in range(s.words):
        mark, missing = np.uint64(0), tables.reach[q.reach + w]
        for k in range(count):
            mark |= tables.synapses[q.synapse + work.picked[k] * s.words + w]
            if mark == missing:
                break
        mark_word(work.marks, to + np.uint64(64 * w), mark)
