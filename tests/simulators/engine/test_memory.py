"""Memory is predicted from the program alone, as it is then allocated."""

import gc
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agreement import laid_out
from kinds import programs_of
from samples import a_program, layered
from spikewright.exporters.program.feed import LazyInput
from spikewright.models.errors import ConfigError, MemoryLimit
from spikewright.simulators.engine import fitting
from spikewright.simulators.engine.available import available_memory
from spikewright.simulators.engine.cutting import cut_program
from spikewright.simulators.engine.memory import predict_memory
from spikewright.simulators.engine.outline import outline
from spikewright.simulators.engine.plan import build_tables
from spikewright.simulators.engine.prepared import Prepared, segments_of
from spikewright.simulators.engine.results import Layout
from spikewright.simulators.engine.shapes import whole_lines
from spikewright.simulators.engine.tables import Tables, bytes_of
from spikewright.simulators.engine.workspace import new_workspaces, workspace_bytes
from spikewright.simulators.run import simulate
from strategies import WIDE_SIZES, programs

SLOW = [HealthCheck.too_slow, HealthCheck.data_too_large]
MEMINFO = "MemTotal: 9 kB\nMemFree: 1 kB\nMemAvailable: 4 kB\n"


@settings(max_examples=120, suppress_health_check=SLOW)
@given(programs_of() | programs(WIDE_SIZES, bits=24, feedback=True), st.none() | st.integers(1, 70), st.integers(1, 3))
def test_every_array_has_the_room_that_was_predicted(drawn: tuple, neurons: int | None, runners: int) -> None:
    program = drawn[0]
    layout = None if neurons is None else laid_out(program, neurons)
    cut = cut_program(program, runners if layout is None else 1)
    segments = segments_of(cut, layout)
    tables, predicted = build_tables(cut, segments, layout)[0], outline(cut, segments, layout)
    for name, ours, theirs in zip(Tables._fields, predicted, tables, strict=True):
        if isinstance(theirs, np.ndarray):
            assert (ours.shape, ours.dtype) == (theirs.shape, theirs.dtype), name
        else:
            assert ours == theirs, name
    steps, samples = next(iter(drawn[1].values())).shape[:2]
    arrays = [a for own in new_workspaces(tables, steps, runners) for a in own if isinstance(a, np.ndarray) and a.size]
    rooms = {a.ctypes.data: whole_lines(a.nbytes) for a in arrays}
    assert workspace_bytes(tables, steps, runners) == sum(rooms.values())
    need = predict_memory(program, steps, samples, ("spikes", "state"), threads=1, place=layout)
    buffers = Layout(Prepared(program, layout), steps, samples, spikes=True, state=True).buffers
    assert need.results == sum(size for size, *_ in buffers)


@pytest.mark.parametrize(
    ("record", "chunk"), [((), None), (("spikes",), None), (("spikes", "state"), 200), ((), 100), (("state",), 1)]
)
@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
def test_a_whole_run_takes_what_was_predicted(record: tuple, chunk: int | None, dtype: type) -> None:
    program, samples = layered((300, 200, 100)), 400
    x = (np.random.default_rng(0).random((12, samples, 300)) < 0.1).astype(dtype)
    simulate(program, x[:2, :1])  # kernels, and what is imported on the way
    simulate(program, x[:, :10], chunk=5)
    fresh = layered((300, 200, 100))
    tracemalloc.start()
    trace = simulate(fresh, x, record=record, threads=1, chunk=chunk)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    need = predict_memory(fresh, 12, samples, record, 1, chunk=chunk, lazy=dtype != np.uint8)
    assert trace.samples == samples
    assert 0.9 * need.total < peak < 1.1 * need.total + 200_000, (need, peak)


def test_a_run_that_cannot_fit_is_refused_before_it_starts(monkeypatch: pytest.MonkeyPatch) -> None:
    program = layered((300, 200, 100))
    x = np.broadcast_to(np.uint8(0), (10, 50_000, 300))
    monkeypatch.setattr(fitting, "_small", lambda: 0)
    monkeypatch.setattr(fitting, "available_memory", lambda: 50_000)
    with pytest.raises(
        MemoryLimit, match=r"needs [\d,]+ bytes of memory even with its results on disk, 50,000 are available"
    ) as told:
        simulate(program, x, record=("spikes",), threads=1)
    assert any("bytes for its tables" in violation for violation in told.value.violations)
    assert told.value.exit_code == 3


