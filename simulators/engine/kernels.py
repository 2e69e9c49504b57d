"""Compiled execution of whole samples: all rows of a block of populations before the next block."""

from __future__ import annotations

import numpy as np

from .compiled import inlined, kernel
from .expanding import sum_expanded, take_expanded
from .handover import read_tables, read_workspace
from .lanes import count_ones
from .listing import WIDE_SUM_BITS
from .lists import count_spikes, list_bytes, list_values, sum_of, touch
from .matrix_unit import PANEL_ROWS, configure, release
from .neurons import divide, update_any, update_plain, wrapped
from .place_sums import place_events, sum_places
from .strip_sums import sum_strips, sum_valued_strips, take_strips
from .sums import (
    add_shifted,
    add_wrapped,
    sum_lists,
    sum_long_lists,
    sum_rows,
    sum_valued_lists,
    sum_values,
    take_lists,
)
from .tables import (
    ANY,
    BYTE_STRIPS,
    BYTES,
    PLACES,
    PLAIN,
    SHORT_STRIPS,
    SHORTS,
    TILES,
    VALUED_LISTS,
    VALUES,
    Results,
)
from .tile_sums import clear, lay_groups, lay_map, look_ahead, multiply, place_columns, reach_columns, take_reached
from .vectors import prefer_wide_vectors


@kernel
def run_samples(
    table_words, work_words, spikes, values, steps, samples, early, period, first_sample, stop_sample, *results
):
    """Run the samples ``first_sample .. stop_sample - 1`` of B.

    Parameters
    ----------
    table_words, work_words : flat int64
        Tables, and a Workspace of this thread alone, as `handover` keeps them.
    spikes : flat (T, B, channels of all spike inputs) uint8
    values : flat (T, B, channels of all graded inputs) int32
    steps, samples : int
        T and B.
    early, period : int
        Rows before row 0, and rows after which neurons are reset again; both 0 for independent samples. A population of
        level L is at rest until row -L.
    *results
        The members of a Results; one by one they are handed over faster. Samples are independent, so threads may write
        different ones at the same time.
    """
    prefer_wide_vectors()
    tables, work, results = read_tables(table_words), read_workspace(work_words), Results(*results)
    if len(tables.tile_records):
        configure(tables.tile_shapes)
    for b in range(first_sample, stop_sample):
        for number in range(len(tables.tile_records)):
            work.until[number] = 0
        for t in range(steps):
            _list_inputs(tables, spikes, values, t, t * samples + b, work)
        for block in range(tables.block.size - 1):
            for t in range(steps):
                for number in range(tables.block[block], tables.block[block + 1]):
                    p = tables.populations[number]
                    begun = t - early + p.level if early else t
                    if begun < 0:
                        work.begin[p.source, t + 1] = work.begin[p.source, t]
                        continue
                    if begun == 0 or (period and (t - early) % period == 0):
                        _rest(p, work)
                    if p.fused and results.u.size == 0:
                        _step_by_tiles(tables, p, t, b, steps, samples, work, results)
                        continue
                    at, up = _sum_inputs(tables, p, t, b, steps, samples, work, results)
                    _step(tables, p, at, up, t, b, steps, samples, work, results)
        if results.last.size:
            for number in range(len(tables.populations)):
                p = tables.populations[number]
                for j in range(p.size):
                    results.last[p.first * samples + b * p.size + j] = work.v[p.state + j]
    if len(tables.tile_records):
        release()


@inlined
def _rest(p, work):
    """Bring the neurons of population `p` to rest."""
    for j in range(p.state, p.state + p.size):
        work.u[j] = work.v[j] = 0
    if work.waiting.size:
        for j in range(p.state, p.state + p.size):
            work.waiting[j] = 0


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
            end = list_bytes(spikes, spike, size, work.rows, begin)
            spike += size
        else:
            end = list_values(values, value, size, work.rows, work.values, begin)
            value += size
        work.begin[s, t + 1] = end


@inlined
def _sum_inputs(tables, p, t, b, steps, samples, work, results):
    """Sum what arrives at population `p` in row `t`; count operations and touched neurons.

    Returns
    -------
    at, up : int
        Where in ``work.a`` the sums lie, and by how many bits they are still to be shifted left.
    """
    at, up = _look_ahead(tables, p, t, steps, work)
    if at == 0:
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
        if q.tile >= 0 and work.tiled[q.tile]:
            if at == 0:
                k = tables.tile_records[q.tile]
                of = k.ahead + (t - work.since[q.tile]) * p.size
                add_shifted(work.a, of, q.shift, work.divisor if q.divisor else work.a, p.size)
        else:
            _sum_projection(tables, p, q, first, last, work, work.divisor if q.divisor else work.a)
        if q.form == TILES:
            take_reached(tables, p, q, t, work)
        elif q.form <= VALUES:
            touch(tables.synapses, q.synapse, work.rows, first, last, tables.reachable, work.touched, p.word, p.words)
        ops = sum_of(tables.fan_out, q.fan, work.rows, first, last)
        results.ops[(number * steps + t) * samples + b] = ops
    _count_touched(tables, p, t, b, steps, samples, work, results)
    return at, up


