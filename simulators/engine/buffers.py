"""The flat arrays that kernels read, and the room for those that they write."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...exporters.program.inputs import Events
from ...exporters.program.program import Program
from .laying import Laid, lay
from .shapes import CACHE_LINE
from .tables import Inputs, Tables

SHARED = 1 << 14
"""Bytes of the largest member of the results that has no buffer of its own: who keeps one keeps the others with it."""

WRITTEN = ("counts", "last")
"""Members of the results of which the kernels write every element; of others only those that are not 0."""


NO_SPIKES, NO_VALUES = np.zeros(0, np.uint8), np.zeros(0, np.int32)


def lay_inputs(program: Program, events: Events) -> Laid:
    """Rows of all spike and bias inputs side by side, and of all graded ones; a single one is not copied."""
    spikes: list[NDArray[Any]] = []
    values: list[NDArray[Any]] = []
    for port in program.inputs:
        (values if port.kind == "graded" else spikes).append(events[port.name])
    return lay(
        Inputs(
            _side_by_side(spikes, np.uint8) if spikes else NO_SPIKES,
            _side_by_side(values, np.int32) if values else NO_VALUES,
        )
    )


def _side_by_side(events: list[NDArray[Any]], dtype: type[np.generic]) -> NDArray[Any]:
    if len(events) > 1:
        return np.concatenate([e.reshape(*e.shape[:2], -1) for e in events], axis=2, dtype=dtype).reshape(-1)
    return np.ascontiguousarray(events[0], dtype).reshape(-1)


class Extent(NamedTuple):
    """What the size of results depends on.

    Attributes
    ----------
    neurons, valued : int
        All neurons, and those whose events carry values.
    projections, segments, kept : int
        Of the tables.
    reads_membrane : bool
        Whether an output needs the membranes of the last row.
    """

    neurons: int
    valued: int
    projections: int
    segments: int
    kept: int
    reads_membrane: bool


def extent_of(program: Program, tables: Tables) -> Extent:
    """Extent of a program and its tables."""
    own = tables.populations
    valued = int(own["size"][own["valued"] != 0].sum())
    membrane = any(o.readout == "membrane" for o in program.outputs)
    neurons = int(tables.populations["size"].sum())
    return Extent(neurons, valued, len(tables.projections), tables.segments, tables.kept, membrane)


Rooms = dict[str, tuple[int, type[np.generic]]]
"""Size and type of every member of the results by its name."""


def result_rooms(extent: Extent, steps: int, samples: int, spikes: bool, state: bool) -> Rooms:
    """Rooms of the members of a Results; what nobody reads has none."""
    neurons, rows = extent.neurons, steps * samples
    return {
        "counts": (neurons * samples, np.int64),
        "last": (neurons * samples if extent.reads_membrane else 0, np.int32),
        "ops": (extent.projections * rows, np.int64),
        "updates": (extent.segments * rows, np.int64),
        "tallies": (extent.kept * rows, np.int64),
        "spikes": (neurons * rows if spikes or extent.valued else 0, np.int8),
        "values": (extent.valued * rows, np.int32),
        "u": (neurons * rows if state else 0, np.int32),
        "v": (neurons * rows if state else 0, np.int32),
    }


def result_places(rooms: Rooms) -> tuple[list[int], dict[str, tuple[int, int]]]:
    """Bytes of all buffers, and the buffer of every member with the bytes from its first cache line on.

    The first buffer is that of all small members.
    """
    sizes, places = [CACHE_LINE], {}
    for name, (size, kind) in rooms.items():
        room = -(-size * np.dtype(kind).itemsize // CACHE_LINE) * CACHE_LINE
        if room > SHARED:
            places[name] = len(sizes), 0
            sizes.append(CACHE_LINE + room)
        else:
            places[name] = 0, sizes[0] - CACHE_LINE
            sizes[0] += room
    return sizes, places
