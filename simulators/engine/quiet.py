"""Compiled steps in which so little arrives at a population that most of its neurons are left alone."""

from __future__ import annotations

import numpy as np

from .compiled import kernel
from .lists import count_touched
from .neurons import let_sleep, update_plain
from .record_types import LISTS
from .shapes import BLOCK, SILENT
from .stepping import write_events


@kernel
def is_quiet(tables, p, t, work):
    """Whether so few synapses bring anything to population `p` in row `t` that it may sleep.

    Lists of synapses are counted. Through anything else a single event reaches many neurons, so that none may arrive.
    """
    arriving, limit = np.int64(0), p.size // SILENT
    for number in range(p.projection, p.projection + p.projections):
        q = tables.projections[number]
        row = t - q.delay
        if row < 0 or work.begin[q.source, row] == work.begin[q.source, row + 1]:
            continue
        if q.form != LISTS or q.present >= 0 or q.modulo or q.shift < 0:
            return False
        for event in range(work.begin[q.source, row], work.begin[q.source, row + 1]):
            source = np.uint64(q.start + work.rows[event])
            arriving += tables.starts[source + np.uint64(1)] - tables.starts[source]
            if arriving >= limit:
                return False
    return arriving < limit


@kernel
def step_quietly(tables, p, t, b, steps, samples, work, results):
    """Add what arrives synapse by synapse, and update the neurons of population `p` that it reaches, 64 at a time.

    All sums of ``work.few`` are zero before, and again behind.
    """
    for w in range(np.uint64(p.word), np.uint64(p.word + p.words)):
        work.touched[w] = 0
    for number in range(p.projection, p.projection + p.projections):
        q = tables.projections[number]
        row = t - q.delay
        if row >= 0:
            first, last = work.begin[q.source, row], work.begin[q.source, row + 1]
            if q.near:
                _add_lists(tables, tables.near, p, q, first, last, work)
            else:
                _add_lists(tables, tables.far, p, q, first, last, work)
    count_touched(tables, p, t, steps, work)
    let_sleep(p, 1, work)
    begin = work.begin[p.source, t] if p.whole == p.size else p.sent
    end = update_plain(tables, p, 0, p.size, work.few, 0, 6, work, begin, 1)
    for w in range(np.uint64(p.words)):
        if work.touched[np.uint64(p.word) + w] != 0:
            for j in range(np.uint64(BLOCK)):
                work.few[w * np.uint64(BLOCK) + j] = 0
    write_events(p, begin, end, t, b, steps, samples, work, results)


@kernel
def _add_lists(tables, targets, p, q, first, last, work):
    """Add the synapses of the listed events, and mark the neurons that they reach."""
    origin, to, of, word = np.uint64(q.start), np.uint64(q.target), np.uint64(q.listed), np.uint64(p.word)
    for event in range(np.uint64(first), np.uint64(last)):
        source = origin + np.uint64(work.rows[event])
        for k in range(np.uint64(tables.starts[source]), np.uint64(tables.starts[source + np.uint64(1)])):
            target, weight = np.uint64(targets[to + k]), np.int32(q.offset + np.int32(tables.listed[of + k]))
            work.few[target] = np.int32(work.few[target] + np.int32(weight << np.int32(q.shift)))
            work.touched[word + (target >> np.uint64(6))] |= np.uint64(1) << (target & np.uint64(63))
