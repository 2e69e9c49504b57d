"""Running a program on the kernels: samples in parallel over threads, results as a trace."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from importlib.metadata import version
from typing import TYPE_CHECKING

from ...exporters.program.inputs import Events, require_spikes
from ...exporters.program.program import Input, Program
from ...exporters.program.trace import Trace
from ...models.errors import ConfigError
from ..activity import Activity
from ..assemble import make_trace
from .buffers import flat_inputs
from .by_core import CountsByCore
from .entries import entries
from .laying import Laid, lay
from .prepared import Prepared, prepare
from .results import Results
from .runners import processors, run_together, runners_of
from .sharing import share_out
from .tables import Inputs

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
    at_once: int | None = None,
    unseen: tuple[Input, ...] = (),
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
    at_once : int, optional
        Samples that are given at a time, of which B may be the rest; by default B.
    unseen : tuple of Input
        Inputs whose bytes nobody has looked at: the kernels do.

    Raises
    ------
    ConfigError
        If `threads` is less than 1.
    InputError
        If an unseen input holds anything but 0 and 1.
    """
    if threads is not None and threads < 1:
        raise ConfigError(f"threads = {threads}; give 1 or more, or None for all processors.")
    steps, samples = next(iter(events.values())).shape[:2]
    threads = threads or processors()
    prepared = prepare(program, place, runners_of(program, steps, at_once or samples, threads, place))
    results = prepared.new_results(steps, samples, records_spikes(record), "state" in record)
    inputs = flat_inputs(program, events)

    def tell_of_grey() -> None:
        for port in unseen:
            require_spikes(port, events[port.name])

    _run_parts(prepared, inputs, steps, samples, results, threads, tell, tell_of_grey)
    by_core = None
    if place is not None:
        updates = results.flat("updates").reshape(-1, samples, steps).swapaxes(1, 2)
        by_core = CountsByCore(place, prepared.tallies, results.flat("tallies"), updates)
    found = results.arrays()
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
    inputs: Inputs,
    steps: int,
    samples: int,
    results: Results,
    threads: int,
    tell: Callable[[int], None] | None,
    tell_of_grey: Callable[[], None],
) -> None:
    """Run all samples, part after part or on several threads; the kernels hold no lock of the interpreter."""
    told, kernel = lay(inputs), entries().run_samples
    threads //= prepared.runners

    def run(first: int, stop: int) -> None:
        def share(workspace: Laid) -> None:
            addresses = prepared.laid_tables.address, workspace.address, told.address, results.address
            kernel(*addresses, steps, samples, *INDEPENDENT, first, stop)

        workspaces = prepared.take_workspaces(steps)
        run_together(share, workspaces)
        if workspaces[0].arrays.grey[0]:
            tell_of_grey()
        prepared.give_back(workspaces, steps)

    share_out(run, _cuts(prepared, steps, samples, threads), threads, tell)


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
