"""Frames of events against a loop over the events."""

from __future__ import annotations

import math

import numpy as np
import pytest

from spikewright.models.errors import InputError
from spikewright.toolchain.data.events import EVENT
from spikewright.toolchain.data.frames import events_to_frames


def _sample(*rows: tuple[int, int, int, int]) -> np.ndarray:
    return np.array(list(rows), EVENT)


def _random(count: int, sensor: tuple[int, int, int], seed: int) -> list[np.ndarray]:
    rng = np.random.default_rng(seed)
    samples = []
    for size in rng.integers(0, 60, count):
        sample = np.zeros(size, EVENT)
        for field, high in zip(("p", "y", "x", "t"), (*sensor, 1000), strict=True):
            sample[field] = rng.integers(0, high, size)
        samples.append(sample)
    return samples


@pytest.mark.parametrize(("steps", "dt_us"), [(7, None), (1, None), (None, 90), (None, 5000), (4, 100), (30, 50)])
@pytest.mark.parametrize("count", [False, True])
def test_frames_are_what_a_loop_makes(steps: int | None, dt_us: int | None, count: bool) -> None:
    sensor = (2, 3, 5)
    samples = _random(6, sensor, 1)
    frames = events_to_frames(samples, sensor, steps=steps, dt_us=dt_us, count=count)
    spans = [int(s["t"].max() - s["t"].min()) if len(s) else 0 for s in samples]
    expected = np.zeros((steps or max(spans) // (dt_us or 1) + 1, len(samples), *sensor), int)
    for b, sample in enumerate(samples):
        for x, y, t, p in sample.tolist():
            elapsed = t - int(sample["t"].min())
            step = elapsed // dt_us if dt_us else math.floor(elapsed * (steps or 0) / (spans[b] + 1))
            if step < len(expected):
                expected[step, b, p, y, x] += 1
    assert frames.dtype == (np.float32 if count else np.uint8)
    assert np.array_equal(frames, expected if count else expected > 0)


def test_order_and_start_of_the_events_do_not_matter() -> None:
    sample = _random(1, (2, 3, 5), 2)[0]
    moved = sample[::-1].copy()
    moved["t"] += 12345
    first, second = (events_to_frames([s], (2, 3, 5), steps=6, count=True) for s in (sample, moved))
    assert np.array_equal(first, second)


@pytest.mark.parametrize("options", [{}, {"steps": 0}, {"dt_us": 0}, {"steps": -1}, {"steps": 3, "dt_us": -5}])
def test_frames_need_steps(options: dict[str, int]) -> None:
    with pytest.raises(InputError, match="at least one step"):
        events_to_frames([_sample((0, 0, 0, 0))], (1, 1, 1), **options)


def test_frames_that_cannot_be() -> None:
    far = _sample((0, 0, 0, 0), (0, 0, 1 << 40, 0))
    with pytest.raises(InputError, match="take longer steps"):
        events_to_frames([far], (2, 34, 34), dt_us=1)
    ends = _sample((0, 0, -(1 << 62), 0), (0, 0, 1 << 62, 0))
    for options in ({"steps": 1}, {"dt_us": 1 << 62}):
        with pytest.raises(InputError, match=r"Sample 0 has events from -\d+ to \d+ us"):
            events_to_frames([ends], (1, 1, 1), **options)
    with pytest.raises(InputError, match="no samples"):
        events_to_frames([], (2, 34, 34), steps=1)
    with pytest.raises(InputError, match="Sample 1 has events with y from 0 to 2; the sensor has 0 to 1"):
        events_to_frames([far, _sample((0, 0, 0, 0), (0, 2, 0, 0))], (2, 2, 2), steps=1)
