"""Compiled sums of a convolution place by place: the events of a place of its source pick rows of weights of each tap.

One tap is added everywhere, in all rows of events of a window, before the next one: its weights stay in the nearest
cache.
"""

from __future__ import annotations

import numpy as np

from .compiled import kernel
from .lists import clear
from .shapes import COLUMNS
from .strip_sums import mark_word
from .sums import FLUSH
from .taps import add_tap, add_tap_twice, widen_tap
from .vectors import prefer_wide_vectors


@kernel
def sum_ahead(tables, p, q, s, t, steps, work):
    """Sum a window of rows that begins at `t`, if enough events arrive in it.

    Returns
    -------
    int
        Where the sums of row `t` begin in ``work.sums16`` if ``s.few`` is not 0, else in ``work.sums32``; -1 if
        strips are to sum it.
    """
    if t >= work.ahead_until[p.source]:
        stop = min(t + s.window, steps)
        work.ahead_until[p.source], work.ahead_since[p.source] = stop, -1
        events = work.begin[q.source, max(stop - q.delay, 0)] - work.begin[q.source, max(t - q.delay, 0)]
        if events >= (stop - t) * s.few:
            work.ahead_since[p.source] = t
            sum_places(tables, q, s, t - q.delay, stop - q.delay, work)
    since = work.ahead_since[p.source]
    return (t - since) * s.pitch if since >= 0 else np.int64(-1)


@kernel
def sum_places(tables, q, s, first, stop, work):
    """Sum the rows of events from `first` to before `stop`, one every `pitch`; those below 0 are empty."""
    _place_events(q, s, first, stop, work)
    if s.few:
        _sum_taps(tables, q, s, stop - first, work.sums16, work)
    else:
        _sum_taps(tables, q, s, stop - first, work.sums32, work)


@kernel
def _place_events(q, s, first, stop, work):
    """Find the events of every place of the source, row after row.

    ``placed[begins[n] : begins[n + 1]]`` are those of place n, as ``channel * COLUMNS``; a row has one more n.
    """
    rows, placed, begins = work.rows, work.placed, work.begins
    inner, inverse, shift = np.uint64(s.inner), np.uint64(s.inner_inverse), np.uint64(s.inner_shift)
    places, at, origin = np.uint64(s.rows_in * s.columns_in), np.uint64(0), np.uint64(0)
    for row in range(first, stop):
        for n in range(origin, origin + places + np.uint64(1)):
            begins[n] = at
        if row >= 0:
            for event in range(np.uint64(work.begin[q.source, row]), np.uint64(work.begin[q.source, row + 1])):
                source = np.uint64(rows[event])
                place = (source * inverse) >> shift
                placed[at] = np.int32((source - place * inner) * np.uint64(COLUMNS))
                at += np.uint64(1)
                begins[origin + place + np.uint64(1)] = at  # the last event of a place has the last word
        for n in range(origin, origin + places):
            begins[n + np.uint64(1)] = max(begins[n], begins[n + np.uint64(1)])
        origin += places + np.uint64(1)


@kernel
def _sum_taps(tables, q, s, rows, sums, work):
    """Sum `rows` rows of placed events."""
    for j in range(np.uint64(rows * s.pitch)):
        sums[j] = 0
    for column in range(0, q.stride, 2 * COLUMNS):
        columns = min(q.stride - column, 2 * COLUMNS)
        for tap_y in range(s.taps_y):
            for tap_x in range(s.taps_x):
                at = q.start + (tap_y * s.taps_x + tap_x) * s.ins * q.stride + column
                widen_tap(tables.bytes_, at, q.stride, s.ins, columns, work.tap)
                for row in range(rows):
                    _add_tap(s, tap_y, tap_x, column, columns, row, sums, work)


@kernel
def _add_tap(s, tap_y, tap_x, column, columns, row, sums, work):
    """Add the widened weights of a tap wherever it meets events of a row."""
    prefer_wide_vectors()
    top, bottom = _outputs(tap_y, s.padding_y, s.stride_y, s.rows_in, s.rows_out)
    left, right = _outputs(tap_x, s.padding_x, s.stride_x, s.columns_in, s.columns_out)
    origin = row * (s.rows_in * s.columns_in + 1)
    for y in range(top, bottom):
        line = origin + (y * s.stride_y - s.padding_y + tap_y) * s.columns_in
        n = np.uint64(line + left * s.stride_x - s.padding_x + tap_x)
        to = np.uint64(row * s.pitch + (y * s.columns_out + left) * s.outs + column)
        for _ in range(left, right):
            begin, end = np.uint64(work.begins[n]), np.uint64(work.begins[n + np.uint64(1)])
            for first in range(begin, end, np.uint64(FLUSH)):
                last = min(first + np.uint64(FLUSH), end)
                if columns == COLUMNS:
                    add_tap(work.tap, work.placed, first, last, sums, to)
                else:
                    add_tap_twice(work.tap, work.placed, first, last, sums, to)
            n, to = n + np.uint64(s.stride_x), to + np.uint64(s.outs)


@kernel
def _outputs(tap, padding, stride, ins, outs):
    """First output that meets an input by this tap, and the one behind the last, along one side."""
    return max(0, (padding - tap + stride - 1) // stride), min(outs, (ins - 1 + padding - tap) // stride + 1)


@kernel
def mark_places(tables, q, s, row, work):
    """Mark what the placed events of a row reach in ``work.marks``, a bit each."""
    clear(work.marks, 0, s.size)
    origin, to = row * (s.rows_in * s.columns_in + 1), np.uint64(0)
    for y in range(s.rows_out):
        for x in range(s.columns_out):
            top, left = y * s.stride_y - s.padding_y, x * s.stride_x - s.padding_x
            for w in range(s.words):
                mark_word(work.marks, to + np.uint64(64 * w), _reached(tables, q, s, origin, top, left, w, work))
            to += np.uint64(s.outs)


@kernel
def _reached(tables, q, s, origin, top, left, w, work):
    """One word of channels that events under a kernel at (top, left) reach; most often the first events reach all."""
    mark, all_ = np.uint64(0), tables.reach[q.reach + w]
    for y in range(max(0, -top), min(s.taps_y, s.rows_in - top)):
        for x in range(max(0, -left), min(s.taps_x, s.columns_in - left)):
            place, row = origin + (top + y) * s.columns_in + left + x, (y * s.taps_x + x) * s.ins
            for k in range(work.begins[place], work.begins[place + 1]):
                mark |= tables.synapses[q.synapse + (row + work.placed[k] // COLUMNS) * s.words + w]
                if mark == all_:
                    return mark
    return mark
