"""One trace out of those of the chunks of a run, sample after sample."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..exporters.program.event_list import EventList, join_lists
from ..exporters.program.trace import Trace

Key = tuple[str, str]
"""Attribute of a trace, "state.u" and "state.v" for the two of its state, and a name of a population or projection."""
SAMPLE_AXIS = {
    "counts": 0,
    "output": 0,
    "spikes": 1,
    "state.u": 1,
    "state.v": 1,
    "synaptic_ops": 1,
    "updates": 1,
    "by_core": 1,
}


def pieces(trace: Trace) -> Iterator[tuple[Key, NDArray[Any]]]:
    """Yield every array of a trace but those of its event lists."""
    for field in SAMPLE_AXIS:
        attribute, _, part = field.partition(".")
        for name, value in getattr(trace, attribute).items():
            yield (field, name), value[part] if part else value


def assembled(trace: Trace, samples: int, arrays: dict[Key, NDArray[Any]], events: dict[str, EventList]) -> Trace:
    """Return `trace` with other samples: so many, of those arrays and lists."""
    found: dict[str, dict[str, Any]] = {field.partition(".")[0]: {} for field in SAMPLE_AXIS}
    for (field, name), array in arrays.items():
        attribute, _, part = field.partition(".")
        if part:
            found[attribute].setdefault(name, {})[part] = array
        else:
            found[attribute][name] = array
    return replace(trace, samples=samples, events=events, **found)


class Gathered:
    """Results of all B samples in memory."""

    def __init__(self, samples: int) -> None:
        self.samples = samples
        self.done = 0
        self._arrays: dict[Key, NDArray[Any]] = {}
        self._lists: dict[str, list[EventList]] = {}
        self._bare: Trace | None = None

    def __enter__(self) -> Gathered:
        return self

    def __exit__(self, *_: object) -> None:
        """Let go of what is held open."""

    def add(self, trace: Trace) -> None:
        """Take the trace of the samples that come next."""
        part = slice(self.done, self.done + trace.samples)
        for key, array in pieces(trace):
            axis = SAMPLE_AXIS[key[0]]
            if key not in self._arrays:
                shape = (*array.shape[:axis], self.samples, *array.shape[axis + 1 :])
                self._arrays[key] = self._room(key, shape, array.dtype)
            self._arrays[key][(slice(None),) * axis + (part,)] = array
        for name, events in trace.events.items():
            self._extend(name, events)
        self.done = part.stop
        self._bare = assembled(trace, 0, {}, {})  # the trace itself would be kept beside the next one

    def trace(self) -> Trace:
        """Trace of all samples."""
        assert self._bare is not None  # there is at least one sample
        lists = {name: join_lists(parts) for name, parts in self._lists.items()}
        return assembled(self._bare, self.done, self._arrays, lists)

    def _room(self, key: Key, shape: tuple[int, ...], dtype: np.dtype[Any]) -> NDArray[Any]:
        """Make room for an array of all samples."""
        return np.empty(shape, dtype)

    def _extend(self, name: str, events: EventList) -> None:
        """Take the events of the samples that come next."""
        self._lists.setdefault(name, []).append(events)
