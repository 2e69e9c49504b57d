"""Compiled sums of a dense projection on the matrix unit, several rows of a sample ahead; see `tiles.Tiled`.

Indices are unsigned because a negative one would count from the end, and looking for that costs more than the sum.
"""

from __future__ import annotations

import numpy as np

from .compiled import kernel
from .matrix_unit import multiply_1x1, multiply_1x2, multiply_2x1, multiply_2x2
from .shapes import PANEL_ROWS, TILE_ROWS, TILE_SIZE


@kernel
def look_ahead(tables, q, t, steps, work):
    """Sum what arrives through projection `q` in a panel of rows from `t` on.

    The sums lie in ``work.a`` from ``ahead`` of its record of tiles on, those of the next row `width` behind.
    Where few events come, nothing is summed: ``work.tiled`` says which rows are.
    """
    k = tables.tile_records[q.tile]
    stop = min(t + PANEL_ROWS, steps)
    first, last = work.begin[q.source, max(t - q.delay, 0)], work.begin[q.source, max(stop - q.delay, 0)]
    work.until[q.tile], work.since[q.tile] = stop, t
    work.tiled[q.tile] = last - first >= k.least
    if last - first < k.least:
        return
    for row in range(t, stop):
        begin = end = np.int64(0)
        if row >= q.delay:
            begin, end = work.begin[q.source, row - q.delay], work.begin[q.source, row - q.delay + 1]
        _lay_row(work.panel, (row - t) * k.stride, k.stride, work.rows, begin, end)
    _multiply(k, work.panel, tables.tiles, work.a, stop - t, k.ahead)


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
    """Multiply `held` rows of the panel by all columns of weights; the sums of row n go to ``a[to + n * width:]``.

    The last 16 columns may overlap those before: they are summed twice, to the same sums.
    """
    stride, depth, width = np.uint64(k.stride), np.uint64(k.depth), np.uint64(k.width)
    at, columns = np.uint64(0), np.uint64(k.columns)
    for column in range(np.uint64(0), columns, np.uint64(2)):
        weights = np.uint64(k.weights) + column * depth * np.uint64(TILE_SIZE)
        first = np.uint64(to) + min(np.uint64(16) * column, width - np.uint64(16))
        second = np.uint64(to) + min(np.uint64(16) * (column + np.uint64(1)), width - np.uint64(16))
        pair = column + np.uint64(1) < columns
        if held > TILE_ROWS and pair:
            multiply_2x2(panel, at, stride, tiles, weights, depth, a, first, second, width)
        elif held > TILE_ROWS:
            multiply_2x1(panel, at, stride, tiles, weights, depth, a, first, second, width)
        elif pair:
            multiply_1x2(panel, at, stride, tiles, weights, depth, a, first, second, width)
        else:
            multiply_1x1(panel, at, stride, tiles, weights, depth, a, first, second, width)
