"""Events as lists of who fired when, in which sample: what address-event sensors give and what a run records."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...models.errors import InputError
from .ports import Input

Columns = NDArray[np.int32]
LENGTH_MAX = 2**31 - 1
"""Most rows, samples and neurons: what the columns of a list hold."""


@dataclass(frozen=True, eq=False)
class EventList:
    """Events of one input or population over B samples of T rows, in any order.

    Attributes
    ----------
    steps, samples : int
        T and B.
    t, sample, neuron : (events,) integer array
        Row, sample, and index in the flattened input or population. Lists that a run records are sorted by sample,
        then row, then neuron.
    value : (events,) integer array, optional
        Of events that carry one, never 0 where a run recorded them.
    """

    steps: int
    samples: int
    t: NDArray[np.integer]
    sample: NDArray[np.integer]
    neuron: NDArray[np.integer]
    value: NDArray[np.integer] | None = None

    @classmethod
    def of_samples(cls, recordings: Iterable[tuple[Any, ...]], steps: int) -> EventList:
        """Make a list of T = `steps` from ``(t, neuron)`` or ``(t, neuron, value)`` arrays, one tuple a sample."""
        found = [tuple(_column(column) for column in recording) for recording in recordings]
        if len({len(recording) for recording in found}) != 1 or len(found[0]) not in (2, 3):
            raise InputError("Every sample must have t and neuron, or all of them t, neuron and value.")
        lengths = [len(recording[0]) for recording in found]
        if bad := [
            f"sample {number} has columns of {', '.join(str(len(column)) for column in recording)} events"
            for number, recording in enumerate(found)
            if len({len(column) for column in recording}) != 1
        ]:
            raise InputError("Columns of a sample must be equally long:", bad)
        columns = [np.concatenate(column) for column in zip(*found, strict=True)]
        value = columns[2] if len(columns) == 3 else None
        return cls(steps, len(found), columns[0], np.repeat(np.arange(len(found)), lengths), columns[1], value)

    @classmethod
    def of_rows(cls, rows: NDArray[Any], valued: bool = False) -> EventList:
        """List what is not 0 in (T, B, *shape) rows, with the values if they are `valued`."""
        steps, samples = rows.shape[:2]
        flat = np.ascontiguousarray(rows.reshape(steps, samples, -1).swapaxes(0, 1))
        size = flat.shape[2]
        places = np.flatnonzero(flat if valued else flat.view(bool))
        row, neuron = np.divmod(places, size)
        sample, t = np.divmod(row, steps)
        t, sample, neuron = (column.astype(np.int32) for column in (t, sample, neuron))
        return cls(steps, samples, t, sample, neuron, flat.reshape(-1)[places].astype(np.int32) if valued else None)

    def __len__(self) -> int:
        return len(self.t)

    def of(self, first: int, stop: int) -> EventList:
        """Events of the samples ``first .. stop - 1``, which are numbered from 0; the list must be sorted by sample."""
        part = slice(*np.searchsorted(self.sample, (first, stop)))
        value = None if self.value is None else self.value[part]
        sample = self.sample[part].astype(np.int64) - first
        return EventList(self.steps, stop - first, self.t[part], sample, self.neuron[part], value)

    def rows(self, shape: tuple[int, ...], dtype: type[np.generic] = np.uint8) -> NDArray[Any]:
        """(T, B, *shape) array of the events.

        Events without values at one place are one spike; values at one place are added.
        """
        size = int(np.prod(shape))
        flat = np.zeros(self.steps * self.samples * size, dtype)
        t, sample, neuron = (column.astype(np.int64) for column in (self.t, self.sample, self.neuron))
        places = (t * self.samples + sample) * size + neuron
        if self.value is None:
            flat[places] = 1
        else:
            np.add.at(flat, places, self.value.astype(dtype))
        return flat.reshape(self.steps, self.samples, *shape)

    def by_sample(self) -> EventList:
        """The same events sorted by sample, those of a sample in their order; itself if it is sorted already."""
        if not np.any(self.sample[1:] < self.sample[:-1]):
            return self
        order = np.argsort(self.sample, kind="stable")
        value = None if self.value is None else self.value[order]
        return EventList(self.steps, self.samples, self.t[order], self.sample[order], self.neuron[order], value)


def _column(values: Any) -> NDArray[Any]:
    """Values as an array; without any they have no type of their own."""
    array = np.asarray(values)
    return array if array.size else array.astype(np.int32)


def join_lists(lists: list[EventList]) -> EventList:
    """One list of samples one after the other."""
    firsts = np.cumsum([0, *(part.samples for part in lists)])
    moved = [part.sample + np.int32(first) for part, first in zip(lists, firsts[:-1], strict=True)]
    t, neuron = (np.concatenate([getattr(part, name) for part in lists]) for name in ("t", "neuron"))
    values = [part.value for part in lists if part.value is not None]
    value = np.concatenate(values) if values else None
    return EventList(lists[0].steps, int(firsts[-1]), t, np.concatenate(moved), neuron, value)


def require_events(port: Input, events: EventList) -> None:
    """Raise InputError with everything that keeps `events` from being those of the input `port`."""
    if violations := list(_violations(port, events)):
        raise InputError(f"The event list of input {port.name!r} does not fit:", violations)


def _violations(port: Input, events: EventList) -> Iterator[str]:
    for name, number in (("steps", events.steps), ("samples", events.samples)):
        if not 1 <= number <= LENGTH_MAX:
            yield f"{name} = {number}, must be 1 to {LENGTH_MAX}"
    columns = {"t": events.t, "sample": events.sample, "neuron": events.neuron}
    columns |= {} if events.value is None else {"value": events.value}
    bad = {
        name: f"{name} is {column.dtype} {column.shape}, must be integers ({len(events.t)},) as t"
        for name, column in columns.items()
        if column.dtype.kind not in "iu" or column.shape != (len(events.t),)
    }
    yield from bad.values()
    limit = (1 << port.bits) - 1
    reach = {"t": (0, events.steps - 1), "sample": (0, events.samples - 1), "neuron": (0, port.size - 1)}
    for name, (low, high) in (reach | {"value": (-limit, limit)}).items():
        if name in columns and name not in bad:
            wrong = np.flatnonzero((columns[name] < low) | (columns[name] > high))
            if wrong.size:
                first = int(columns[name][wrong[0]])
                yield f"{name} is outside of {low} to {high} in {wrong.size} events, first event {wrong[0]}: {first}"
    if port.kind == "spikes" and events.value is not None:
        yield "it has values, but the input takes spikes; leave value out"
    if port.kind != "spikes" and events.value is None:
        yield "it has no values, but the input takes graded events; give value"
