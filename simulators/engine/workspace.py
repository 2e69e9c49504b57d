"""What one thread needs to run samples: states, lists of events and sums."""

from __future__ import annotations

from math import prod
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .record_types import BYTE_STRIPS, PLACES, SHORT_STRIPS, VALUED_STRIPS
from .shapes import AT_ONCE, BLOCK, CACHE_LINE, COLUMNS, MET, PANEL_ROWS, STRIP_EVENTS, record_words, whole_lines
from .tables import Ints, Tables
from .words import WORD

SLACK = 16
"""Places behind a list of spikes that may be written to before the next list begins."""


class Workspace(NamedTuple):
    """What one thread needs to run one sample.

    Attributes
    ----------
    u, v, waiting : (states,) int32
        The last is empty if all populations are PLAIN.
    silent : (states / BLOCK,) int32
        For every 64 neurons, how many steps they are behind; -1 if they must take the next one.
    asleep : (sources,) int64
        Whether neurons of a population may be behind.
    rows : flat int32
        Indices of the neurons that fired: of one row of every part of a population that is cut; then source after
        source, in each row after row.
    values : flat int32
        Values of the events in the same places: of the inputs, or of all sources if a population sends some.
    begin : (sources, T + 1) int64
        Where in `rows` the list of a row begins, which is where that of the row before ends.
    fired : (...,) uint8
        Spikes of one row of one population.
    events : (...,) int32
        Events of one row of one population, with their values.
    total, wide, a, divisor : (...,) int32, int64, int32, int32
        Sums of one projection, and of all that arrive at the two ports of a population; in `a` behind them what
        projections by tiles have summed ahead.
    ahead_since, ahead_until : (sources,) int64
        Rows of a population from which and up to which the sums in `a` were made at once; the first is -1 if not.
    sums16, sums32, sums64, marks : (...,) int16, int32, int64, uint64
        Sums of the strips of a convolution, and which of them any synapse has reached.
    strip_to, strip_of : (...,) int32
        Where strips are to be added, and which.
    placed, begins : (...,) int32, int64
        Channel of every event of a convolution's source, and where the events of a place begin, row after row.
    tap : (...,) int16
        Weights of one tap of a convolution.
    touched : (words,) uint64
    panel : (...,) int8
        Rows of events to multiply.
    until, since, tiled : (projections by tiles,) int64
        Up to which row they have looked ahead, from which row on, and whether they summed anything. Rows of other
        samples are counted from the first one of this.
    counted : (rows T,) int64
        What is counted of a sample, padded to whole lines of the cache: updates of every segment, operations of every
        projection, and of every source how many events there were and the sums of its words.
    few : (...,) int32
        Sums of a population at which little arrives, all zero in between.
    counts : (...,) int32
        Spikes of the neurons of one population.
    met : (2 MET,) int64
        How often a thread has come to wait for the others that share the sample.
    runner, runners : int
        Which of these threads this one is, and how many they are.
    """

    u: NDArray[np.int32]
    v: NDArray[np.int32]
    waiting: NDArray[np.int32]
    silent: NDArray[np.int32]
    asleep: Ints
    rows: NDArray[np.int32]
    values: NDArray[np.int32]
    begin: Ints
    fired: NDArray[np.uint8]
    events: NDArray[np.int32]
    total: NDArray[np.int32]
    wide: Ints
    a: NDArray[np.int32]
    ahead_since: Ints
    ahead_until: Ints
    divisor: NDArray[np.int32]
    sums16: NDArray[np.int16]
    sums32: NDArray[np.int32]
    sums64: Ints
    marks: NDArray[np.uint64]
    strip_to: NDArray[np.int32]
    strip_of: NDArray[np.int32]
    placed: NDArray[np.int32]
    begins: Ints
    tap: NDArray[np.int16]
    touched: NDArray[np.uint64]
    panel: NDArray[np.int8]
    until: Ints
    since: Ints
    tiled: Ints
    counted: Ints
    few: NDArray[np.int32]
    counts: NDArray[np.int32]
    met: Ints
    runner: int
    runners: int


SHARED = ("u", "v", "waiting", "silent", "rows", "values", "begin", "counted", "met")
"""What threads that share a sample have in common: everything of which each part of a population has its own place."""
Rooms = dict[str, tuple[tuple[int, ...], type[np.generic] | np.dtype[Any]]]
"""Shape and type of every array by its name."""


