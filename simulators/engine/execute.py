"""Running a program on the kernels: samples in parallel over threads, results as a trace."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import cache, partial
from importlib.metadata import version
from typing import TYPE_CHECKING

from ...exporters.program.inputs import Events, require_spikes
from ...exporters.program.program import Program
from ...exporters.program.trace import Trace
from ...models.errors import ConfigError, InputError
from ..activity import Activity
from ..assemble import make_trace
from .buffers import GREY, LaidInputs
from .by_core import CountsByCore
from .entries import entries
from .laying import Laid
from .prepared import Prepared, prepare
from .results import Results
from .runners import processors, run_together, runners_of
from .sharing import Part, share_out

if TYPE_CHECKING:
    from ..placement import Placement

INDEPENDENT = 0, 0
"""Samples without rows before their first, and without neurons that are reset again."""
SHARE = 4
"""Threads are never equally fast, so each takes a fourth of its share of what is left at a time."""
SAMPLES_PER_PART = 256
NEURON_ROWS_PER_PART = 1 << 23
"""Parts are no larger, as a run can be interrupted, and tell of its progress, only between two of them."""
LEAST_NEURON_ROWS = 1 << 19
"""On several threads they are no smaller: handing one out takes some hundredths of the time that it runs."""


def run_engine(
    program: Program,
    events: Events,
    record: tuple[str, ...] = (),
    place: Placement | None = None,
    threads: int | None = None,
    tell: Callable[[int], None] | None = None,
    runners: int | None = None,
) -> Trace:
    """Run B independent samples; every result equals the oracle's, whatever the number of threads.

    Parameters
    ----------
    program : Program
    events : dict of input name to (T, B, *shape) array
        As `encode_inputs` returns them, but that bytes of spikes need not have been looked at.
    record : tuple of {"spikes", "events", "state"}
    place : Placement, optional
        Count by core as well.
    threads : int, optional
        By default as many as this process may use processors.
    tell : callable, optional
        Is told now and then how many samples are done.
    runners : int, optional
        Threads that share every sample; by default as many as is worth it.

    Raises
    ------
    ConfigError
        If `threads` is less than 1.
    InputError
        If spikes are not 0 or 1.
    """
    if threads is not None and threads < 1:
        raise ConfigError(f"threads = {threads}; give 1 or more, or None for all processors.")
    steps, samples = next(iter(events.values())).shape[:2]
    threads = threads or processors()
    prepared = prepare(program, place, runners or runners_of(program, steps, samples, threads, place))
    results = prepared.new_results(steps, samples, records_spikes(record), "state" in record)
    inputs = LaidInputs(program, events)
    _run_parts(prepared, inputs, steps, samples, results, threads // prepared.runners, tell)
    if inputs.words[GREY]:
        _refuse(program, events)
    found = results.arrays()
    by_core = None if place is None else CountsByCore(place, prepared.tallies, **found["by_core"])
    return make_trace(
        program,
        events,
        Activity(found["counts"], found["ops"], found["updates"]),
        found["last"],
        found["spikes"] | found["values"],
        {name: {"u": u, "v": found["v"][name]} for name, u in found["u"].items()},
        record,
        place,
        by_core,
        backend="engine",
        versions=engine_versions(),
    )


def records_spikes(record: tuple[str, ...]) -> bool:
    """Whether spikes of all rows are needed."""
    return "spikes" in record or "events" in record


def _run_parts(
    prepared: Prepared,
    inputs: LaidInputs,
    steps: int,
    samples: int,
    results: Results,
    threads: int,
    tell: Callable[[int], None] | None,
) -> None:
    """Run all samples, part after part or on several threads; the kernels hold no lock of the interpreter.

    They are over at once if spikes are not 0 or 1.
    """
    kernel = entries().run_samples
    input_words, result_words = inputs.address, results.address

    def run_part(tables: int, part: Part, workspace: Laid) -> None:
        kernel(tables, workspace.address, input_words, result_words, steps, samples, *INDEPENDENT, *part)

    def run(parts: Iterable[Part]) -> Iterator[int]:
        desk = prepared.take_desk(steps)  # a thread keeps it: it lies in its processor's cache
        tables, workspaces = desk.tables.address, desk.workspaces
        for part in parts:
            if len(workspaces) == 1:
                run_part(tables, part, workspaces[0])
            else:
                run_together(partial(run_part, tables, part), workspaces)
            yield part[1] - part[0]
        prepared.give_back(desk, steps)

    share_out(run, _cuts(prepared, steps, samples, threads), threads, tell)


def _refuse(program: Program, events: Events) -> None:
    for port in program.fed:
        if port.kind == "spikes":
            require_spikes(port, events[port.name])
    raise InputError("Spikes were not 0 or 1 while they were run, and are now: leave them alone until the run is over.")


def _cuts(prepared: Prepared, steps: int, samples: int, threads: int) -> list[int]:
    """Where the parts of the samples begin and end."""
    if samples == 1:
        return [0, 1]
    rows = steps * prepared.width
    most = min(max(1, NEURON_ROWS_PER_PART // rows), SAMPLES_PER_PART)
    if threads == 1:
        return [*range(0, samples, most), samples]
    cuts, least = [0], max(1, min(LEAST_NEURON_ROWS // rows, samples // threads))
    while cuts[-1] < samples:
        left = samples - cuts[-1]
        cuts.append(cuts[-1] + min(most, left, max(least, left // (threads * SHARE))))
    return cuts


def engine_versions() -> dict[str, str]:
    """Versions of what runs a program here."""
    return dict(_versions())


@cache
def _versions() -> dict[str, str]:
    return {name: version(name) for name in ("spikewright", "numpy", "numba")}
