"""Compiled steps of a population: its neurons are updated, their events listed, counted and written."""

from __future__ import annotations

import numpy as np

from .compiled import kernel
from .counting import place_of
from .lists import count_touched, list_bytes, list_values, touch_marked
from .neurons import divide, let_sleep, update_any, update_plain, wrapped
from .place_sums import mark_places, sum_ahead
from .record_types import ANY, PLACES, PLAIN
from .shapes import SILENT
from .strip_sums import sum_by_strips


@kernel
def step(tables, p, at, up, t, b, steps, samples, work, results):
    """Update population `p` with the sums from `at` on, list its events and write what was asked for."""
    begin, rows = work.begin[p.source, t] if p.whole == p.size else p.sent, work.rows
    if p.divided:
        divide(work.a, work.divisor, p.size, p.divisor_min, p.reciprocal_bits, p.quotient_exp)
    if p.update == PLAIN:
        let_sleep(p, 0, work)
        end = update_plain(tables, p, 0, p.size, work.a, at, up, work, begin, 0)
    else:
        if p.update == ANY:
            update_any(tables, p, work.a, work.u, work.v, work.waiting, work.fired, work.events)
        else:
            for j in range(p.size):
                work.events[j] = work.a[j]
                work.fired[j] = work.a[j] != 0
        if p.valued:
            end = list_values(work.events, 0, p.size, rows, work.values, begin)
        else:
            end = list_bytes(work.fired, 0, p.size, rows, begin)
    write_events(p, begin, end, t, b, steps, samples, work, results)
    if p.valued:
        value = p.value * steps * samples + (t * samples + b) * p.whole + p.part
        for j in range(p.size):
            results.values[value + j] = work.events[j]
    if results.u.size:
        _write_state(p, at, up, place_of(p, steps * samples, t * samples + b), work, results)


@kernel
def step_by_sums(tables, p, t, b, steps, samples, work, results):
    """Sum and update population `p`, whose neurons take the sums as they are."""
    q = tables.projections[p.projection]
    s = tables.strips[q.strip]
    begin = end = np.int64(0)
    if t >= q.delay:
        begin, end = work.begin[q.source, t - q.delay], work.begin[q.source, t - q.delay + 1]
    first, at = work.begin[p.source, t], sum_ahead(tables, p, q, s, t, steps, work) if q.form == PLACES else -1
    sleeps = np.int64(at < 0 and p.sleeps and (end - begin) * s.most < p.size // SILENT)
    let_sleep(p, sleeps, work)
    if at >= 0:
        narrow = s.few > 0
        mark_places(tables, q, s, at // s.pitch, work)
    else:
        at, narrow = 0, sum_by_strips(tables, q, s, begin, end, work)
    for w in range(p.word, p.word + p.words):
        work.touched[w] = tables.always[w]
    touch_marked(tables, p, work.marks, 0, work.touched)
    if narrow:
        last = update_plain(tables, p, 0, p.size, work.sums16, at, 6 + q.shift, work, first, sleeps)
    else:
        last = update_plain(tables, p, 0, p.size, work.sums32, at, 6 + q.shift, work, first, sleeps)
    count_touched(tables, p, t, steps, work)
    write_events(p, first, last, t, b, steps, samples, work, results)


@kernel
def write_events(p, begin, end, t, b, steps, samples, work, results):
    """Close the list of events of population `p`, or of its part, and write them if they were asked for."""
    if p.whole == p.size:
        work.begin[p.source, t + 1] = end
    else:
        work.rows[p.sent - 1] = np.int32(end - begin)
    to = place_of(p, steps * samples, t * samples + b)
    if results.spikes.size:
        for event in range(begin, end):
            results.spikes[to + work.rows[event]] = 1


@kernel
def _write_state(p, at, up, to, work, results):
    """Write the state of population `p`; a current of which nothing stays is nothing but the input."""
    for j in range(p.size):
        results.v[to + j] = work.v[p.state + j]
    if p.update == PLAIN and p.keep_u == 0:
        for j in range(p.size):
            results.u[to + j] = wrapped(work.a[at + j] << up)
    else:
        for j in range(p.size):
            results.u[to + j] = work.u[p.state + j]