def test_results_that_do_not_fit_go_to_disk_as_long_as_the_trace_lives(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    program, rng = layered((300, 200, 100)), np.random.default_rng(0)
    x = (rng.random((10, 3000, 300)) < 0.1).astype(np.uint8)
    expected = simulate(program, x, record=("spikes", "events"))
    monkeypatch.setattr(fitting, "_small", lambda: 0)
    monkeypatch.setattr(fitting, "available_memory", lambda: 4_000_000)
    monkeypatch.setenv("SPIKEWRIGHT_CACHE_DIR", str(tmp_path))
    trace = simulate(program, x, record=("spikes", "events"), threads=1)
    told = capsys.readouterr().err
    (folder,) = (tmp_path / "results").iterdir()
    assert str(folder) in told and "4,000,000 are available" in told
    for name, spikes in expected.spikes.items():
        assert isinstance(trace.spikes[name], np.memmap)
        np.testing.assert_array_equal(trace.spikes[name], spikes)
        np.testing.assert_array_equal(trace.events[name].neuron, expected.events[name].neuron)
        np.testing.assert_array_equal(trace.counts[name], expected.counts[name])
    kept = trace.counts["layer1"]
    del trace
    gc.collect()
    assert not folder.exists()
    np.testing.assert_array_equal(kept, expected.counts["layer1"])  # a mapped file stays as long as it is mapped


def test_results_find_no_place(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    program, x = layered((300, 200, 100)), np.zeros((10, 3000, 300), np.uint8)
    simulate(program, x[:, :1])
    monkeypatch.setattr(fitting, "_small", lambda: 0)
    monkeypatch.setattr(fitting, "available_memory", lambda: 4_000_000)
    (tmp_path / "file").touch()
    monkeypatch.setenv("SPIKEWRIGHT_CACHE_DIR", str(tmp_path / "file"))
    with pytest.raises(MemoryLimit, match=r"cannot go to disk either.*out=FOLDER"):
        simulate(program, x, record=("spikes",), threads=1)


def test_chunks_shrink_to_the_memory_there_is(monkeypatch: pytest.MonkeyPatch) -> None:
    program, x = layered((30, 20, 10)), np.ones((10, 3000, 30), np.float32)
    monkeypatch.setattr(fitting, "_small", lambda: 0)
    monkeypatch.setattr(fitting, "available_memory", lambda: 2_100_000)
    told = []
    trace = simulate(program, x, threads=1, progress=told.append)
    assert told[-1] == 3000 and len(told) > 10
    monkeypatch.undo()
    np.testing.assert_array_equal(trace.output["out"], simulate(program, x).output["out"])


def test_predictions_are_of_sensible_runs() -> None:
    for wrong in ({"steps": 0}, {"samples": 0}, {"threads": 0}, {"chunk": 0}):
        with pytest.raises(ConfigError, match="give 1 or more each"):
            predict_memory(**{"program": a_program(), "steps": 1, "samples": 1, **wrong})


@pytest.mark.parametrize(
    ("groups", "cgroup", "expected"),
    [
        ({}, "", 4096),
        ({"a": ("max", 10, 0), "": (3000, 1500, 100)}, "0::/a", 1600),
        ({"a": (3000, 2800, 100), "": (8000, 1500, 100)}, "0::/a", 300),
        ({"memory/b": (2**63 - 4096, 10, 0), "memory": (2000, 500, 30)}, "3:cpu,memory:/b\n2:cpu:/", 1530),
    ],
)
def test_available_memory_is_the_least_of_all_limits(groups: dict, cgroup: str, expected: int, tmp_path: Path) -> None:
    (tmp_path / "proc/self").mkdir(parents=True)
    (tmp_path / "proc/meminfo").write_text(MEMINFO)
    (tmp_path / "proc/self/cgroup").write_text(cgroup)
    for name, (limit, usage, inactive) in groups.items():
        folder = tmp_path / "groups" / name
        folder.mkdir(parents=True, exist_ok=True)
        old = name.startswith("memory")
        (folder / ("memory.limit_in_bytes" if old else "memory.max")).write_text(f"{limit}\n")
        (folder / ("memory.usage_in_bytes" if old else "memory.current")).write_text(f"{usage}\n")
        (folder / "memory.stat").write_text(f"cache 1\n{'total_' * old}inactive_file {inactive}\n")
    assert available_memory(tmp_path / "proc", tmp_path / "groups") == expected


def test_available_memory_of_this_machine_is_plausible() -> None:
    assert (available_memory() or 0) > 1_000_000
    cut = cut_program(a_program(), 1)
    assert bytes_of(outline(cut, segments_of(cut, None))) < 10_000


def test_a_small_run_is_fitted_once_whatever_is_free_and_wherever_its_results_go(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    program, x = layered((30, 20, 10)), np.ones((9, 4, 30), np.uint8)
    expected = simulate(program, x, threads=1)
    simulate(program, x, threads=1)  # its tables are there now, so that it is known to be small
    monkeypatch.setattr(fitting, "available_memory", lambda: 0)
    monkeypatch.setattr(fitting, "_is_small", lambda *_: pytest.fail("looked at again"))
    lazy = LazyInput(9, 4, lambda first, stop: x[:, first:stop])
    for trace in (
        simulate(program, x, threads=1),
        simulate(program, lazy, threads=1),
        simulate(program, x, threads=1, out=tmp_path / "run"),
    ):
        np.testing.assert_array_equal(trace.output["out"], expected.output["out"])
    monkeypatch.setattr(fitting, "_is_small", lambda *_: False)
    for other in ({"threads": 2}, {"threads": 1, "record": "state"}, {"threads": 1, "chunk": 2}):
        with pytest.raises(MemoryLimit):
            simulate(program, x, **other)
