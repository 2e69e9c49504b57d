"""Event recordings: who fired where and when, one array a sample, read when it is asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...models.errors import InputError

EVENT = np.dtype([("x", np.uint16), ("y", np.uint16), ("t", np.int64), ("p", np.uint8)])
"""One event: column and row in pixels, time in microseconds, polarity (1 = ON)."""


@dataclass(frozen=True)
class Events:
    """One part of an event set: ``events[i]`` is the array of sample i, ``events.y[i]`` its class.

    Attributes
    ----------
    name : str
    part : {"train", "test"}
    sensor : (P, H, W)
        Polarities, rows, columns.
    y : ndarray, shape (N,), int64
        Classes.
    source : str
        Where the recordings lie.
    read : callable
        Number of a sample to its array of `EVENT`, shape (events,).
    """

    name: str
    part: str
    sensor: tuple[int, int, int]
    y: NDArray[np.int64]
    source: str
    read: Callable[[int], NDArray[np.void]]

    def __len__(self) -> int:
        return len(self.y)

    def __getitem__(self, number: int) -> NDArray[np.void]:
        """Read sample `number`.

        Raises
        ------
        IndexError
            Outside of 0 to N - 1.
        InputError
            If its recording is damaged or has events outside of the sensor.
        """
        if not 0 <= number < len(self):
            raise IndexError(f"sample {number} of {len(self)}")
        events = self.read(number)
        require_inside(events, self.sensor, f"Sample {number} in {self.source}")
        return events

    def __iter__(self) -> Iterator[NDArray[np.void]]:
        return (self[number] for number in range(len(self)))


def make_events(x: Any, y: Any, t: Any, p: Any, where: str) -> NDArray[np.void]:
    """Put the columns of a recording together.

    Raises
    ------
    InputError
        If a place or polarity does not fit its type; `where` says whose it is.
    """
    events = np.empty(len(t), EVENT)
    events["t"] = t
    for field, values in (("x", x), ("y", y), ("p", p)):
        events[field] = values
        if not np.array_equal(events[field], values):
            raise InputError(f"{where} has events with {field} from {np.min(values)} to {np.max(values)}.")
    return events


def require_inside(events: NDArray[np.void], sensor: tuple[int, int, int], where: str) -> None:
    """Raise InputError if an event lies outside of the sensor (P, H, W); `where` says whose it is."""
    for field, size in zip(("p", "y", "x"), sensor, strict=True):
        low, high = (events[field].min(), events[field].max()) if len(events) else (0, 0)
        if low < 0 or high >= size:
            raise InputError(f"{where} has events with {field} from {low} to {high}; the sensor has 0 to {size - 1}.")


def load_events(name: str, part: str, *, tell: Callable[[str], None] | None = None) -> Events:
    """Open one part of an event set.

    Parameters
    ----------
    name : str
        ``nmnist`` (the authors' folders ``Train`` and ``Test``), ``nmnist-small`` (its first 1000 and 100 samples as
        .npz), both looked for as in `load_images` and never downloaded; or ``tonic:NAME``, a set of the library tonic,
        which downloads it.
    part : {"train", "test"}
    tell : callable, optional
        Is given a sentence before tonic is asked, which may download.

    Raises
    ------
    InputError
        For an unknown set or part, or files that are nowhere or damaged. Recordings are checked when they are read.
    BackendUnavailable
        If tonic is asked for and not installed.
    """
    from .nmnist import load_nmnist, load_nmnist_small

    if part not in ("train", "test"):
        raise InputError(f"{name} has no part {part!r}; it has train and test.")
    if name.startswith("tonic:"):
        from .tonic_sets import load_tonic

        return load_tonic(name.removeprefix("tonic:"), part, tell)
    known = {"nmnist": load_nmnist, "nmnist-small": load_nmnist_small}
    if name not in known:
        raise InputError(f"There is no event set {name!r}; known are {', '.join(known)} and tonic:NAME.")
    return known[name](part)