@inlined
def _count_touched(tables, p, t, b, steps, samples, work, results):
    for w in range(p.word, p.word + p.words):
        results.updates[(tables.segment[w] * steps + t) * samples + b] += np.int64(count_ones(work.touched[w]))


@inlined
def _look_ahead(tables, p, t, steps, work):
    """Let the projections by tiles sum the next rows; say where the sums are if nothing is to be added to them."""
    for number in range(p.projection, p.projection + p.projections):
        q = tables.projections[number]
        if q.tile >= 0 and t >= work.until[q.tile]:
            look_ahead(tables, q, t, steps, p.size, work)
    q = tables.projections[p.projection]
    alone = p.projections == 1 and p.update == PLAIN and not p.divided and q.shift >= 0
    if alone and q.tile >= 0 and work.tiled[q.tile]:
        return tables.tile_records[q.tile].ahead + (t - work.since[q.tile]) * p.size, 6 + q.shift
    return 0, 6


@inlined
def _sum_projection(tables, p, q, first, last, work, into):
    """Add what the events ``first .. last - 1`` of the lists bring through projection `q` to the sums `into`."""
    if q.form <= VALUES:
        _sum_rows(tables, p, q, first, last, work, into)
    elif q.form <= VALUED_LISTS:
        if q.present >= 0:
            sum_expanded(
                tables.starts, q, tables.present, tables.listed, work.rows, first, last, work.sums16, work.wide,
                work.total,
            )  # fmt: skip
            take_expanded(work.total, work.wide, p.size, q, p, tables.bit, into, work.touched)
        elif q.near:
            _sum_lists(tables, tables.near, p, q, first, last, work, into)
        else:
            _sum_lists(tables, tables.far, p, q, first, last, work, into)
    elif q.form < PLACES:
        _sum_strips(tables, p, q, tables.strips[q.strip], first, last, work, into)
    else:
        s = tables.strips[q.strip]
        place_events(tables.places, s, work.rows, first, last, work.placed, work.begins)
        sum_places(tables, p, q, s, work, into)


@inlined
def _sum_lists(tables, targets, p, q, first, last, work, into):
    if q.form == VALUED_LISTS:
        sum_valued_lists(
            tables.starts, q, targets, tables.listed, work.rows, work.values, first, last, work.wide, p.size,
            tables.bit, p.state, work.touched,
        )  # fmt: skip
        add_wrapped(work.wide, p.size, q.shift, q.modulo, into)
    elif q.sum_bits < WIDE_SUM_BITS:
        sum_lists(tables.starts, q, targets, tables.listed, work.rows, first, last, work.total, p.size)
        take_lists(work.total, p.size, q, into, tables.bit, p, work.touched)
    else:
        sum_long_lists(tables.starts, q, targets, tables.listed, work.rows, first, last, work.wide, p.size)
        take_lists(work.wide, p.size, q, into, tables.bit, p, work.touched)


@inlined
def _sum_strips(tables, p, q, s, first, last, work, into):
    places, masks, marks, rows, touched = tables.places, tables.masks, work.marks, work.rows, work.touched
    if q.form == BYTE_STRIPS:
        sum_strips(places, s, tables.bytes_, q.start, masks, q.synapse, rows, first, last, work.sums16, marks)
        take_strips(s, work.sums16, marks, q.shift, into, tables.bit, p.state, touched)
    elif q.form == SHORT_STRIPS:
        sum_strips(places, s, tables.shorts, q.start, masks, q.synapse, rows, first, last, work.sums32, marks)
        take_strips(s, work.sums32, marks, q.shift, into, tables.bit, p.state, touched)
    else:
        sum_valued_strips(
            places, s, tables.shorts, q.start, masks, q.synapse, rows, work.values, first, last, work.sums64, marks
        )
        take_strips(s, work.sums64, marks, q.shift, into, tables.bit, p.state, touched)


