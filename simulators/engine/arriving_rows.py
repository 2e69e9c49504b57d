"""Compiled sums of what arrives by rows of weights: row by row, or for several rows at once."""

from __future__ import annotations

import numpy as np

from .compiled import TILED, kernel
from .lists import count_all, count_touched, touch
from .record_types import BYTES, SHORTS
from .shapes import AHEAD_LEAST
from .sums import add_shifted, add_wrapped, sum_rows, sum_values, sum_window
from .tile_sums import summed_at


@kernel
def sum_alone(tables, p, t, steps, work):
    """Sum into ``work.a`` what the one projection of population `p` brings, by rows or tiles.

    Returns
    -------
    at, up : int
        Where in ``work.a`` the sums lie, and by how many bits they are still to be shifted left.
    """
    q = tables.projections[p.projection]
    row = max(t - q.delay, 0)
    first, last = work.begin[q.source, row], work.begin[q.source, row + 1]
    for w in range(p.word, p.word + p.words):
        work.touched[w] = tables.always[w]
    arrives, at = t >= q.delay and first < last, _summed_ahead(tables, p, q, t, steps, work)
    if at < 0 and arrives:
        _sum(tables, q, first, last, work, work.a)
    elif at < 0:
        for j in range(p.size):
            work.a[j] = 0
    if arrives and touch(
        tables.synapses, q.synapse, work.rows, first, last, tables.reachable, work.touched, p.word, p.words
    ):
        count_all(tables, p, t, steps, work)
    else:
        count_touched(tables, p, t, steps, work)
    return max(at, np.int64(0)), 6 + q.shift


@kernel
def _summed_ahead(tables, p, q, t, steps, work):
    """Where the sums of row `t` lie if they were made ahead, else -1."""
    if TILED and q.tile >= 0:
        return summed_at(tables, q, t, work) if work.tiled[q.tile] else np.int64(-1)
    if not q.window:
        return np.int64(-1)
    if t >= work.ahead_until[p.source]:
        _sum_window(tables, p, q, t, steps, work)
    since = work.ahead_since[p.source]
    return (t - since) * q.stride if since >= 0 else np.int64(-1)


@kernel
def _sum(tables, q, first, last, work, total):
    """Sum the events ``first .. last - 1`` of the lists, one at least, into `total`."""
    if q.form == BYTES:
        sum_rows(tables.bytes_, q, work.rows, first, last, total, 0)
    else:
        sum_rows(tables.shorts, q, work.rows, first, last, total, 0)


@kernel
def _sum_window(tables, p, q, t, steps, work):
    """Sum the rows of a window that begins at `t`, if enough events arrive in it; else its rows come one by one."""
    stop = min(t + q.window, steps)
    work.ahead_until[p.source], work.ahead_since[p.source] = stop, -1
    events = work.begin[q.source, max(stop - q.delay, 0)] - work.begin[q.source, max(t - q.delay, 0)]
    if events < (stop - t) * AHEAD_LEAST:
        return
    work.ahead_since[p.source] = t
    if q.form == BYTES:
        sum_window(tables.bytes_, q, work.rows, work.begin, t - q.delay, stop - q.delay, work.a)
    else:
        sum_window(tables.shorts, q, work.rows, work.begin, t - q.delay, stop - q.delay, work.a)


@kernel
def sum_by_rows(tables, p, q, first, last, work, into):
    """Add what the events ``first .. last - 1`` of the lists bring through rows of weights to the sums `into`."""
    if q.form <= SHORTS:
        _sum(tables, q, first, last, work, work.total)
        add_shifted(work.total, 0, q.shift, into, p.size)
    else:
        sum_values(tables.shorts, q.start, q.stride, work.rows, work.values, q.valued, first, last, work.wide)
        add_wrapped(work.wide, p.size, q.shift, 0, into)
