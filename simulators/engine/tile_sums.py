"""Compiled sums of a projection on the matrix unit, several rows of a sample ahead; see `tiles.Tiled` for how they lie.

Indices are unsigned because a negative one would count from the end, and looking for that costs more than the sum.
"""

from __future__ import annotations

import numpy as np

from .compiled import kernel
from .lanes import copy_line, count_ones, lowest, ones
from .lists import clear, touch_marked
from .matrix_unit import multiply_1x1, multiply_1x2, multiply_2x1, multiply_2x2
from .shapes import PANEL_ROWS, TILE_ROWS, TILE_SIZE

SEEN = np.uint64(8)
"""So many events of a row, and at most four of each line of 64, are looked at before all are."""


@kernel
def look_ahead(tables, q, t, steps, size, work):
    """Sum what arrives through projection `q` in the rows from `t` on, as far as its window reaches.

    The sums lie in ``work.a`` from ``ahead`` of its record of tiles on, those of the next row `size` behind.
    Where few events come, nothing is summed: ``work.tiled`` says which rows are.
    """
    k = tables.tile_records[q.tile]
    stop = min(t + k.window, steps)
    first, last = work.begin[q.source, max(t - q.delay, 0)], work.begin[q.source, max(stop - q.delay, 0)]
    work.until[q.tile], work.since[q.tile] = stop, t
    work.tiled[q.tile] = last - first >= k.least
    if last - first < k.least:
        return
    held, to = np.int64(0), k.ahead
    for row in range(t, stop):
        begin = end = np.int64(0)
        if row >= q.delay:
            begin, end = work.begin[q.source, row - q.delay], work.begin[q.source, row - q.delay + 1]
        if k.map == 0:
            _lay_row(work.panel, held * k.stride, k.stride, work.rows, begin, end)
            held += 1
        else:
            reached = k.reached + (row - t) * ((size + 63) >> 6)
            lay_map(work.map, k.map, tables.spots, k.spots, work.rows, begin, end)
            clear(work.reached, reached, size)
            for group in range(0, k.groups, PANEL_ROWS):
                count = min(k.groups - group, PANEL_ROWS)
                at, bases = held * k.stride, k.bases + group
                lay_groups(
                    work.map, tables.spots, bases, count, k.taps, k.lines, k.pitch, work.panel, at, k.stride
                )  # fmt: skip
                reach_columns(
                    work.panel, at, k.stride, count, k.depth, k.words, tables.synapses, q.synapse, tables.reach,
                    q.reach, work.seen, work.columns,
                )  # fmt: skip
                place_columns(work.columns, count, k.words, k.width, work.reached, reached * 64 + group * k.width)
                held += count
                if held == PANEL_ROWS:
                    multiply(k, work.panel, 0, tables.tiles, work.a, held, to)
                    held, to = np.int64(0), to + held * k.width
        if held == PANEL_ROWS:
            multiply(k, work.panel, 0, tables.tiles, work.a, held, to)
            held, to = np.int64(0), to + held * k.width
    if held > 0:
        multiply(k, work.panel, 0, tables.tiles, work.a, held, to)


@kernel
def _lay_row(panel, at, stride, rows, begin, end):
    """Lay the events of one row of a source into a row of the panel."""
    origin = np.uint64(at)
    for n in range(np.uint64(stride)):
        panel[origin + n] = 0
    for event in range(np.uint64(begin), np.uint64(end)):
        panel[origin + np.uint64(rows[event])] = 1


@kernel
def lay_map(bytes_, size, spots, first, rows, begin, end):
    """Lay the events of one row of a source into its map, which has a border around."""
    for n in range(np.uint64(size)):
        bytes_[n] = 0
    origin = np.uint64(first)
    for event in range(np.uint64(begin), np.uint64(end)):
        bytes_[np.uint64(spots[origin + np.uint64(rows[event])])] = 1


