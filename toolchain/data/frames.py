"""Event recordings as input of a network: events counted or marked in time steps."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...exporters.program.feed import LazyInput
from ...models.errors import InputError
from .events import require_inside

FRAMES_MAX = 1 << 32
"""Largest number of values T x B x P x H x W."""
TIME_MAX = 2**63 - 1
"""Largest product of a sample's microseconds and its steps: what 64 bits hold."""


def events_to_frames(
    events: Iterable[NDArray[np.void]],
    sensor: tuple[int, int, int],
    *,
    steps: int | None = None,
    dt_us: int | None = None,
    count: bool = False,
) -> NDArray[Any]:
    """Sort events into time steps, without randomness.

    Time starts at the first event of every sample. With `steps` alone every sample is cut into that many steps of
    equal length, ``step = floor(steps * (t - t_first) / (t_last - t_first + 1))``, so that T is fixed and the length
    of a step differs. With `dt_us` alone ``step = floor((t - t_first) / dt_us)``, T is what the longest sample needs,
    and shorter ones end in empty steps. With both, steps have the length `dt_us`, and what comes after the last of
    `steps` is left out.

    Parameters
    ----------
    events : iterable of (events,) structured arrays with x, y, t and p
    sensor : (P, H, W)
    steps : int, optional
        T.
    dt_us : int, optional
        Length of a step, microseconds.
    count : bool
        Whether a value is the number of events in its pixel and step, instead of 1 where there is any.

    Returns
    -------
    ndarray, shape (T, B, P, H, W)
        0 and 1, uint8; or the counts, float32.

    Raises
    ------
    InputError
        If neither `steps` nor `dt_us` is given or one is below 1, if there are no samples, an event lies outside of the
        sensor, a sample is longer than `TIME_MAX`, or the frames would be larger than `FRAMES_MAX`.
    """
    if (steps is None and dt_us is None) or min(steps or 1, dt_us or 1) < 1 or 0 in (steps, dt_us):
        raise InputError(f"Frames need at least one step or microsecond a step, got steps={steps}, dt_us={dt_us}.")
    samples = list(events)
    if not samples:
        raise InputError("There are no samples to make frames of.")
    rows = [_steps_of(sample["t"].astype(np.int64), steps, dt_us, number) for number, sample in enumerate(samples)]
    total = steps or 1 + max((int(row.max()) for row in rows if len(row)), default=0)
    size = math.prod(sensor)
    if total * len(samples) * size > FRAMES_MAX:
        raise InputError(
            f"{total} steps x {len(samples)} samples x {size} pixels are more than {FRAMES_MAX} values; "
            "take longer steps or fewer samples."
        )
    frames = np.zeros((total, len(samples), size), np.float32 if count else np.uint8)
    for number, (sample, row) in enumerate(zip(samples, rows, strict=True)):
        kept = row < total
        require_inside(sample, sensor, f"Sample {number}")
        p, y, x = (sample[field][kept].astype(np.intp) for field in ("p", "y", "x"))
        pixels = (p * sensor[1] + y) * sensor[2] + x
        if count:
            np.add.at(frames[:, number], (row[kept], pixels), 1)
        else:
            frames[row[kept], number, pixels] = 1
    return frames.reshape(total, len(samples), *sensor)


def lazy_frames(events: Sequence[NDArray[np.void]], sensor: tuple[int, int, int], **options: Any) -> LazyInput:
    """Frames of an event set that are made when their turn comes, chunk by chunk of a run.

    Parameters
    ----------
    events : sequence of (events,) structured arrays
        An `Events` for example, whose recordings are then read one by one.
    sensor : (P, H, W)
    **options
        Those of `events_to_frames`; `steps`, which is T, has to be given.

    Raises
    ------
    InputError
        If `steps` is not given or there are no samples; while it is read, as `events_to_frames`.
    """
    if not options.get("steps"):
        raise InputError("Frames that are made on demand need steps=, as T is known before the recordings are read.")
    if not len(events):
        raise InputError("There are no samples to make frames of.")

    def read(first: int, stop: int) -> NDArray[Any]:
        return events_to_frames((events[number] for number in range(first, stop)), sensor, **options)

    return LazyInput(options["steps"], len(events), read)


def _steps_of(time_us: NDArray[np.int64], steps: int | None, dt_us: int | None, number: int) -> NDArray[np.int64]:
    """Step of every event of sample `number`."""
    if not len(time_us):
        return time_us
    first, last = int(time_us.min()), int(time_us.max())
    if (last - first + 1) * (steps or 1) > TIME_MAX:
        raise InputError(f"Sample {number} has events from {first} to {last} us, which is no recording of one sample.")
    elapsed = time_us - first
    if dt_us is not None:
        return elapsed // dt_us
    assert steps is not None  # the caller has one of both
    return elapsed * steps // (elapsed.max() + 1)
