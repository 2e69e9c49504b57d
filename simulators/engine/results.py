"""Results of a run: the buffers that the kernels write, and the arrays that people see of them.

Where everything lies depends on the program and the size of the run alone. Finding it takes longer than running a short
sample, so that is done once; and as making a buffer takes long as well, small results share one.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterator
from functools import partial
from math import prod
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .buffers import WRITTEN, result_places, result_rooms
from .laying import address_of
from .order import Image, as_outside
from .shapes import CACHE_LINE
from .tables import Ints

if TYPE_CHECKING:
    from .prepared import Prepared

INT64 = 8
"""Bytes."""
Seen = Callable[[NDArray[Any]], NDArray[Any]]


class Part(NamedTuple):
    """What a member of the results holds of one population or projection.

    Attributes
    ----------
    name : str
    first : int
        Its first element, counted from that of the member.
    shape : tuple of int
    strides : tuple of int, optional
        In bytes, if its elements lie in another order than C's.
    seen : callable, optional
        Makes of it what people see, if that is anything else.
    """

    name: str
    first: int
    shape: tuple[int, ...]
    strides: tuple[int, ...] | None = None
    seen: Seen | None = None


class Member(NamedTuple):
    """A member of the results.

    Attributes
    ----------
    buffer, offset : int
        Where it lies, in bytes from the first cache line of that buffer.
    size : int
    dtype : dtype
    parts : list of (name, offset, shape, strides, seen)
        As in `Part`, but that they too lie so many bytes from there.
    """

    buffer: int
    offset: int
    size: int
    dtype: np.dtype[Any]
    parts: list[tuple[str, int, tuple[int, ...], tuple[int, ...] | None, Seen | None]]


class Layout:
    """Where the results of all runs of one size lie.

    Attributes
    ----------
    buffers : list of (int, list of int, callable)
        Bytes of every buffer, which words of `told` are addresses in it, and what makes it: `np.zeros`, or `np.empty`
        if the kernels write all of it, which leaves its pages to the threads.
    members : dict of str to Member
        As `handover.RESULTS` names them, and in that order.
    told : array of int
        What compiled code is told of them, but for where the buffers lie.
    """

    def __init__(self, prepared: Prepared, steps: int, samples: int, spikes: bool, state: bool) -> None:
        rooms = result_rooms(prepared.extent, steps, samples, spikes, state)
        sizes, places = result_places(rooms)
        partly = {places[name][0] for name, (size, _) in rooms.items() if size and name not in WRITTEN}
        self.buffers: list[tuple[int, list[int], Callable[..., NDArray[Any]]]] = [
            (size, [], np.zeros if buffer in partly else np.empty) for buffer, size in enumerate(sizes)
        ]
        parts = _parts(prepared, steps, samples)
        self.members: dict[str, Member] = {}
        self.told = array("q")
        for name, (size, kind) in rooms.items():
            (buffer, offset), dtype = places[name], np.dtype(kind)
            own = [(p.name, offset + p.first * dtype.itemsize, p.shape, p.strides, p.seen) for p in parts[name] if size]
            self.members[name] = Member(buffer, offset, size, dtype, own)
            if size:
                self.buffers[buffer][1].append(len(self.told))
            self.told.extend((offset, size, 0))


class Results:
    """What the kernels write, for B samples of T rows; a member that nobody asked for has no elements.

    ========  ======  ================================================================================================
    counts    int64   Spikes of a sample; population after population, each (B, size).
    last      int32   The membrane after its last row, in the same order.
    ops       int64   (projections, B, T) synaptic operations in the row in which they arrive.
    updates   int64   (segments, B, T) neurons with a synaptic event or a bias.
    tallies   int64   (words, B, T) events, and sums of words, of all counters. What is counted in a sample lies side
                      by side.
    spikes    int8    1 for every event; population after population, each (T, B, size).
    values    int32   The events of those populations whose events carry values, in the same order.
    u, v      int32   In the same order.
    ========  ======  ================================================================================================

    Attributes
    ----------
    address : int
        Where compiled code is told of them; good as long as this lives.
    """

    def __init__(self, layout: Layout) -> None:
        self._members = layout.members
        self._rooms: list[tuple[NDArray[np.uint8], int]] = []
        self._told = told = layout.told[:]
        for size, words, make in layout.buffers:
            room = make(size, np.uint8)
            corner = address_of(room)
            first = -corner % CACHE_LINE
            self._rooms.append((room, first))
            for word in words:
                told[word] += corner + first
        self.address, _ = told.buffer_info()

    def arrays(self) -> dict[str, dict[str, NDArray[Any]]]:
        """Arrays (..., *shape) of every member by population or projection; none of what nobody asked for."""
        found: dict[str, dict[str, NDArray[Any]]] = {}
        for member, (buffer, _, _, dtype, parts) in self._members.items():
            own = found[member] = {}
            if parts:
                room, first = self._rooms[buffer]
                for name, offset, shape, strides, seen in parts:
                    part = np.ndarray(shape, dtype, room, first + offset, strides)
                    own[name] = part if seen is None else seen(part)
        return found

    def flat(self, member: str) -> NDArray[Any]:
        """All elements of a member."""
        buffer, offset, size, dtype, _ = self._members[member]
        room, first = self._rooms[buffer]
        return np.ndarray(size, dtype, room, first + offset)


def _parts(prepared: Prepared, steps: int, samples: int) -> dict[str, list[Part]]:
    """Parts of every member."""
    rows = steps, samples
    of_samples, of_rows = list(_of_neurons(prepared, (samples,))), list(_of_neurons(prepared, rows))
    return {
        "counts": of_samples,
        "last": of_samples,
        "ops": list(_of_records(prepared.projections, steps, samples)),
        "updates": list(_of_records(prepared.segments, steps, samples)),
        "tallies": [],
        "spikes": of_rows,
        "values": list(_of_values(prepared, rows)),
        "u": of_rows,
        "v": of_rows,
    }


def _of_neurons(prepared: Prepared, rows: tuple[int, ...]) -> Iterator[Part]:
    for name, first, stop, shape in prepared.populations:
        if image := prepared.images.get(name):
            seen = partial(as_outside, shape=shape, image=image)
            yield Part(name, first * prod(rows), (*rows, stop - first), seen=seen)
        else:
            yield Part(name, first * prod(rows), (*rows, *shape))


def _of_records(records: dict[str, int], steps: int, samples: int) -> Iterator[Part]:
    """Parts of whatever has one record or several, whose numbers are then added."""
    first = 0
    for name, count in records.items():
        if count == 1:
            yield Part(name, first, (steps, samples), strides=(INT64, INT64 * steps))
        else:
            yield Part(name, first, (count, samples, steps), seen=_added)
        first += count * samples * steps


def _added(records: Ints) -> Ints:
    return np.add.reduce(records).T


def _of_values(prepared: Prepared, rows: tuple[int, ...]) -> Iterator[Part]:
    first = 0
    for name, start, stop, shape in prepared.populations:
        if dtype := prepared.valued.get(name):
            seen = partial(_as_events, shape=shape, image=prepared.images.get(name), dtype=dtype)
            yield Part(name, first, (*rows, stop - start), seen=seen)
            first += (stop - start) * prod(rows)


def _as_events(
    values: NDArray[Any], shape: tuple[int, ...], image: Image | None, dtype: type[np.integer]
) -> NDArray[Any]:
    return as_outside(values, shape, image).astype(dtype)
