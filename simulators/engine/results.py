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
from .shapes import CACHE_LINE, record_words

if TYPE_CHECKING:
    from .prepared import Prepared

INT64 = 8
"""Bytes."""
Seen = Callable[[NDArray[Any]], NDArray[Any]]


class Part(NamedTuple):
    """What people see of one population or projection.

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
    """Where a member of the results lies, in bytes from the first cache line of a buffer."""

    buffer: int
    offset: int
    size: int
    dtype: np.dtype[Any]


Parts = list[tuple[str, int, tuple[int, ...], tuple[int, ...] | None, Seen | None]]
"""Name, offset in the buffer, shape, strides and `seen` of `Part`."""


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
    arrays : dict of str to (Member, Parts)
        What people see.
    """

    def __init__(self, prepared: Prepared, steps: int, samples: int, spikes: bool, state: bool) -> None:
        rooms = result_rooms(prepared.extent, steps, samples, spikes, state)
        sizes, places = result_places(rooms)
        partly = {places[name][0] for name, (size, _) in rooms.items() if size and name not in WRITTEN}
        self.buffers: list[tuple[int, list[int], Callable[..., NDArray[Any]]]] = [
            (size, [], np.zeros if buffer in partly else np.empty) for buffer, size in enumerate(sizes)
        ]
        self.members: dict[str, Member] = {}
        self.told = array("q")
        for name, (size, kind) in rooms.items():
            buffer, offset = places[name]
            self.members[name] = Member(buffer, offset, size, np.dtype(kind))
            if size:
                self.buffers[buffer][1].append(len(self.told))
            self.told.extend((offset, size, 0))
        self.arrays: dict[str, tuple[Member, Parts]] = {}
        for seen, (name, parts) in _parts(prepared, steps, samples).items():
            _, offset, size, dtype = member = self.members[name]
            own = [(p.name, offset + p.first * dtype.itemsize, p.shape, p.strides, p.seen) for p in parts if size]
            self.arrays[seen] = member, own


class Results:
    """What the kernels write, for B samples of T rows; a member that nobody asked for has no elements.

    ========  ======  ================================================================================================
    counts    int32   Spikes of a sample; population after population, each (B, size).
    last      int32   The membrane after its last row, in the same order.
    counted   int64   (B, rows T), padded to whole lines of the cache: a record of every sample, in which all that is
                      counted of it lies side by side. First updates of every population, neurons with a synaptic event
                      or a bias; then synaptic operations of every projection, in the row in which they arrive; and by
                      core updates of every segment, and of every source how many events there were and sums of words.
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
        self._layout = layout
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
        """Arrays by population or projection of all that people see; none of what nobody asked for.

        Those are "counts", "last", "spikes", "values", "u" and "v", (..., *shape), "ops" and "updates", (T, B), and
        "by_core": "updates" of every core and "sums" of all sources, (rows, T, B).
        """
        found: dict[str, dict[str, NDArray[Any]]] = {}
        for seen, ((buffer, _, _, dtype), parts) in self._layout.arrays.items():
            own = found[seen] = {}
            if parts:
                room, first = self._rooms[buffer]
                for name, offset, shape, strides, make in parts:
                    part = np.ndarray(shape, dtype, room, first + offset, strides)
                    own[name] = part if make is None else make(part)
        return found

    def flat(self, member: str) -> NDArray[Any]:
        """All elements of a member."""
        buffer, offset, size, dtype = self._layout.members[member]
        room, first = self._rooms[buffer]
        return np.ndarray(size, dtype, room, first + offset)


def _parts(prepared: Prepared, steps: int, samples: int) -> dict[str, tuple[str, list[Part]]]:
    """Of all that people see, the member in which it lies, and its parts."""
    rows = steps, samples
    of_samples, of_rows = list(_of_neurons(prepared, (samples,))), list(_of_neurons(prepared, rows))
    return {
        "counts": ("counts", of_samples),
        "last": ("last", of_samples),
        **_of_counts(prepared, steps, samples),
        "spikes": ("spikes", of_rows),
        "values": ("values", list(_of_values(prepared, rows))),
        "u": ("u", of_rows),
        "v": ("v", of_rows),
    }


def _of_neurons(prepared: Prepared, rows: tuple[int, ...]) -> Iterator[Part]:
    for name, first, stop, shape in prepared.populations:
        if image := prepared.images.get(name):
            seen = partial(as_outside, shape=shape, image=image)
            yield Part(name, first * prod(rows), (*rows, stop - first), seen=seen)
        else:
            yield Part(name, first * prod(rows), (*rows, *shape))


def _of_counts(prepared: Prepared, steps: int, samples: int) -> dict[str, tuple[str, list[Part]]]:
    """Parts of the records of all samples: rows of T counts each, one behind the other."""
    rows = prepared.extent.counted
    across = INT64 * record_words(rows, steps)

    def part(name: str, first: int, count: int) -> Part:
        return Part(name, first * steps, (count, steps, samples), (INT64 * steps, INT64, across))

    def parts(counts: dict[str, int], first: int) -> Iterator[Part]:
        for name, count in counts.items():
            own = part(name, first, count)
            if count == 1:
                yield own._replace(shape=own.shape[1:], strides=own.strides[1:])
            else:
                yield own._replace(seen=np.add.reduce)
            first += count

    tables = prepared.tables
    first, cores = len(tables.populations), len(tables.segments)
    behind = first + len(tables.projections)
    by_core = [part("updates", behind, cores), part("sums", behind + cores, rows - behind - cores)] if cores else []
    return {
        "updates": ("counted", list(parts(prepared.parts, 0))),
        "ops": ("counted", list(parts(prepared.projections, first))),
        "by_core": ("counted", by_core),
    }


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
