"""A run made to fit into memory: in chunks, with its results on disk, or refused before it starts."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple
from weakref import WeakKeyDictionary

from ...exporters.program.feed import Feed
from ...exporters.program.program import Program
from ...models.errors import MemoryLimit
from .available import available_memory
from .memory import COUNTED_BY_CORE, Memory, Need
from .prepared import kept_tables
from .runners import processors, runners_of

if TYPE_CHECKING:
    from ..placement import Placement

SMALL, SHARE = 1 << 24, 64
"""Bytes that need not be asked for, and the share of what was free at first that need not be either."""
KNOWN = 64
"""Sizes of small runs of a program that are remembered."""


class Fit(NamedTuple):
    """How a run fits into memory.

    Attributes
    ----------
    chunk : int
        Samples to be run at a time.
    runners : int
        Threads that share every sample.
    lacking : str
        Why its results must go to disk, if they must, in a sentence.
    """

    chunk: int
    runners: int
    lacking: str = ""


def fit(
    program: Program,
    feed: Feed,
    record: tuple[str, ...],
    place: Placement | None,
    threads: int | None,
    chunk: int | None,
    out: bool,
) -> Fit:
    """Run `chunk` samples at a time, or as many as suit the free memory; send results to disk if they must go there.

    Raises
    ------
    MemoryLimit
        If there is less memory than the run needs.
    """
    key, available = program if place is None else place, threads or processors()
    known, size = _known.get(key), (feed.steps, feed.samples, record, available, chunk)
    if known is not None and (found := known.get(size)) is not None:
        return found
    at_once = min(feed.samples, chunk or feed.samples)
    runners = runners_of(program, feed.steps, at_once, available, place)
    if _is_small(program, feed, record, place, runners):
        small = _known.setdefault(key, {})
        if len(small) == KNOWN:
            small.clear()
        small[size] = small_fit = Fit(chunk or feed.samples, runners)
        return small_fit
    run = program, feed.steps, feed.samples, record, threads, place, feed.bytes_of(1), feed.lazy
    free = available_memory()

    def memory(on_disk: bool) -> Memory:
        need = Need(*run, on_disk, at_once)
        return need.memory(chunk or need.chunk(free))

    def fitted(chunk: int, lacking: str = "") -> Fit:
        return Fit(chunk, runners_of(program, feed.steps, min(chunk, feed.samples), available, place), lacking)

    found = memory(out)
    if free is None or found.total <= free:
        return fitted(found.chunk)
    kept = found if out else memory(True)
    if kept.total <= free:
        return fitted(
            kept.chunk, f"With its results the run needs {found.total:,} bytes of memory, {free:,} are available."
        )
    parts = {name: getattr(kept, name) for name in ("tables", "workspaces", "inputs", "results", "trace")}
    told = [f"{size:,} bytes for its {name}" for name, size in parts.items() if size]
    raise MemoryLimit(
        f"The run needs {kept.total:,} bytes of memory even with its results on disk, {free:,} are available. Run "
        "fewer samples at a time (chunk=...), on fewer threads, or record less. It needs:",
        [*told, f"running {kept.chunk} of {kept.samples} samples at a time"],
    )


def _is_small(program: Program, feed: Feed, record: tuple[str, ...], place: Placement | None, runners: int) -> bool:
    """Whether a run is far too small for memory to matter, which is told in a few microseconds."""
    tables = kept_tables(program, place, runners)
    if tables is None:
        return False
    values = 24 if "state" in record else 16 if record else 1
    rows = feed.steps * feed.samples
    counted = 2 * tables.counted
    if place is not None:
        counted += COUNTED_BY_CORE * len(place.cores) * (1 + program.depth)
    return tables.bias.size * (rows * values + 8 * feed.samples) + 8 * rows * counted < _small()


_known: WeakKeyDictionary[Program | Placement, dict[tuple[Any, ...], Fit]] = WeakKeyDictionary()
"""Of runs that are small whatever is free, read lazily or not, with results on disk or not."""


@cache
def _small() -> int:
    """Bytes of runs that are begun without asking, which takes a millisecond."""
    return max(SMALL, (available_memory() or 0) // SHARE)
