"""From what an integer backend recorded to a `Trace`, the same way for every backend."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..exporters.program.event_list import EventList
from ..exporters.program.inputs import Events
from ..exporters.program.program import Program
from ..exporters.program.trace import Trace
from .activity import Activity

if TYPE_CHECKING:
    from .placement import Placement


def make_trace(
    program: Program,
    events: Events,
    activity: Activity,
    last_membrane: dict[str, NDArray[Any]],
    spikes: dict[str, NDArray[Any]],
    state: dict[str, dict[str, NDArray[Any]]],
    record: Collection[str],
    place: Placement | None = None,
    by_core: Mapping[str, NDArray[np.int64]] | None = None,
    samples: str = "independent",
    *,
    backend: str,
    versions: dict[str, str],
) -> Trace:
    """Assemble a trace from what an integer backend recorded.

    Parameters
    ----------
    program, events
        What was run.
    activity : Activity
    last_membrane : dict of population to (B, *shape) array
        v at the last row, of readout populations at least.
    spikes, state
        As in `Trace`; needed if `record` asks for them, the spikes also if they carry values or to count by core here.
    record : collection of {"spikes", "events", "state"}
    place : Placement, optional
        Count by core too.
    by_core : mapping, optional
        What `count_by_core` returns, if the backend has counted it.
    samples : {"independent", "stream"}
    backend, versions : who ran it.
    """
    if place is not None and by_core is None:
        from .placement import count_by_core

        by_core = count_by_core(program, {**events, **spikes}, place)
    steps, count = next(iter(events.values())).shape[:2]
    sums, lists = activity.counts, {}
    for name, rows in spikes.items():
        graded = program.events(name).graded
        if graded:
            sums = sums | {name: rows.sum(0, dtype=np.int64)}
        if "events" in record:
            lists[name] = EventList.of_rows(rows, graded)
    read = {"spike_count": sums, "membrane": last_membrane}
    return Trace(
        backend=backend,
        versions=versions,
        program_hash=program.content_hash,
        steps=steps,
        samples=count,
        levels=program.levels.copy(),
        counts=activity.counts,
        output={o.name: read[o.readout][o.population].reshape(count, -1) for o in program.outputs},
        spikes=spikes if "spikes" in record else {},
        events=lists,
        state=state if "state" in record else {},
        synaptic_ops=activity.synaptic_ops,
        updates=activity.updates,
        by_core={} if by_core is None else by_core,
        settings=_settings(program, place, samples),
    )


def _settings(program: Program, place: Placement | None, samples: str) -> dict[str, tuple[Any, str]]:
    """Settings of the program, and of the run where they are not the default."""
    settings: dict[str, tuple[Any, str]] = program.settings.copy()
    if place is not None:
        settings["placement"] = place.layout, "argument"
    if samples != "independent":
        settings["samples"] = samples, "argument"
    return settings
