"""What one thread needs to run samples: states, lists of events and sums."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from .tables import BYTE_STRIPS, SHORT_STRIPS, VALUED_STRIPS, Ints, Tables
from .vectors import COLUMNS

SLACK = 8
"""Places behind a list of spikes that may be written to before the next list begins."""


class Workspace(NamedTuple):
    """What one thread needs to run one sample.

    Attributes
    ----------
    u, v, waiting : (neurons,) int32
        The last is empty if all populations are PLAIN.
    rows : flat int32
        Indices of the neurons that fired: source after source, in each row after row.
    values : flat int32
        Values of the events in the same places: of the inputs, or of all sources if a population sends some.
    begin : (sources, T + 1) int64
        Where in `rows` the list of a row begins, which is where that of the row before ends.
    fired : (...,) uint8
        Spikes of one row of one source.
    eights : (...,) uint64
        The same memory as words of eight bytes.
    events : (...,) int32
        Events of one row of one population, with their values.
    total, wide, a, divisor : (...,) int32, int64, int32, int32
        Sums of one projection, and of all that arrive at the two ports of a population.
    sums16, sums32, sums64, marks : (...,) int16, int32, int64, uint8
        Sums of the strips of a convolution, and which of them any synapse has reached.
    placed, begins : (...,) int32, int64
        Column and channel of every event of a convolution's source, and where the events of a place begin.
    picked : (...,) int32
        Rows of weights that arrive at one place.
    touched : (words,) uint64
    """

    u: NDArray[np.int32]
    v: NDArray[np.int32]
    waiting: NDArray[np.int32]
    rows: NDArray[np.int32]
    values: NDArray[np.int32]
    begin: Ints
    fired: NDArray[np.uint8]
    eights: NDArray[np.uint64]
    events: NDArray[np.int32]
    total: NDArray[np.int32]
    wide: Ints
    a: NDArray[np.int32]
    divisor: NDArray[np.int32]
    sums16: NDArray[np.int16]
    sums32: NDArray[np.int32]
    sums64: Ints
    marks: NDArray[np.uint8]
    placed: NDArray[np.int32]
    begins: Ints
    picked: NDArray[np.int32]
    touched: NDArray[np.uint64]


Rooms = dict[str, tuple[tuple[int, ...], type[np.generic]]]
"""Shape and type of every array by its name."""


def workspace_rooms(tables: Tables, steps: int) -> Rooms:
    """Arrays of a workspace for samples of `steps` rows; `fired`, which is the memory of `eights`, aside."""
    room, own = _room(tables, steps), tables.strips
    valued = room if tables.populations["valued"].any() else room[: tables.inputs]
    width = (int(tables.size.max()) // COLUMNS + 1) * COLUMNS
    strips = range(BYTE_STRIPS, VALUED_STRIPS + 1)
    flat: dict[str, tuple[int, type[np.generic]]] = {
        "u": (tables.bias.size, np.int32),
        "v": (tables.bias.size, np.int32),
        "waiting": (tables.theta.size, np.int32),
        "rows": (int(room.sum()), np.int32),
        "values": (int(valued.sum()), np.int32),
        "eights": (width // 8, np.uint64),
        "events": (width, np.int32),
        "total": (width, np.int32),
        "wide": (width, np.int64),
        "a": (width, np.int32),
        "divisor": (width, np.int32),
        "sums16": (_strip_room(tables, BYTE_STRIPS), np.int16),
        "sums32": (_strip_room(tables, SHORT_STRIPS), np.int32),
        "sums64": (_strip_room(tables, VALUED_STRIPS), np.int64),
        "marks": (_strip_room(tables, *strips) // 8, np.uint8),
        "placed": (int((own["ins"] * own["rows_in"] * own["columns_in"]).max(initial=0)), np.int32),
        "begins": (int((own["rows_in"] * own["columns_in"]).max(initial=0)) + 1, np.int64),
        "picked": (int((own["ins"] * own["taps_y"] * own["taps_x"]).max(initial=0)), np.int32),
        "touched": (tables.always.size, np.uint64),
    }
    return {name: ((size,), dtype) for name, (size, dtype) in flat.items()} | {
        "begin": ((room.size, steps + 1), np.int64)
    }


def new_workspace(tables: Tables, steps: int) -> Workspace:
    """Allocate what a thread needs for samples of `steps` rows."""
    arrays = {name: np.zeros(*room) for name, room in workspace_rooms(tables, steps).items()}
    room = _room(tables, steps)
    arrays["begin"][:, 0] = np.cumsum(room) - room
    return Workspace(fired=arrays["eights"].view(np.uint8), **arrays)


def _room(tables: Tables, steps: int) -> Ints:
    """Places for the events of every source in the lists of a sample."""
    return steps * tables.size + SLACK


def _strip_room(tables: Tables, *forms: int) -> int:
    """Sums of the largest convolution of some forms."""
    own = tables.strips[tables.projections["strip"][np.isin(tables.projections["form"], forms)]]
    return int((own["rows_out"] * own["columns"] * own["channels"]).max(initial=0))
