"""Compiled sums of all that arrives at a population in one row, and which neurons it touches."""

from __future__ import annotations

from .arriving_rows import sum_by_rows
from .compiled import EXPANDS, TILED, kernel
from .expanding import sum_expanded, take_expanded
from .lists import count_touched, touch, touch_marked
from .place_sums import mark_places, sum_places
from .record_types import (
    PLACES,
    VALUED_LISTS,
    VALUED_STRIPS,
    VALUES,
)
from .shapes import WIDE_SUM_BITS
from .strip_sums import sum_by_strips, sum_valued_strips, take_strips
from .sums import (
    add_shifted,
    add_wrapped,
    sum_lists,
    sum_long_lists,
    sum_valued_lists,
    take_lists,
)
from .tile_sums import look_ahead, summed_at


@kernel
def look_ahead_of(tables, inputs, p, t, b, steps, samples, stop_sample, work):
    """Let the projections into population `p` that are summed by tiles sum the next rows, where they have not yet."""
    for number in range(p.projection, p.projection + p.projections):
        q = tables.projections[number]
        if q.tile >= 0 and t >= work.until[q.tile]:
            look_ahead(tables, inputs, q, t, b, steps, samples, stop_sample, work)


@kernel
def sum_inputs(tables, p, t, steps, work):
    """Sum what arrives at population `p` in row `t` into ``work.a``; count touched neurons."""
    for j in range(p.size):
        work.a[j] = 0
    if p.divided:
        for j in range(p.size):
            work.divisor[j] = 0
    for w in range(p.word, p.word + p.words):
        work.touched[w] = tables.always[w]
    for number in range(p.projection, p.projection + p.projections):
        q = tables.projections[number]
        row = t - q.delay
        if row < 0 or work.begin[q.source, row] == work.begin[q.source, row + 1]:
            continue
        first, last = work.begin[q.source, row], work.begin[q.source, row + 1]
        if TILED and q.tile >= 0 and work.tiled[q.tile]:
            into = work.divisor if q.divisor else work.a
            add_shifted(work.a, summed_at(tables, q, t, work), q.shift, into, p.size)
        else:
            _sum_projection(tables, p, q, row, work, work.divisor if q.divisor else work.a)
        if q.form <= VALUES:
            touch(tables.synapses, q.synapse, work.rows, first, last, tables.reachable, work.touched, p.word, p.words)
    count_touched(tables, p, t, steps, work)


@kernel
def _sum_projection(tables, p, q, row, work, into):
    """Add what the events of a row of its source bring through projection `q` to the sums `into`."""
    first, last = work.begin[q.source, row], work.begin[q.source, row + 1]
    if q.form <= VALUES:
        sum_by_rows(tables, p, q, first, last, work, into)
    elif q.form <= VALUED_LISTS:
        if EXPANDS and q.present >= 0:
            sum_expanded(
                tables.starts, q, tables.present, tables.listed, work.rows, first, last, work.sums16, work.wide,
                work.total,
            )  # fmt: skip
            take_expanded(work.total, work.wide, p.size, q, p, into, work.touched)
        elif q.near:
            _sum_lists(tables, tables.near, p, q, first, last, work, into)
        else:
            _sum_lists(tables, tables.far, p, q, first, last, work, into)
    else:
        _take_convolution(tables, p, q, row, work, into)


@kernel
def _sum_lists(tables, targets, p, q, first, last, work, into):
    if q.form == VALUED_LISTS:
        sum_valued_lists(
            tables.starts, q, targets, tables.listed, work.rows, work.values, first, last, work.wide, p.size,
            p.word, work.touched,
        )  # fmt: skip
        add_wrapped(work.wide, p.size, q.shift, q.modulo, into)
    elif q.sum_bits < WIDE_SUM_BITS:
        sum_lists(tables.starts, q, targets, tables.listed, work.rows, first, last, work.total, p.size)
        take_lists(work.total, p.size, q, into, p, work.touched)
    else:
        sum_long_lists(tables.starts, q, targets, tables.listed, work.rows, first, last, work.wide, p.size)
        take_lists(work.wide, p.size, q, into, p, work.touched)


@kernel
def _take_convolution(tables, p, q, row, work, into):
    s = tables.strips[q.strip]
    first, last = work.begin[q.source, row], work.begin[q.source, row + 1]
    if q.form == VALUED_STRIPS:
        sum_valued_strips(
            tables, s, tables.shorts, q.start, first, last, work.sums64, work,
        )  # fmt: skip
        take_strips(work.sums64, p.size, q.shift, into)
    elif q.form == PLACES and last - first >= s.few:
        sum_places(tables, q, s, row, row + 1, work)
        mark_places(tables, q, s, 0, work)
        _take(s.few > 0, p, q, work, into)
    else:
        _take(sum_by_strips(tables, q, s, first, last, work), p, q, work, into)
    touch_marked(tables, p, work.marks, 0, work.touched)


@kernel
def _take(narrow, p, q, work, into):
    if narrow:
        take_strips(work.sums16, p.size, q.shift, into)
    else:
        take_strips(work.sums32, p.size, q.shift, into)