def workspace_rooms(tables: Tables, steps: int) -> Rooms:
    """Arrays of a workspace for samples of `steps` rows."""
    room, own, tiled = _room(tables, steps), tables.strips, tables.tile_records
    places, sent = int(room.sum()), sent_room(tables)
    valued = places if tables.populations["valued"].any() else int(room[: tables.inputs].sum())
    width = sum_room(tables.size)
    flat: dict[str, tuple[int, type[np.generic]]] = {
        "u": (tables.bias.size, np.int32),
        "v": (tables.bias.size, np.int32),
        "waiting": (tables.theta.size, np.int32),
        "asleep": (room.size, np.int64),
        "silent": (tables.bias.size // BLOCK, np.int32),
        "rows": (sent + places, np.int32),
        "values": (sent + valued, np.int32),
        "fired": (width, np.uint8),
        "events": (width, np.int32),
        "total": (width, np.int32),
        "wide": (width, np.int64),
        "a": (
            max([room_of_sums(tables.size, tables.projections), *(tiled["ahead"] + ahead_room(tiled))]) + BLOCK,
            np.int32,
        ),
        "ahead_since": (room.size, np.int64),
        "ahead_until": (room.size, np.int64),
        "divisor": (width, np.int32),
        "sums16": (max(_strip_room(tables, BYTE_STRIPS, PLACES), width if tables.present.size else 0), np.int16),
        "sums32": (_strip_room(tables, SHORT_STRIPS, PLACES), np.int32),
        "sums64": (_strip_room(tables, VALUED_STRIPS), np.int64),
        "marks": (-(-int(tables.strips["size"].max(initial=0)) // WORD) + 2 if len(tables.strips) else 0, np.uint64),
        "strip_to": (_listed_strips(tables), np.int32),
        "strip_of": (_listed_strips(tables), np.int32),
        "placed": (int((own["window"] * own["ins"] * own["rows_in"] * own["columns_in"]).max(initial=0)), np.int32),
        "begins": (int((own["window"] * (own["rows_in"] * own["columns_in"] + 1)).max(initial=0)) + 1, np.int64),
        "tap": (int((2 * COLUMNS * own["ins"] * (own["window"] > 0)).max(initial=0)), np.int16),
        "touched": (tables.always.size, np.uint64),
        "panel": (PANEL_ROWS * int(tiled["stride"].max(initial=0)), np.int8),
        "until": (len(tiled), np.int64),
        "since": (len(tiled), np.int64),
        "tiled": (len(tiled), np.int64),
        "counted": (record_words(int((tables.counters["row"] + tables.counters["words"]).max()) + 1, steps), np.int64),
        "few": (_room_of_few(tables.populations), np.int32),
        "counts": (int(tables.populations["whole"].max()), np.int32),
        "met": (2 * MET, np.int64),
    }
    return {name: ((size,), dtype) for name, (size, dtype) in flat.items()} | {
        "begin": ((room.size, steps + 1), np.int64)
    }


def new_workspaces(tables: Tables, steps: int, runners: int) -> list[Workspace]:
    """Allocate what each of several threads needs that share samples of `steps` rows."""
    room, sizes = _room(tables, steps), workspace_rooms(tables, steps)
    own = {name: sizes.pop(name) for name in (*sizes,) if name not in SHARED}
    shared = _zeros(sizes)
    shared["begin"][:, 0] = sent_room(tables) + np.cumsum(room) - room
    return [Workspace(**shared, **_zeros(own), runner=runner, runners=runners) for runner in range(runners)]


def _zeros(rooms: Rooms) -> dict[str, NDArray[Any]]:
    """Arrays that begin at lines of the cache: no row of a tile lies across two, and no two threads share one."""
    block, arrays, at = aligned(_bytes_of(rooms)), {}, 0
    for name, (shape, kind) in rooms.items():
        size = prod(shape) * np.dtype(kind).itemsize
        arrays[name] = block[at : at + size].view(kind).reshape(shape)
        at += whole_lines(size)
    return arrays


def copied(tables: Tables) -> Tables:
    """Copy the arrays of tables, for another thread."""
    arrays = {name: array for name, array in tables._asdict().items() if isinstance(array, np.ndarray)}
    own = _zeros({name: (array.shape, array.dtype) for name, array in arrays.items()})
    for name, array in arrays.items():
        own[name][...] = array
    return tables._replace(**own)


def _bytes_of(rooms: Rooms) -> int:
    return sum(whole_lines(prod(shape) * np.dtype(kind).itemsize) for shape, kind in rooms.values())


def workspace_bytes(tables: Tables, steps: int, runners: int) -> int:
    """Bytes of the workspaces of so many threads that share samples."""
    rooms = workspace_rooms(tables, steps)
    shared = _bytes_of({name: rooms[name] for name in SHARED})
    return shared + runners * (_bytes_of(rooms) - shared)


def _room(tables: Tables, steps: int) -> Ints:
    """Places for the events of every source in the lists of a sample."""
    return steps * tables.size + SLACK


def sent_room(tables: Tables) -> int:
    """Places for the events of a row of every part of a population that is cut, and for their numbers."""
    own = tables.populations
    return int((own["sent"] + own["size"] + SLACK)[own["size"] < own["whole"]].max(initial=0))


def sum_room(size: Ints) -> int:
    """Sums of the largest of several populations, padded to whole rows of weights."""
    return (int(size.max()) // COLUMNS + 1) * COLUMNS


def room_of_sums(size: Ints, projections: NDArray[np.void]) -> int:
    """Sums of one row of the largest population, or of a window of rows."""
    return max(sum_room(size), int(_window_room(projections).max(initial=0)))


def ahead_room(tiled: NDArray[np.void]) -> Ints:
    """Sums of a panel, for every record of tiles."""
    return PANEL_ROWS * tiled["apart"]


def aligned(size: int) -> NDArray[np.int8]:
    """Zeros from a cache line's beginning on."""
    room = np.zeros(size + CACHE_LINE, np.int8)
    first = -room.ctypes.data % CACHE_LINE
    return room[first : first + size]


def _window_room(projections: NDArray[np.void]) -> Ints:
    return projections["window"] * projections["stride"]


def _room_of_few(populations: NDArray[np.void]) -> int:
    """Sums of the largest population that may sleep, and of whole blocks."""
    own = populations["size"][(populations["sleeps"] != 0) & (populations["fused"] == 0)]
    return -(-int(own.max(initial=0)) // BLOCK) * BLOCK


def _listed_strips(tables: Tables) -> int:
    """Strips that are listed before they are added, of the convolution that has the most."""
    return STRIP_EVENTS * int(tables.strips["most"].max()) + AT_ONCE if len(tables.strips) else 0


def _strip_room(tables: Tables, *forms: int) -> int:
    """Sums of the largest convolution of some forms, with what a strip hangs over and blocks of neurons read behind."""
    own = tables.strips[tables.projections["strip"][np.isin(tables.projections["form"], forms)]]
    return int((own["pitch"] * np.maximum(own["window"], 1)).max()) if len(own) else 0
