"""Data sets that are read while they run: the same input, never all of it at once."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from samples import a_program, layered
from spikewright.exporters.program.feed import LazyInput
from spikewright.models.errors import InputError
from spikewright.simulators.run import simulate
from spikewright.toolchain.data import events_to_frames, lazy_frames, load_events, load_samples, nmnist
from spikewright.toolchain.data.frames import FRAMES_MAX
from spikewright.toolchain.data.nmnist import read_recording

SIZE = 2 * 34 * 34


def write_recordings(folder: Path, count: int, seed: int) -> None:
    """The authors' files of `count` samples, some of them without an event."""
    rng = np.random.default_rng(seed)
    for number in range(1, count + 1):
        events = int(rng.integers(0, 200)) * (number % 4 > 0)
        bits = np.sort(rng.integers(0, 300_000, events)) | rng.integers(0, 2, events) << 23
        rows = np.stack([*rng.integers(0, 34, (2, events)), bits >> 16, bits >> 8 & 255, bits & 255], 1)
        path = folder / str(number % 10) / f"{number}.bin"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(rows.astype(np.uint8).tobytes())


@pytest.fixture
def recordings(data: Path) -> Path:
    """A small N-MNIST."""
    write_recordings(data / "nmnist" / "Train", 5, 0)
    write_recordings(data / "nmnist" / "Test", 23, 1)
    return data / "nmnist" / "Test"


@pytest.mark.parametrize("encode", ["rate", "direct"])
@pytest.mark.parametrize("spec", ["nmnist", "digits:writer"])
def test_samples_are_the_same_whenever_they_are_read(recordings: Path, spec: str, encode: str) -> None:
    shape = (SIZE,) if spec == "nmnist" else (1, 8, 8)
    eager = load_samples(spec, 6, 19, encode=encode, shape=shape)
    lazy = load_samples(spec, 6, 19, encode=encode, shape=shape, lazy=True)
    assert isinstance(lazy.x, LazyInput) and lazy.x.steps == 6
    assert lazy.count == eager.count == 19 and lazy.name == eager.name
    parts = [lazy.x.read(first, min(first + 8, 19)) for first in range(0, 19, 8)]
    assert parts[0].dtype == eager.x.dtype
    np.testing.assert_array_equal(np.concatenate(parts, 1), eager.x)
    np.testing.assert_array_equal(lazy.calibration, eager.calibration)
    np.testing.assert_array_equal(lazy.y, eager.y)


def test_a_run_reads_recordings_when_their_turn_comes(recordings: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program, read = layered((SIZE, 20, 10)), []
    x = load_samples("nmnist", 6, shape=(SIZE,)).x
    lazy = load_samples("nmnist", 6, shape=(SIZE,), lazy=True).x
    monkeypatch.setattr(nmnist, "read_recording", lambda path: read.append(int(path.stem)) or read_recording(path))
    assert read == []
    trace = simulate(program, lazy, threads=1, chunk=4, progress=lambda done: read.append(f"{done} done"))
    assert read[:6] == [1, 2, 3, 4, "4 done", 5]
    expected = simulate(program, x)
    for name, counts in expected.counts.items():
        np.testing.assert_array_equal(trace.counts[name], counts)
    np.testing.assert_array_equal(trace.output["out"], expected.output["out"])


def test_a_damaged_recording_is_told_in_the_middle_of_a_run(recordings: Path) -> None:
    lazy = load_samples("nmnist", 6, shape=(SIZE,), lazy=True).x
    (recordings / "9" / "19.bin").write_bytes(b"torn")
    with pytest.raises(InputError, match=r"Samples 16 to 19: .*19\.bin has 4 bytes"):
        simulate(layered((SIZE, 20, 10)), lazy, chunk=4)


def test_frames_on_demand_are_frames(recordings: Path) -> None:
    events = load_events("nmnist", "test")
    for options in ({"steps": 7}, {"steps": 30, "dt_us": 5000}, {"steps": 3, "count": True}):
        lazy = lazy_frames(events, events.sensor, **options)
        expected = events_to_frames(events, events.sensor, **options)
        found = [lazy.read(0, 11), lazy.read(11, 23)]
        np.testing.assert_array_equal(np.concatenate(found, 1), expected)
        assert (lazy.steps, lazy.samples) == expected.shape[:2]
    with pytest.raises(InputError, match="need steps="):
        lazy_frames(events, events.sensor, dt_us=1000)
    with pytest.raises(InputError, match="no samples"):
        lazy_frames([], events.sensor, steps=3)


def test_frames_that_would_not_fit_together_are_made_in_turn() -> None:
    samples, steps = 1000, FRAMES_MAX // (1000 * 3) + 1
    recordings = [load_one()] * samples
    with pytest.raises(InputError, match="are more than"):
        events_to_frames(recordings, (1, 1, 3), steps=steps)
    lazy = lazy_frames(recordings, (1, 1, 3), steps=steps)
    part = lazy.read(0, 1).reshape(steps, 1, 3)
    trace = simulate(a_program(), LazyInput(steps, 1, lambda first, stop: part))
    assert trace.synaptic_ops and lazy.samples == samples


def load_one() -> np.ndarray:
    from spikewright.toolchain.data.events import EVENT

    return np.array([(0, 0, 0, 0), (2, 0, 900, 0)], EVENT)


def test_a_file_is_mapped(tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", np.ones((4, 5, 6), np.uint8))
    samples = load_samples(str(tmp_path / "x.npy"), limit=3, lazy=True)
    assert isinstance(samples.x, np.memmap) and samples.x.shape == (4, 3, 6) and samples.count == 3


def test_simulate_runs_a_set_it_has_not_read(run, recordings: Path, tmp_path: Path) -> None:
    program = layered((SIZE, 20, 10))
    program.save(tmp_path / "p.program")
    code, out, _ = run("simulate", "p.program", "--data", "nmnist", "--steps", 6, "--json")
    content = json.loads(out)
    assert code == 0 and content["activity"]["samples"] == 23
    x = load_samples("nmnist", 6, shape=(SIZE,)).x
    assert content["predictions"] == simulate(program, x).predict().tolist()
