"""Running samples chunk by chunk, so that memory depends on the chunk and not on the data set."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from ..exporters.program.feed import Feed
from ..exporters.program.inputs import Events
from ..exporters.program.program import Program
from ..exporters.program.trace import Trace
from .gather import Gathered
from .progress import Tell

if TYPE_CHECKING:
    from .placement import Placement

Run = Callable[[Events, Tell | None], Trace]
Path = str | os.PathLike[str]


def run_chunks(feed: Feed, run: Run, chunk: int, store: Gathered, tell: Tell | None) -> Trace:
    """Run what `store` has not yet of the samples of `feed`, `chunk` of them at a time.

    Parameters
    ----------
    feed : Feed
    run : callable
        Makes a trace of encoded samples, and is told whom to tell how many of them are done.
    chunk : int
    store : Gathered
        Takes the traces of the chunks.
    tell : callable, optional
    """
    while store.done < feed.samples:
        first, stop = store.done, min(store.done + chunk, feed.samples)
        store.add(_run(feed, run, first, stop, None if tell is None else _behind(tell, first)))
    return store.trace()


def _run(feed: Feed, run: Run, first: int, stop: int, tell: Tell | None) -> Trace:
    with feed.naming(first, stop):
        return run(feed.read(first, stop), tell)


def _behind(tell: Tell, first: int) -> Tell:
    return lambda done: tell(first + done)


def run_to_disk(
    feed: Feed, run: Run, chunk: int, out: Path, resume: bool, what: dict[str, Any], tell: Tell | None
) -> Trace:
    """Run as `run_chunks` does and write the results to the folder `out`; `what` says what is run."""
    from .trace_writing import TraceFolder

    with TraceFolder(out, what | {"first_sample": _digest(feed.read(0, 1))}, resume) as store:
        return run_chunks(feed, run, chunk, store, tell)


def describe_run(
    program: Program, feed: Feed, backend: str, record: tuple[str, ...], samples: str, place: Placement | None
) -> dict[str, Any]:
    """What decides the results of a run, but for its input, in plain numbers and texts."""
    return {
        "program_hash": program.content_hash,
        "backend": backend,
        "steps": feed.steps,
        "samples": feed.samples,
        "record": sorted(record),
        "order": samples,
        "placement": place.layout if place else None,
    }


def _digest(events: Events) -> str:
    """SHA-256 of encoded samples."""
    digest = hashlib.sha256()
    for name in sorted(events):
        digest.update(name.encode())
        digest.update(np.ascontiguousarray(events[name]).tobytes())
    return digest.hexdigest()
