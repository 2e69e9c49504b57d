"""Compiled execution of whole samples: all rows of a block of populations before the next block."""

from __future__ import annotations

import numpy as np

from .arriving import look_ahead_of, sum_inputs
from .arriving_rows import sum_alone
from .compiled import TILED, kernel
from .counting import count_events, count_spikes, keep_counts, place_of
from .fetching import fetch_part
from .handover import read_inputs, read_results, read_tables, read_workspace
from .lists import are_spikes, list_bytes, list_values
from .matrix_unit import configure, release
from .meeting import gather_lists, meet
from .neurons import wake
from .quiet import is_quiet, step_quietly
from .shapes import BLOCK
from .stepping import step, step_by_sums
from .vectors import prefer_wide_vectors

FETCHED = 2048
"""Bytes behind the end of a row that are fetched ahead: the next rows of one sample alone, the same row of the next
samples of many."""


def run_samples(tables, work, inputs, results, steps, samples, early, period, first_sample, stop_sample):
    """Run the samples ``first_sample .. stop_sample - 1`` of B.

    Parameters
    ----------
    tables, work, inputs, results : int
        Addresses of where a Tables, the Workspace of this thread, inputs and a Results are told, see `handover`.
        Samples are independent, so threads may write different ones at the same time. Those that share samples come
        here together, and each runs its own populations.
    steps, samples : int
        T and B.
    early, period : int
        Rows before row 0, and rows after which neurons are reset again; both 0 for independent samples. A population of
        level L is at rest until row -L.
    """
    prefer_wide_vectors()
    tables, work = read_tables(tables), read_workspace(work)
    inputs, results = read_inputs(inputs), read_results(results)
    if TILED and len(tables.tile_records):
        configure(tables.tile_shapes)
    for number in range(len(tables.tile_records)):
        work.until[number] = steps
    for b in range(first_sample, stop_sample):
        for number in range(len(tables.tile_records)):
            work.until[number] -= steps
            work.since[number] -= steps
        for source in range(tables.size.size):
            work.ahead_until[source] = 0
        meet(work)  # nobody counts events of the sample before any more
        if work.runner == 0:
            for t in range(steps):
                _list_inputs(tables, inputs, t, t * samples + b, work)
        meet(work)
        if inputs.grey[0] and work.runners == 1:  # of several, each might see that at another time
            break
        for block in range(tables.block.size - 1):
            for t in range(steps):
                since, stop = tables.block[block], tables.block[block + 1]
                for number in range(since, stop):
                    p = tables.populations[number]
                    if p.waits:
                        gather_lists(tables, since, number, t, work)
                        since = number
                    if p.runner != work.runner:
                        continue
                    begun = t - early + p.level if early else t
                    if begun < 0:
                        work.begin[p.source, t + 1] = work.begin[p.source, t]
                        continue
                    if begun == 0 or (period and (t - early) % period == 0):
                        _rest(p, work)
                    if p.fused and results.u.size == 0:
                        step_by_sums(tables, p, t, b, steps, samples, work, results)
                        continue
                    if TILED and len(tables.tile_records):
                        look_ahead_of(tables, inputs, p, t, b, steps, samples, stop_sample, work)
                    if p.sleeps and results.u.size == 0 and is_quiet(tables, p, t, work):
                        step_quietly(tables, p, t, b, steps, samples, work, results)
                        continue
                    at, up = np.int64(0), np.int64(6)
                    if p.direct:
                        at, up = sum_alone(tables, p, t, steps, work)
                    else:
                        sum_inputs(tables, p, t, steps, work)
                    step(tables, p, at, up, t, b, steps, samples, work, results)
                gather_lists(tables, since, stop, t, work)
        count_spikes(tables, b, steps, samples, work, results)
        count_events(tables, steps, work)
        meet(work)
        if work.runner == 0:
            keep_counts(b, samples, work, results)
        if results.last.size:
            _keep_membranes(tables, b, samples, work, results)
    if TILED and len(tables.tile_records):
        release()


@kernel
def _keep_membranes(tables, b, samples, work, results):
    """Keep the membranes after the last row of sample `b`, of the populations of this thread."""
    for number in range(len(tables.populations)):
        p = tables.populations[number]
        if p.runner != work.runner:
            continue
        if work.asleep[p.source]:
            wake(p, work)
        for j in range(p.size):
            results.last[place_of(p, samples, b) + j] = work.v[p.state + j]


@kernel
def _rest(p, work):
    """Bring the neurons of population `p` to rest."""
    first, stop, block = np.uint64(p.state), np.uint64(p.state + p.size), np.uint64(BLOCK)
    for j in range(first, stop):
        work.u[j] = 0
        work.v[j] = 0
    work.asleep[p.source] = 0
    for k in range(first // block, (stop + block - np.uint64(1)) // block):
        work.silent[k] = 0
    if work.waiting.size:
        for j in range(first, stop):
            work.waiting[j] = 0


@kernel
def _list_inputs(tables, inputs, t, row, work):
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
            if not are_spikes(inputs.spikes, spike, size):
                inputs.grey[0] = 1
            fetch_part(inputs.spikes, spike + max(size, FETCHED), spike + size + FETCHED)
            end = list_bytes(inputs.spikes, spike, size, work.rows, begin)
            spike += size
        else:
            end = list_values(inputs.values, value, size, work.rows, work.values, begin)
            value += size
        work.begin[s, t + 1] = end
