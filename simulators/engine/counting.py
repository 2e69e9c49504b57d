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
def count_events(tables, b, steps, samples, work, results):
    """Count synaptic operations, where events arrive, and keep what else is to be known of every row of every source.

    An event that arrives behind the end of the sample is kept, but is no operation of a projection. Threads that share
    the sample take sources in turn.
    """
    rows = np.uint64(steps)
    sums, apart = (results.tallies, rows * np.uint64(samples)) if tables.kept else (work.tallies, rows)
    for s in range(tables.size.size):
        if s % work.runners != work.runner:
            continue
        c = tables.counters[s]
        at = np.uint64(0)
        if tables.kept:
            at = np.uint64((c.word * samples + b) * steps)
            for t in range(rows):
                sums[at + t] = work.begin[s, t + np.uint64(1)] - work.begin[s, t]
            at += apart
        for w in range(np.uint64(c.words)):
            word = c.tally + np.int64(w) * tables.size[s]
            for t in range(rows):
                first, last = work.begin[s, t], work.begin[s, t + np.uint64(1)]
                sums[at + w * apart + t] = sum_of(tables.tally, word, work.rows, first, last)
        for number in range(np.uint64(c.share), np.uint64(c.share + c.shares)):
            share = tables.shares[number]
            late, to = min(steps, share.delay), np.uint64((share.projection * samples + b) * steps)
            for t in range(late):
                results.ops[to + np.uint64(t)] = 0
            to, arriving = to + np.uint64(late), np.uint64(steps - late)
            for t in range(arriving):
                results.ops[to + t] = share.base * (work.begin[s, t + np.uint64(1)] - work.begin[s, t])
            for k in range(np.uint64(share.term), np.uint64(share.term + share.terms)):
                term = tables.terms[k]
                of = at + np.uint64(term.word) * apart
                for t in range(arriving):
                    results.ops[to + t] += term.factor * ((sums[of + t] >> term.shift) & term.mask)


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
