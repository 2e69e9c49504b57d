"""Compiled sums of a dense projection on the matrix unit, several rows of a sample ahead; see `tiles.Tiled`.

Indices are unsigned because a negative one would count from the end, and looking for that costs more than the sum.
"""

from __future__ import annotations

import numpy as np

from .compiled import kernel
from .matrix_unit import multiply_1x1, multiply_1x2, multiply_2x1, multiply_2x2
from .shapes import PANEL_ROWS, TILE_ROWS, TILE_SIZE


@kernel
def look_ahead(tables, inputs, q, t, b, steps, samples, stop_sample, work):
    """Sum what arrives through projection `q` in a panel of rows from row `t` of sample `b` on.

    All rows of an input are known: those of the next samples, up to before `stop_sample`, fill the panel as well. The
    sums lie in ``work.a`` from ``ahead`` of its record of tiles on, those of the next row ``apart`` behind.
    Where few events come, judged by this sample's, nothing is summed: ``work.tiled`` says so.
    """
    k = tables.tile_records[q.tile]
    stop = min(t + PANEL_ROWS, (stop_sample - b) * steps if k.fed >= 0 else steps)
    held, own = stop - t, min(stop, steps) - t
    events = work.begin[q.source, max(t + own - q.delay, 0)] - work.begin[q.source, max(t - q.delay, 0)]
    least = k.least * (np.int64(1) + np.int64(held > TILE_ROWS))
    work.since[q.tile], work.tiled[q.tile] = t, events * held >= least * own
    if not work.tiled[q.tile]:
        work.until[q.tile] = t + own
        return
    work.until[q.tile] = stop
    if k.fed >= 0:
        _lay_inputs(k, q, inputs.spikes, np.uint64(tables.size[q.source]), t, b, held, steps, samples, work.panel)
    else:
        for row in range(t, stop):
            begin = end = np.int64(0)
            if row >= q.delay:
                begin, end = work.begin[q.source, row - q.delay], work.begin[q.source, row - q.delay + 1]
            _lay_row(work.panel, (row - t) * k.stride, k.stride, work.rows, begin, end)
    _multiply(k, work.panel, tables.tiles, work.a, held, k.ahead)


@kernel
def summed_at(tables, q, t, work):
    """Where in ``work.a`` the sums of row `t` lie."""
    k = tables.tile_records[q.tile]
    return k.ahead + (t - work.since[q.tile]) * k.apart


@kernel
def _lay_inputs(k, q, spikes, size, t, b, held, steps, samples, panel):
    """Lay so many rows of an input, from row `t` of sample `b` on, into the panel.

    What lies behind a row in the panel meets weights of 0.
    """
    row, sample = t - q.delay, b
    for to in range(np.uint64(0), np.uint64(held * k.stride), np.uint64(k.stride)):
        if row >= steps - q.delay:
            row, sample = row - steps, sample + 1
        of = np.uint64((row * samples + sample) * k.pitch + k.fed)
        if row >= 0:
            for n in range(size):
                panel[to + n] = spikes[of + n]
        else:
            for n in range(size):
                panel[to + n] = 0
        row += 1


@kernel
def _lay_row(panel, at, stride, rows, begin, end):
    """Lay the events of one row of a source into a row of the panel."""
    origin = np.uint64(at)
    for n in range(np.uint64(stride)):
        panel[origin + n] = 0
    for event in range(np.uint64(begin), np.uint64(end)):
        panel[origin + np.uint64(rows[event])] = 1


@kernel
def _multiply(k, panel, tiles, a, held, to):
    """Multiply `held` rows of the panel by all columns of weights; the sums of row n go to ``a[to + n * apart:]``.

    The last 16 columns may overlap those before: they are summed twice, to the same sums.
    """
    stride, depth, width = np.uint64(k.stride), np.uint64(k.depth), np.uint64(k.width)
    at, columns, apart = np.uint64(0), np.uint64(k.columns), np.uint64(k.apart)
    for column in range(np.uint64(0), columns, np.uint64(2)):
        weights = np.uint64(k.weights) + column * depth * np.uint64(TILE_SIZE)
        first = np.uint64(to) + min(np.uint64(16) * column, width - np.uint64(16))
        second = np.uint64(to) + min(np.uint64(16) * (column + np.uint64(1)), width - np.uint64(16))
        pair = column + np.uint64(1) < columns
        if held > TILE_ROWS and pair:
            multiply_2x2(panel, at, stride, tiles, weights, depth, a, first, second, apart)
        elif held > TILE_ROWS:
            multiply_2x1(panel, at, stride, tiles, weights, depth, a, first, second, apart)
        elif pair:
            multiply_1x2(panel, at, stride, tiles, weights, depth, a, first, second, apart)
        else:
            multiply_1x1(panel, at, stride, tiles, weights, depth, a, first, second, apart)
