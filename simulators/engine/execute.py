"""Running a program on the kernels: samples in parallel over threads, results as a trace."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from importlib.metadata import version
from itertools import accumulate, pairwise, starmap
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ...exporters.program.inputs import Events
from ...exporters.program.program import Program
from ...exporters.program.trace import Trace
from ...models.errors import ConfigError
from ..activity import Activity
from ..assemble import make_trace
from .buffers import by_population, flat_inputs, new_results
from .by_core import CountsByCore
from .entries import entries
from .laying import lay
from .order import as_outside
from .prepared import Prepared, prepare
from .tables import Inputs, Ints, Results

if TYPE_CHECKING:
    from ..placement import Placement

INDEPENDENT = 0, 0
"""Samples without rows before their first, and without neurons that are reset again."""
PARTS_PER_THREAD = 4
"""Samples differ in their spikes, so a thread takes several small parts of them instead of one large one."""
SAMPLES_PER_PART = 256
NEURON_ROWS_PER_PART = 1 << 23
"""Parts are no larger, as a run can be interrupted, and tell of its progress, only between two of them."""


def run_engine(
    program: Program,
    events: Events,
    record: tuple[str, ...] = (),
    place: Placement | None = None,
    threads: int | None = None,
    tell: Callable[[int], None] | None = None,
) -> Trace:
    """Run B independent samples; every result equals the oracle's, whatever the number of threads.

    Parameters
    ----------
    program : Program
    events : dict of input name to (T, B, *shape) array
        As `encode_inputs` returns them.
    record : tuple of {"spikes", "events", "state"}
    place : Placement, optional
        Count by core as well.
    threads : int, optional
        By default as many as this process may use processors.
    tell : callable, optional
        Is told now and then how many samples are done.

    Raises
    ------
    ConfigError
        If `threads` is less than 1.
    """
    if threads is not None and threads < 1:
        raise ConfigError(f"threads = {threads}; give 1 or more, or None for all processors.")
    prepared = prepare(program, place)
    steps, samples = next(iter(events.values())).shape[:2]
    results = new_results(prepared.extent, steps, samples, records_spikes(record), "state" in record)
    inputs = flat_inputs(program, events)
    _run_parts(prepared, inputs, steps, samples, results, threads or processors(), tell)
    updates = results.updates.reshape(-1, steps, samples)
    u, v = (by_population(prepared, flat, steps, samples) for flat in (results.u, results.v))
    return make_trace(
        program,
        events,
        _activity(prepared, results, updates),
        by_population(prepared, results.last, samples),
        recorded_spikes(program, prepared, results, steps, samples),
        {name: {"u": u[name], "v": v[name]} for name in u},
        record,
        place,
        None if place is None else CountsByCore(place, prepared.tallies, results.tallies, updates),
        backend="engine",
        versions=engine_versions(),
    )


def records_spikes(record: tuple[str, ...]) -> bool:
    """Whether spikes of all rows are needed."""
    return "spikes" in record or "events" in record


def _run_parts(
    prepared: Prepared,
    inputs: Inputs,
    steps: int,
    samples: int,
    results: Results,
    threads: int,
    tell: Callable[[int], None] | None,
) -> None:
    """Run all samples, part after part or on several threads; the kernels hold no lock of the interpreter."""
    told_inputs, told_results = lay(inputs), lay(results)

    def run(first: int, stop: int) -> int:
        workspace = prepared.take_workspace(steps)
        addresses = prepared.laid_tables.address, workspace.address, told_inputs.address, told_results.address
        entries().run_samples(*addresses, steps, samples, *INDEPENDENT, first, stop)
        prepared.give_back(workspace, steps)
        return stop - first

    cuts = _cuts(prepared, steps, samples, threads)
    if len(cuts) == 2:
        done = run(0, samples)
        if tell is not None:
            tell(done)
        return
    for done in accumulate(_each(run, cuts, threads)):
        if tell is not None:
            tell(done)


def _cuts(prepared: Prepared, steps: int, samples: int, threads: int) -> list[int]:
    """Where the parts of the samples begin and end."""
    most = NEURON_ROWS_PER_PART // (steps * int(prepared.tables.size.sum()))
    parts = -(-samples // min(max(1, most), SAMPLES_PER_PART))
    parts = min(samples, max(parts, threads * PARTS_PER_THREAD if threads > 1 else 1))
    return [samples * part // parts for part in range(parts + 1)]


def _each(run: Callable[[int, int], int], cuts: list[int], threads: int) -> Iterator[int]:
    """Run every part; one that has not begun when the run is interrupted never begins."""
    if threads == 1:
        yield from starmap(run, pairwise(cuts))
        return
    pool = ThreadPoolExecutor(threads)
    try:
        yield from pool.map(run, cuts[:-1], cuts[1:])
    finally:
        pool.shutdown(cancel_futures=True)


def engine_versions() -> dict[str, str]:
    """Versions of what runs a program here."""
    return dict(_versions())


@cache
def _versions() -> dict[str, str]:
    return {name: version(name) for name in ("spikewright", "numpy", "numba")}


def processors() -> int:
    """Processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def recorded_spikes(
    program: Program, prepared: Prepared, results: Results, steps: int, samples: int
) -> dict[str, NDArray[Any]]:
    """Events of every population if they were recorded, and of those that carry values always."""
    found, first = by_population(prepared, results.spikes.view(np.int8), steps, samples), 0
    for name in prepared.valued:
        size, shape = found[name].size, program.source(name).shape
        values = results.values[first : first + size].reshape(steps, samples, -1)
        found[name] = as_outside(values, shape, prepared.images.get(name)).astype(program.events(name).dtype)
        first += size
    return found


def _activity(prepared: Prepared, results: Results, updates: Ints) -> Activity:
    steps, samples = updates.shape[1:]
    ops: dict[str, Ints] = {}
    for name, own in zip(prepared.projections, results.ops.reshape(-1, steps, samples), strict=True):
        ops[name] = ops[name] + own if name in ops else own
    return Activity(
        by_population(prepared, results.counts, samples),
        ops,
        {
            name: updates[own.start] if own.stop - own.start == 1 else np.add.reduce(updates[own])
            for name, own in prepared.segments.items()
        },
    )
