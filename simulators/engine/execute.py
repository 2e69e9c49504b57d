"""Running a program on the kernels: samples in parallel over threads, results as a trace."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from importlib.metadata import version
from itertools import pairwise
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from ...exporters.program.inputs import Events
from ...exporters.program.program import Program
from ...exporters.program.trace import Trace
from ...models.errors import ConfigError
from ..activity import Activity
from ..assemble import make_trace
from .buffers import by_population, by_sample, flat_inputs, new_results
from .plan import Segments, build_tables
from .tables import Ints, Results, Tables, new_workspace

if TYPE_CHECKING:
    from ..placement import Placement

PARTS_PER_THREAD = 4
"""Samples differ in their spikes, so a thread takes several small parts of them instead of one large one."""
SAMPLES_PER_PART = 256
"""Parts are no larger, so that a run can be interrupted between two of them."""


def run_engine(
    program: Program,
    events: Events,
    record: tuple[str, ...] = (),
    place: Placement | None = None,
    threads: int | None = None,
) -> Trace:
    """Run B independent samples; every result equals the oracle's, whatever the number of threads.

    Parameters
    ----------
    program : Program
    events : dict of input name to (T, B, *shape) array
        As `encode_inputs` returns them.
    record : tuple of {"spikes", "state"}
    place : Placement, optional
        Count by core as well.
    threads : int, optional
        By default as many as this process may use processors.

    Raises
    ------
    UnsupportedOp
        Naming every kind that the engine does not have.
    ConfigError
        If `threads` is less than 1.
    """
    if threads is not None and threads < 1:
        raise ConfigError(f"threads = {threads}; give 1 or more, or None for all processors.")
    segments = _segments(program, place)
    tables = build_tables(program, segments) if place else _whole_tables(program, segments)
    steps, samples = next(iter(events.values())).shape[:2]
    results = new_results(tables, steps, samples, "spikes" in record or place is not None, "state" in record)
    run_threads(tables, *flat_inputs(program, events), steps, samples, results, threads or _processors())
    spikes = by_population(program, results.spikes.view(np.int8), steps, samples)
    u, v = (by_population(program, flat, steps, samples) for flat in (results.u, results.v))
    updates = results.updates.reshape(tables.segments, steps, samples)
    return make_trace(
        program,
        events,
        _activity(program, results, segments, updates),
        by_sample(program, results.last, samples),
        spikes,
        {name: {"u": u[name], "v": v[name]} for name in u},
        record,
        place,
        np.moveaxis(updates, 0, -1),
        backend="engine",
        versions=dict(_versions()),
    )


def run_threads(
    tables: Tables,
    spikes: NDArray[np.uint8],
    values: NDArray[np.int32],
    steps: int,
    samples: int,
    results: Results,
    threads: int,
) -> None:
    """Run all samples on `threads` threads; the kernels hold no lock of the interpreter."""
    from .kernels import run_samples

    def run(first: int, stop: int) -> None:
        run_samples(tables, spikes, values, steps, samples, first, stop, new_workspace(tables, steps), results)

    parts = min(samples, max(threads * PARTS_PER_THREAD, samples // SAMPLES_PER_PART))
    cuts = [samples * part // parts for part in range(parts + 1)]
    if min(threads, parts) == 1:
        for first, stop in pairwise(cuts):
            run(first, stop)
        return
    pool = ThreadPoolExecutor(threads)
    try:
        for part in [pool.submit(run, first, stop) for first, stop in pairwise(cuts)]:
            part.result()
    finally:
        pool.shutdown(cancel_futures=True)


_kept: WeakKeyDictionary[Program, Tables] = WeakKeyDictionary()


def _whole_tables(program: Program, segments: Segments) -> Tables:
    """Tables of a program without a placement, kept as long as it lives: making them takes longer than one sample."""
    if program not in _kept:
        _kept[program] = build_tables(program, segments)
    return _kept[program]


@cache
def _versions() -> dict[str, str]:
    return {name: version(name) for name in ("spikewright", "numpy", "numba")}


def _processors() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _segments(program: Program, place: Placement | None) -> Segments:
    """Parts of every population whose updates are counted apart: its cores, which are in the order of its neurons."""
    if place is None:
        return {p.name: [(0, p.size)] for p in program.populations}
    return {p.name: [(c.start, c.stop) for c in place.cores if c.population == p.name] for p in program.populations}


def _activity(program: Program, results: Results, segments: Segments, updates: Ints) -> Activity:
    steps, samples = updates.shape[1:]
    projections = [q for p in program.populations for q in program.into(p.name)]
    ops = results.ops.reshape(len(projections), steps, samples)
    first = np.cumsum([0, *(len(parts) for parts in segments.values())])
    return Activity(
        {
            p.name: counts.reshape(samples, *p.shape).astype(np.int64)
            for p, counts in zip(program.populations, by_sample(program, results.counts, samples).values(), strict=True)
        },
        {q.name: ops[number] for number, q in enumerate(projections)},
        {name: updates[first[n] : first[n + 1]].sum(0) for n, name in enumerate(segments)},
    )
