"""The flat arrays that kernels read, and the room for those that they write."""

from __future__ import annotations

from array import array
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...exporters.program.inputs import Events
from ...exporters.program.program import Program
from .laying import WORDS, address_of
from .shapes import CACHE_LINE, record_words
from .tables import Tables

SHARED = 1 << 14
"""Bytes of the largest member of the results that has no buffer of its own: who keeps one keeps the others with it."""

GREY = 3 * WORDS
"""Word of the inputs that is not 0 if spikes among them were not 0 or 1, but events all the same."""
WRITTEN = ("counts", "last", "counted")
"""Members of the results of which the kernels write every element; of others only those that are not 0. A stream leaves
out the rows in which a population has not begun."""


class LaidInputs:
    """Events of all inputs told to compiled code, as `handover.INPUTS` names them.

    Rows of all spike and bias inputs lie side by side, and so do those of all graded ones; a single one is not copied.

    Attributes
    ----------
    words : array of int
        Behind those that are told is one for the kernels to mark, `GREY`.
    address : int
        Of the words; good as long as this lives.
    """

    __slots__ = ("_arrays", "address", "words")

    def __init__(self, program: Program, events: Events) -> None:
        spikes: list[NDArray[Any]] = []
        values: list[NDArray[Any]] = []
        for port in program.inputs:
            (values if port.kind == "graded" else spikes).append(events[port.name])
        self._arrays = own = _side_by_side(spikes, np.uint8), _side_by_side(values, np.int32)
        # Three members of `WORDS` each; the third is one word long, the word behind them all.
        self.words = words = array("q", (*_told(own[0]), *_told(own[1]), 0, 1, 0, 0))
        self.address, _ = words.buffer_info()
        words[2 * WORDS] = self.address + GREY * words.itemsize


def _told(rows: NDArray[Any] | None) -> tuple[int, int, int]:
    return (0, 0, 0) if rows is None else (address_of(rows), rows.size, 0)


def _side_by_side(events: list[NDArray[Any]], dtype: type[np.generic]) -> NDArray[Any] | None:
    if not events:
        return None
    if len(events) > 1:
        return np.concatenate([e.reshape(*e.shape[:2], -1) for e in events], axis=2, dtype=dtype).reshape(-1)
    return np.ascontiguousarray(events[0], dtype)


class Extent(NamedTuple):
    """What the size of results depends on.

    Attributes
    ----------
    neurons, valued : int
        All neurons, and those whose events carry values.
    counted : int
        Rows of what is counted of a sample.
    reads_membrane : bool
        Whether an output needs the membranes of the last row.
    """

    neurons: int
    valued: int
    counted: int
    reads_membrane: bool


def extent_of(program: Program, tables: Tables) -> Extent:
    """Extent of a program and its tables."""
    own = tables.populations
    valued = int(own["size"][own["valued"] != 0].sum())
    membrane = any(o.readout == "membrane" for o in program.outputs)
    neurons = int(tables.populations["size"].sum())
    return Extent(neurons, valued, tables.counted, membrane)


Rooms = dict[str, tuple[int, type[np.generic]]]
"""Size and type of every member of the results by its name."""


def result_rooms(extent: Extent, steps: int, samples: int, spikes: bool, state: bool) -> Rooms:
    """Rooms of the members of a Results; what nobody reads has none."""
    neurons, rows = extent.neurons, steps * samples
    return {
        "counts": (neurons * samples, np.int32),
        "last": (neurons * samples if extent.reads_membrane else 0, np.int32),
        "counted": (record_words(extent.counted, steps) * samples, np.int64),
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