@kernel
def lay_groups(bytes_, spots, bases, count, taps, lines, pitch, panel, at, stride):
    """Copy the events under the kernels of `count` groups, one row of the panel for each.

    Lines are copied whole; what is too much meets weights that are 0.
    """
    rows, wide, below, to = np.uint64(taps), np.uint64(lines), np.uint64(pitch), np.uint64(at)
    for n in range(np.uint64(bases), np.uint64(bases + count)):
        of, into = np.uint64(spots[n]), to
        for _ in range(rows):
            for line in range(np.uint64(0), wide * np.uint64(64), np.uint64(64)):
                copy_line(bytes_, of + line, panel, into)
                into += np.uint64(64)
            of += below
        to += np.uint64(stride)


@kernel
def reach_columns(panel, at, stride, count, depth, words, synapses, masks, reach, whole, seen, marks):
    """Find the columns that the events in `count` rows of the panel have synapses to; return how many they are.

    There are `words` of `marks` for each row.

    The first events of a row, which most often reach all there is, are listed in `seen` four at a time: whether there
    are none, one or two in a line of 64 is random, and a loop that ends accordingly would take the processor by
    surprise at every line. The list ends with a row of masks that is empty.
    """
    tiles, wide, four, total = np.uint64(depth), np.uint64(words), np.uint64(4), np.int64(0)
    for n in range(np.uint64(count)):
        row, last, cut = np.uint64(at) + n * np.uint64(stride), np.uint64(0), False
        for tile in range(tiles):
            events = ones(panel, row + np.uint64(64) * tile)
            found = count_ones(events)
            for j in range(four):
                seen[last + j] = np.uint64(64) * tile + lowest(events)
                events &= events - np.uint64(1)
            last += min(found, four)
            cut = cut or found > four
            if last >= SEEN:
                cut = cut or tile + np.uint64(1) < tiles
                break
        for j in range(four):
            seen[last + j] = np.uint64(64) * tiles
        for word in range(wide):
            mark, origin, full = np.uint64(0), np.uint64(masks) + word, reach[np.uint64(whole) + word]
            for pair in range(np.uint64(0), last, four):
                for j in range(four):
                    mark |= synapses[origin + seen[pair + j] * wide]
            if cut and mark != full:
                mark = _scan(panel, row, tiles, synapses, origin, wide, full)
            marks[n * wide + word] = mark
            total += np.int64(count_ones(mark))
    return total


@kernel
def _scan(panel, row, tiles, synapses, origin, wide, full):
    """One word of marks of all events in a row of the panel."""
    mark = np.uint64(0)
    for tile in range(tiles):
        events = ones(panel, row + np.uint64(64) * tile)
        while events != 0 and mark != full:
            mark |= synapses[origin + (np.uint64(64) * tile + lowest(events)) * wide]
            events &= events - np.uint64(1)
    return mark


@kernel
def place_columns(marks, count, words, width, reached, bit):
    """Write the marks of `count` rows to the bits of `reached`, from `bit` on, `width` for each row."""
    wide = np.uint64(words)
    for n in range(np.uint64(count)):
        for word in range(wide):
            mark = marks[n * wide + word]
            to = np.uint64(bit) + n * np.uint64(width) + np.uint64(64) * word
            shift = to & np.uint64(63)
            reached[to >> np.uint64(6)] |= mark << shift
            if shift != 0:
                reached[(to >> np.uint64(6)) + np.uint64(1)] |= mark >> (np.uint64(64) - shift)


@kernel
def multiply(k, panel, at, tiles, a, held, to):
    """Multiply `held` rows of the panel, from the byte `at` on, by all columns of weights.

    The sums of row n go to ``a[to + n * width:]``.
    The last 16 columns may overlap those before: they are summed twice, to the same sums.
    """
    stride, depth, width = np.uint64(k.stride), np.uint64(k.depth), np.uint64(k.width)
    at, columns = np.uint64(at), np.uint64(k.columns)
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


@kernel
def take_reached(tables, p, q, t, work):
    """Mark the neurons that `look_ahead` found reached in row `t`."""
    k = tables.tile_records[q.tile]
    touch_marked(tables, p, work.reached, k.reached + (t - work.since[q.tile]) * ((p.size + 63) >> 6), work.touched)