@inlined
def _sum_rows(tables, p, q, first, last, work, into):
    if q.form == BYTES:
        sum_rows(tables.bytes_, q.start, q.stride, work.rows, first, last, work.total)
        add_shifted(work.total, 0, q.shift, into, p.size)
    elif q.form == SHORTS:
        sum_rows(tables.shorts, q.start, q.stride, work.rows, first, last, work.total)
        add_shifted(work.total, 0, q.shift, into, p.size)
    else:
        sum_values(tables.shorts, q.start, q.stride, work.rows, work.values, q.valued, first, last, work.wide)
        add_wrapped(work.wide, p.size, q.shift, 0, into)


@inlined
def _step_by_tiles(tables, p, t, b, steps, samples, work, results):
    """Sum and update population `p` panel by panel, so that the sums of no more than one have to be kept.

    The events of the next panel are laid before this one is multiplied: what has just been written is read slowly.
    """
    q = tables.projections[p.projection]
    k = tables.tile_records[q.tile]
    begin = end = np.int64(0)
    if t >= q.delay:
        begin, end = work.begin[q.source, t - q.delay], work.begin[q.source, t - q.delay + 1]
    if begin < end:
        lay_map(work.map, k.map, tables.spots, k.spots, work.rows, begin, end)
    else:
        for n in range(k.ahead, k.ahead + PANEL_ROWS * k.width):
            work.a[n] = 0
    if not p.counted:
        clear(work.reached, k.reached, p.size)
    first = last = work.begin[p.source, t]
    total, room = np.int64(0), PANEL_ROWS * k.stride
    for group in range(-PANEL_ROWS, k.groups, PANEL_ROWS):
        count, ahead = min(k.groups - group, PANEL_ROWS), group + PANEL_ROWS
        at = ahead // PANEL_ROWS % 2 * room
        if begin < end and ahead < k.groups:
            lay_groups(
                work.map, tables.spots, k.bases + ahead, min(k.groups - ahead, PANEL_ROWS), k.taps, k.lines, k.pitch,
                work.panel, at, k.stride,
            )  # fmt: skip
        if group < 0:
            continue
        if begin < end:
            at = room - at
            total += reach_columns(
                work.panel, at, k.stride, count, k.depth, k.words, tables.synapses, q.synapse, tables.reach, q.reach,
                work.seen, work.columns,
            )  # fmt: skip
            multiply(k, work.panel, at, tables.tiles, work.a, count, k.ahead)
            if not p.counted:
                place_columns(work.columns, count, k.words, k.width, work.reached, k.reached * 64 + group * k.width)
        place, stop = group * k.width, (group + count) * k.width
        last = update_plain(
            p, place, stop, work.a, k.ahead, 6 + q.shift, work.u, work.v, tables.bias, work.rows, last
        )  # fmt: skip
    ops = sum_of(tables.fan_out, q.fan, work.rows, begin, end)
    results.ops[(p.projection * steps + t) * samples + b] = ops
    if p.counted:
        results.updates[(tables.segment[p.word] * steps + t) * samples + b] = total
    else:
        work.since[q.tile] = t
        for w in range(p.word, p.word + p.words):
            work.touched[w] = tables.always[w]
        take_reached(tables, p, q, t, work)
        _count_touched(tables, p, t, b, steps, samples, work, results)
    _write_events(p, first, last, t, b, steps, samples, work, results)


@inlined
def _step(tables, p, at, up, t, b, steps, samples, work, results):
    """Update population `p` with the sums from `at` on, list its events and write what was asked for."""
    begin, rows = work.begin[p.source, t], work.rows
    if p.divided:
        divide(work.a, work.divisor, p.size, p.divisor_min, p.reciprocal_bits, p.quotient_exp)
    if p.update == PLAIN:
        end = update_plain(p, 0, p.size, work.a, at, up, work.u, work.v, tables.bias, rows, begin)
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
    _write_events(p, begin, end, t, b, steps, samples, work, results)
    if p.valued:
        value = p.value * steps * samples + (t * samples + b) * p.size
        for j in range(p.size):
            results.values[value + j] = work.events[j]
    if results.u.size:
        _write_state(p, at, up, p.first * steps * samples + (t * samples + b) * p.size, work, results)


@inlined
def _write_events(p, begin, end, t, b, steps, samples, work, results):
    """Close the list of events of population `p`, count them and write them if they were asked for."""
    work.begin[p.source, t + 1] = end
    count_spikes(results.counts, p.first * samples + b * p.size, work.rows, begin, end)
    to = p.first * steps * samples + (t * samples + b) * p.size
    if results.spikes.size:
        for event in range(begin, end):
            results.spikes[to + work.rows[event]] = 1


@inlined
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
