"""Compiled execution of whole samples: all rows of a block of populations before the next block."""

from __future__ import annotations

from .arithmetic import (
    add_shifted,
    count_ones,
    count_spikes,
    list_bytes,
    list_spikes,
    list_values,
    sum_of,
    sum_rows,
    sum_values,
    touch,
    update_neurons,
)
from .compiled import inlined, kernel
from .handover import read_tables, read_workspace
from .tables import BYTES, SHORTS, Results
from .vectors import prefer_wide_vectors


@kernel
def run_samples(table_words, work_words, spikes, values, steps, samples, first_sample, stop_sample, *results):
    """Run the samples ``first_sample .. stop_sample - 1`` of B.

    Parameters
    ----------
    table_words, work_words : flat int64
        Tables, and a Workspace of this thread alone, as `handover` keeps them.
    spikes : flat (T, B, channels of all spike inputs) uint8
    values : flat (T, B, channels of all graded inputs) int32
    steps, samples : int
        T and B.
    *results
        The members of a Results; one by one they are handed over faster. Samples are independent, so threads may write
        different ones at the same time.
    """
    prefer_wide_vectors()
    tables, work, results = read_tables(table_words), read_workspace(work_words), Results(*results)
    neurons = tables.bias.size
    for b in range(first_sample, stop_sample):
        for j in range(neurons):
            work.u[j] = work.v[j] = 0
        for t in range(steps):
            _list_inputs(tables, spikes, values, t, t * samples + b, work)
        for block in range(tables.block.size - 1):
            for t in range(steps):
                for number in range(tables.block[block], tables.block[block + 1]):
                    p = tables.populations[number]
                    _sum_inputs(tables, p, t, b, steps, samples, work, results)
                    _step(tables, p, t, b, steps, samples, work, results)
        if results.last.size:
            for number in range(len(tables.populations)):
                p = tables.populations[number]
                for j in range(p.size):
                    results.last[p.first * samples + b * p.size + j] = work.v[p.first + j]


@inlined
def _list_inputs(tables, spikes, values, t, row, work):
    """List the events of every input in row `t` of a sample, which is row `row` of all inputs."""
    binary = graded = 0
    for s in range(tables.inputs):
        if s < tables.binary:
            binary += tables.size[s]
        else:
            graded += tables.size[s]
    spike, value = row * binary, row * graded
    for s in range(tables.inputs):
        size, begin = tables.size[s], work.begin[s, t]
        if s < tables.binary:
            end = list_bytes(spikes, spike, size, work.eights, work.fired, work.rows, begin)
            spike += size
        else:
            end = list_values(values, value, size, work.rows, work.values, begin)
            value += size
        work.begin[s, t + 1] = end


@inlined
def _sum_inputs(tables, p, t, b, steps, samples, work, results):
    """Sum what arrives at population `p` in row `t`; count operations and touched neurons."""
    for j in range(p.size):
        work.a[j] = 0
    for w in range(p.word, p.word + p.words):
        work.touched[w] = tables.always[w]
    for number in range(p.projection, p.projection + p.projections):
        q = tables.projections[number]
        row = t - q.delay
        if row < 0 or work.begin[q.source, row] == work.begin[q.source, row + 1]:
            continue
        first, last = work.begin[q.source, row], work.begin[q.source, row + 1]
        if q.form == BYTES:
            sum_rows(tables.bytes_, q.start, q.stride, work.rows, first, last, work.total)
            add_shifted(work.total, q.shift, work.a, p.size)
        elif q.form == SHORTS:
            sum_rows(tables.shorts, q.start, q.stride, work.rows, first, last, work.total)
            add_shifted(work.total, q.shift, work.a, p.size)
        else:
            valued = tables.binary <= q.source < tables.inputs
            sum_values(tables.shorts, q.start, q.stride, work.rows, work.values, valued, first, last, work.wide)
            add_shifted(work.wide, q.shift, work.a, p.size)
        ops = sum_of(tables.fan_out, q.fan, work.rows, first, last)
        results.ops[(number * steps + t) * samples + b] = ops
        touch(tables.synapses, q.synapse, work.rows, first, last, tables.reachable, work.touched, p.word, p.words)
    for w in range(p.word, p.word + p.words):
        results.updates[(tables.segment[w] * steps + t) * samples + b] += count_ones(work.touched[w])


@inlined
def _step(tables, p, t, b, steps, samples, work, results):
    """Update population `p`, list its spikes and write what was asked for."""
    work.eights[p.size // 8] = 0
    update_neurons(work.a, work.u, work.v, tables.bias, p.first, p.size, p.keep_u, p.keep_v, p.theta, work.fired)
    begin = work.begin[p.source, t]
    end = list_spikes(work.eights, p.size, work.rows, begin)
    work.begin[p.source, t + 1] = end
    count_spikes(results.counts, p.first * samples + b * p.size, work.rows, begin, end)
    at = p.first * steps * samples + (t * samples + b) * p.size
    if results.spikes.size:
        for j in range(p.size):
            results.spikes[at + j] = work.fired[j]
    if results.u.size:
        for j in range(p.size):
            results.u[at + j] = work.u[p.first + j]
            results.v[at + j] = work.v[p.first + j]
