"""One way to run a program, whichever backend executes it."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import cache
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import numpy as np

from ..exporters.program.bounds import require_readouts_in_range
from ..exporters.program.feed import Feed, Rows
from ..exporters.program.inputs import Events
from ..exporters.program.program import Program
from ..exporters.program.trace import Trace
from ..models.errors import ConfigError, InputError, UnsupportedOp
from .activity import count_activity
from .assemble import make_trace
from .chunks import Run, describe_run, run_chunks, run_to_disk
from .gather import Gathered
from .progress import Progress, Tell, bar
from .spilling import spilled

if TYPE_CHECKING:
    from .engine.fitting import Fit
    from .placement import Placement

BACKENDS = ("engine", "oracle", "lava")
RECORDS = ("spikes", "events", "state")
SAMPLES = ("independent", "stream")


def simulate(
    program: Program,
    x: Rows | dict[str, Rows],
    backend: str = "engine",
    record: tuple[str, ...] = (),
    samples: str = "independent",
    place: Placement | None = None,
    threads: int | None = None,
    *,
    out: str | os.PathLike[str] | None = None,
    resume: bool = False,
    chunk: int | None = None,
    progress: Progress = None,
    **options: Any,
) -> Trace:
    """Run `program` on B samples of T rows.

    Parameters
    ----------
    program : Program
    x : (T, B, *input_shape) array, EventList, LazyInput, or dict of input name to one of them
        An array may lie in a file (`np.memmap`, an h5py data set). Whatever is not an array of bytes in memory is read,
        unpacked and converted chunk by chunk.
    backend : {"engine", "oracle", "lava"}
        "engine" is compiled and event-driven; "oracle" is the readable numpy arbiter; "lava" runs lava-nc's
        fixed-point models in their own environment. All three agree in every bit.
    record : tuple of {"spikes", "events", "state"}
        Spikes as arrays of all rows, as event lists, and u and v of all rows.
    samples : {"independent", "stream"}
        Every sample starts from zero state with nothing in flight; or they follow each other as on a chip that resets
        its neurons at every sample's first row and nothing else, on one thread.
    place : Placement, optional
        Count spikes, operations, messages and updates by core and chip step too, for `price`.
    threads : int, optional
        Of the engine; all processors by default. If samples are fewer, threads share those of a large network.
    out : path, optional
        Write the results to this folder, chunk after chunk; the trace then maps its files (see `load_trace`). Until
        all samples are done the folder has ``.part`` behind its name, and an earlier one stays. Results of the engine
        that do not fit into memory go to files anyway, which are removed with the trace.
    resume : bool
        Go on behind the last complete chunk of an interrupted run with the same `out`. Its program, sizes and first
        sample are compared, the other samples have to be the same.
    chunk : int, optional
        Samples to be run at a time. By default the engine takes all, or as many as need about 256 MB where that saves
        memory.
    progress : bool or callable, optional
        True draws a bar on stderr; a callable is given the number of finished samples.
    **options
        For "lava": ``timeout_s``.

    Raises
    ------
    InputError, NumericRangeError
        For an input that does not match the program, a placement of another program, or samples too long for a
        readout; for a folder that cannot be written or resumed.
    MemoryLimit
        If the run needs more memory, or room on the disk, than there is; it does not start.
    UnsupportedOp
        Naming each kind of population or projection that the backend lacks; for a stream by core.
    BackendUnavailable, BackendFailed
        If Lava is not installed here, or its run died.
    """
    record = (record,) if isinstance(record, str) else tuple(record or ())
    _require_known(backend, record, samples, chunk, out, resume, options)
    if samples == "stream" and place is not None:
        raise UnsupportedOp("A stream is not counted by core; place and price the run with independent samples.")
    if place is not None and place.program.content_hash != program.content_hash:
        raise InputError(f"The placement is of program {place.program.content_hash}, not of {program.content_hash}.")
    engine = backend == "engine" and samples == "independent"
    feed = Feed(program, x, looked_at=not engine)
    require_readouts_in_range(program, feed.steps)
    if engine:
        run, chunk, lacking = _engine(program, feed, record, place, threads, chunk, out is not None)
    else:
        run, chunk, lacking = _other(program, backend, record, place, samples, options), chunk or feed.samples, ""

    def go(tell: Tell | None) -> Trace:
        if out is not None or lacking:
            what = describe_run(program, feed, backend, record, samples, place)
            if out is None:
                return spilled(lambda folder: run_to_disk(feed, run, chunk, folder, False, what, tell), lacking)
            return run_to_disk(feed, run, chunk, out, resume, what, tell)
        if chunk >= feed.samples:
            return run(feed.read(0, feed.samples), tell)
        return run_chunks(feed, run, chunk, Gathered(feed.samples), tell)

    if progress is True:
        with bar(feed.samples) as tell:
            return go(tell)
    return go(progress or None)


def _require_known(
    backend: str,
    record: tuple[str, ...],
    samples: str,
    chunk: int | None,
    out: str | os.PathLike[str] | None,
    resume: bool,
    options: dict[str, Any],
) -> None:
    if samples not in SAMPLES:
        raise ConfigError(f"samples={samples!r} is unknown; known are {', '.join(SAMPLES)}.")
    if record and (unknown := set(record).difference(RECORDS)):
        raise ConfigError(f"record={sorted(unknown)} is unknown; known are {', '.join(RECORDS)}.")
    if backend not in BACKENDS:
        raise ConfigError(f"Backend {backend!r} is unknown; known are {', '.join(BACKENDS)}.")
    if options and backend != "lava":
        raise ConfigError(f"Backend {backend!r} knows no option {', '.join(options)}; timeout_s is Lava's.")
    if chunk is not None and chunk < 1:
        raise ConfigError(f"chunk = {chunk}; give 1 or more samples, or None.")
    if chunk is not None and (backend == "lava" or samples == "stream"):
        raise ConfigError("Lava and a stream run all samples behind one another; leave chunk out.")
    if resume and out is None:
        raise ConfigError("resume=True goes on with a run on disk; name its folder with out=.")


def _engine(
    program: Program,
    feed: Feed,
    record: tuple[str, ...],
    place: Placement | None,
    threads: int | None,
    chunk: int | None,
    out: bool,
) -> tuple[Run, int, str]:
    """Run of the engine, how many samples it takes at a time, and why its results must go to disk, if they must."""
    run_engine, fit = _loaded()
    found = fit(program, feed, record, place, threads, chunk, out)

    def run(events: Events, tell: Tell | None) -> Trace:
        return run_engine(program, events, record, place, threads, tell, found.runners)

    return run, found.chunk, found.lacking


@cache
def _loaded() -> tuple[Callable[..., Trace], Callable[..., Fit]]:
    """Import the engine when it is needed; to look that up again costs a short run a twentieth of its time."""
    from .engine.execute import run_engine
    from .engine.fitting import fit

    return run_engine, fit


def _other(
    program: Program,
    backend: str,
    record: tuple[str, ...],
    place: Placement | None,
    samples: str,
    options: dict[str, Any],
) -> Run:
    """Run of another backend, or of the engine on a stream."""
    if backend == "engine":
        from .engine.stream import run_stream

        return lambda events, tell: run_stream(program, events, record)
    if backend == "oracle":
        return lambda events, tell: _run_oracle(program, events, record, place, samples)
    from .lava import run_lava

    def run(events: Events, tell: Tell | None) -> Trace:
        given = {port.name: events[port.name] for port in program.fed}
        return run_lava(program, given, record, place, samples=samples, progress=tell, **options)

    return run


def _run_oracle(
    program: Program, events: Events, record: tuple[str, ...], place: Placement | None, samples: str
) -> Trace:
    from .oracle import run_rows

    rows = run_rows(program, events, samples)
    shapes = {p.name: (*next(iter(events.values())).shape[:2], *p.shape) for p in program.populations}
    spikes = {n: rows["spikes"][n].reshape(shape).astype(program.events(n).dtype) for n, shape in shapes.items()}
    state = {n: {k: rows[k][n].reshape(shape).astype(np.int32) for k in ("u", "v")} for n, shape in shapes.items()}
    return make_trace(
        program,
        events,
        count_activity(program, {**events, **spikes}, samples),
        {n: s["v"][-1] for n, s in state.items()},
        spikes,
        state,
        record,
        place,
        samples=samples,
        backend="oracle",
        versions={"spikewright": version("spikewright"), "numpy": np.__version__},
    )
