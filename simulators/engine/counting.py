"""Compiled counts of all that the events of a sample did, from the lists of them when the sample is over."""

from __future__ import annotations

import numpy as np

from .compiled import kernel
from .lists import sum_of


@kernel
def place_of(p, rows, row):
    """Where in a member of the results that holds `rows` rows of all neurons the row `row` of population `p` begins."""
    return p.first * rows + row * p.whole + p.part


@kernel
def count_events(tables, steps, work):
    """Count the events of every row of every source, what they count for, and synaptic operations where they arrive.

    An event that arrives behind the end of the sample is no operation of a projection. Threads that share the sample
    take sources in turn.
    """
    counted, rows = work.counted, np.uint64(steps)
    for s in range(tables.size.size):
        if s % work.runners != work.runner:
            continue
        c = tables.counters[s]
        events = np.uint64(c.row) * rows
        for t in range(rows):
            counted[events + t] = work.begin[s, t + np.uint64(1)] - work.begin[s, t]
        sums = events + rows
        for w in range(np.uint64(c.words)):
            word = c.tally + np.int64(w) * tables.size[s]
            for t in range(rows):
                first, last = work.begin[s, t], work.begin[s, t + np.uint64(1)]
                counted[sums + w * rows + t] = sum_of(tables.tally, word, work.rows, first, last)
        for number in range(np.uint64(c.share), np.uint64(c.share + c.shares)):
            share = tables.shares[number]
            late, to = np.uint64(min(steps, share.delay)), np.uint64(share.row) * rows
            for t in range(late):
                counted[to + t] = 0
            to, arriving = to + late, rows - late
            for t in range(arriving):
                counted[to + t] = share.base * counted[events + t]
            for k in range(np.uint64(share.term), np.uint64(share.term + share.terms)):
                term = tables.terms[k]
                of = sums + np.uint64(term.word) * rows
                for t in range(arriving):
                    counted[to + t] += term.factor * ((counted[of + t] >> term.shift) & term.mask)


@kernel
def keep_counts(b, samples, work, results):
    """Keep what was counted in sample `b`, a record of whole lines of the cache."""
    record = np.uint64(results.counted.size // samples)
    to = np.uint64(b) * record
    for j in range(record):
        results.counted[to + j] = work.counted[j]


@kernel
def count_spikes(tables, b, steps, samples, work, results):
    """Count the spikes of every neuron in a sample; in words so short that most of them stay near the processor.

    Who runs the first part of a population counts for all of it.
    """
    counts, rows = work.counts, work.rows
    for number in range(len(tables.populations)):
        p = tables.populations[number]
        if p.part or p.runner != work.runner:
            continue
        for j in range(np.uint64(p.whole)):
            counts[j] = 0
        for event in range(np.uint64(work.begin[p.source, 0]), np.uint64(work.begin[p.source, steps])):
            counts[np.uint64(rows[event])] += np.int32(1)
        at = np.uint64(place_of(p, samples, b))
        for j in range(np.uint64(p.whole)):
            results.counts[at + j] = counts[j]
