"""Results depend neither on how the input comes, nor on chunks, threads, or where the results go."""

import json
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kinds import programs_of
from samples import a_program, able, layered
from spikewright.exporters.program.event_list import EventList
from spikewright.exporters.program.feed import LazyInput
from spikewright.exporters.program.trace import Trace
from spikewright.models.errors import ConfigError, InputError, MemoryLimit
from spikewright.simulators import trace_writing
from spikewright.simulators.chips.profile import load_chip
from spikewright.simulators.engine import execute
from spikewright.simulators.placement import place
from spikewright.simulators.run import simulate
from spikewright.simulators.trace_folder import load_trace

SLOW = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.function_scoped_fixture]
EVERYTHING = ("spikes", "events", "state")


def assert_same(ours: Trace, theirs: Trace) -> None:
    """Compare every field of two traces, types included."""
    for field in fields(Trace):
        assert_equal(getattr(ours, field.name), getattr(theirs, field.name), field.name)


def assert_equal(ours: object, theirs: object, where: str) -> None:
    if isinstance(theirs, Mapping):
        assert isinstance(ours, Mapping) and list(ours) == list(theirs), where
        for name, value in theirs.items():
            assert_equal(ours[name], value, f"{where} of {name}")
    elif isinstance(theirs, EventList):
        for field in fields(EventList):
            assert_equal(getattr(ours, field.name), getattr(theirs, field.name), f"{where}, {field.name}")
    elif isinstance(theirs, np.ndarray):
        assert isinstance(ours, np.ndarray) and ours.dtype == theirs.dtype, where
        np.testing.assert_array_equal(ours, theirs, where)
    else:
        assert ours == theirs, where


def as_list(rows: np.ndarray, valued: bool) -> EventList:
    """List what is not 0, out of order."""
    t, sample, *places = np.nonzero(rows)
    neuron = np.ravel_multi_index(places, rows.shape[2:])
    order = np.random.default_rng(0).permutation(len(t))
    value = rows[rows != 0][order] if valued else None
    return EventList(*rows.shape[:2], t[order], sample[order], neuron[order], value)


@settings(max_examples=50, suppress_health_check=SLOW)
@given(drawn=programs_of(), data=st.data())
def test_results_are_the_same_in_every_way_of_running(drawn: tuple, tmp_path: Path, data: st.DataObject) -> None:
    program, x = drawn
    samples = next(iter(x.values())).shape[1]
    expected = simulate(program, x, record=EVERYTHING, threads=1)
    chunk, threads = data.draw(st.integers(1, samples)), data.draw(st.integers(1, 3))
    kinds = {port.name: port.kind for port in program.inputs}
    listed = {name: as_list(rows, kinds[name] == "graded") for name, rows in x.items()}
    steps = len(next(iter(x.values())))
    lazy = {n: LazyInput(steps, samples, lambda first, stop, rows=rows: rows[:, first:stop]) for n, rows in x.items()}
    for way in (x, listed, lazy):
        out = data.draw(st.sampled_from([None, tmp_path / "results"]))
        found = simulate(program, way, record=EVERYTHING, threads=threads, chunk=chunk, out=out)
        assert_same(found, expected)
    for p in program.populations:
        rows = expected.events[p.name].rows(p.shape, expected.spikes[p.name].dtype)
        np.testing.assert_array_equal(rows, expected.spikes[p.name])
        events = expected.events[p.name]
        places = (events.sample.astype(np.int64) * steps + events.t) * p.size + events.neuron
        assert (np.diff(places) > 0).all()


@settings(max_examples=10, suppress_health_check=SLOW)
@given(drawn=programs_of(), chunk=st.integers(1, 4), backend=st.sampled_from(["engine", "oracle"]))
def test_counts_by_core_do_not_depend_on_chunks(drawn: tuple, chunk: int, backend: str, tmp_path: Path) -> None:
    program, x = drawn
    layout = place(program, able(load_chip("loihi1-davies2018")))
    expected = simulate(program, x, backend, place=layout)
    assert_same(simulate(program, x, backend, place=layout, chunk=chunk, out=tmp_path / "results"), expected)


def test_files_of_samples_are_read_as_they_are_needed(tmp_path: Path) -> None:
    import h5py

    program = a_program()
    x = (np.random.default_rng(0).random((6, 9, 3)) < 0.5).astype(np.uint8)
    expected = simulate(program, x, record=EVERYTHING)
    np.save(tmp_path / "x.npy", x)
    asked = []

    def read(first: int, stop: int) -> EventList:
        asked.append((first, stop))
        return as_list(x[:, first:stop], False)

    with h5py.File(tmp_path / "x.h5", "w") as file:
        stored = file.create_dataset("x", data=x.astype(np.int32))
        items = [x[:, number].astype(np.float32) for number in range(9)]
        for way in (
            np.load(tmp_path / "x.npy", mmap_mode="r"),
            stored,
            LazyInput.of_items(items),
            LazyInput(6, 9, read),
        ):
            assert_same(simulate(program, way, record=EVERYTHING, chunk=4), expected)
    assert asked == [(0, 4), (4, 8), (8, 9)]


def test_an_event_list_says_everything_that_does_not_fit() -> None:
    columns = (np.array([0, 5, -1]), np.array([0, 1, 9]), np.array([3, 0, 1]))
    with pytest.raises(InputError, match="event list of input 'in'") as told:
        simulate(a_program(), EventList(5, 2, *columns, np.ones(3, np.int64)))
    assert told.value.violations == (
        "t is outside of 0 to 4 in 2 events, first event 1: 5",
        "sample is outside of 0 to 1 in 1 events, first event 2: 9",
        "neuron is outside of 0 to 2 in 1 events, first event 0: 3",
        "it has values, but the input takes spikes; leave value out",
    )
    with pytest.raises(InputError) as told:
        simulate(a_program(), EventList(0, 2, np.zeros(2), np.zeros(3, int), np.zeros(2, int)))
    assert [violation.split(" ")[0] for violation in told.value.violations] == ["steps", "t", "sample"]


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.int16, np.uint64])
def test_columns_may_be_of_any_integer_type(dtype: type) -> None:
    """Chunks begin behind what a narrow type can number, and sums of signed and unsigned integers are no integers."""
    columns = [np.array(column, dtype) for column in ([0, 1, 3], [0, 200, 255], [2, 0, 1])]
    events = EventList(4, 400, *columns)
    expected = simulate(a_program(), events.rows((3,)), record=EVERYTHING)
    assert_same(simulate(a_program(), events, record=EVERYTHING, chunk=100), expected)


def test_events_at_one_place_are_one_spike_and_recordings_join() -> None:
    events = EventList.of_samples([([0, 0, 2], [1, 1, 2]), ([], []), ([1], [0])], steps=3)
    rows = np.zeros((3, 3, 3), np.uint8)
    rows[0, 0, 1] = rows[2, 0, 2] = rows[1, 2, 0] = 1
    np.testing.assert_array_equal(events.rows((3,)), rows)
    assert_same(simulate(a_program(), events), simulate(a_program(), rows))
    with pytest.raises(InputError, match="sample 1 has columns of 1, 2 events"):
        EventList.of_samples([([0], [1]), ([0], [1, 2])], steps=3)
    with pytest.raises(InputError, match="all of them t, neuron and value"):
        EventList.of_samples([([0], [1]), ([0], [1], [2])], steps=3)


def test_a_reader_that_gives_other_samples_is_named() -> None:
    lazy = LazyInput(4, 6, lambda first, stop: np.ones((4, 1, 3), np.uint8))
    with pytest.raises(InputError, match=r"Samples 0 to 1: Input 'in': reading 2 samples gave \(4, 1, 3\)"):
        simulate(a_program(), lazy, chunk=2)
    grey = LazyInput(4, 6, lambda first, stop: np.full((4, stop - first, 3), first, np.uint8))
    with pytest.raises(InputError, match=r"Samples 2 to 3: .* grey values from 2 to 2"):
        simulate(a_program(), grey, chunk=2)
    with pytest.raises(InputError, match="both must be 1 or more"):
        simulate(a_program(), LazyInput(4, 0, lambda first, stop: np.zeros((4, 0, 3))))


class Stop(Exception):
    """Somebody has had enough."""


def interrupted(program, x: np.ndarray, out: Path, after: int, **options) -> None:
    def tell(done: int) -> None:
        if done >= after:
            raise Stop

    with pytest.raises(Stop):
        simulate(program, x, out=out, chunk=4, progress=tell, record=EVERYTHING, **options)


def test_an_interrupted_run_keeps_what_is_complete_and_goes_on(tmp_path: Path) -> None:
    program, out = layered((30, 20, 10)), tmp_path / "results"
    x = (np.random.default_rng(0).random((8, 18, 30)) < 0.3).astype(np.uint8)
    expected = simulate(program, x, record=EVERYTHING)
    interrupted(program, x, out, 12)
    assert not out.exists()
    assert_same(load_trace(f"{out}.part"), simulate(program, x[:, :8], record=EVERYTHING))
    with pytest.raises(InputError, match=r"holds no trace.*An interrupted run left .*results\.part"):
        load_trace(out)
    asked = []

    def read(first: int, stop: int) -> np.ndarray:
        asked.append((first, stop))
        return x[:, first:stop]

    trace = simulate(program, LazyInput(8, 18, read), record=EVERYTHING, out=out, chunk=5, resume=True)
    assert asked == [(0, 1), (8, 13), (13, 18)]
    assert_same(trace, expected)
    assert isinstance(trace.state["layer1"]["v"], np.memmap) and not trace.counts["layer1"].flags.writeable
    assert not Path(f"{out}.part").exists() and {file.suffix for file in out.iterdir()} == {".npy", ".json"}
    neurons = next(e for e in json.loads((out / "trace.json").read_text())["events"] if e["name"] == "layer1")
    np.testing.assert_array_equal(np.load(out / neurons["files"]["neuron"]), expected.events["layer1"].neuron)
    assert_same(simulate(program, x, record=EVERYTHING, out=out, resume=True), expected)
    assert_same(simulate(program, x[:, :3], out=out), simulate(program, x[:, :3]))


def test_another_run_is_not_resumed(tmp_path: Path) -> None:
    program, out = layered((30, 20, 10)), tmp_path / "results"
    x = np.ones((8, 18, 30), np.uint8)
    interrupted(program, x, out, 12)
    with pytest.raises(InputError, match="holds another run") as told:
        simulate(layered((30, 20, 9)), 1 - x[:, :9], out=out, resume=True)
    assert [v.split(" ")[0] for v in told.value.violations] == ["program_hash", "samples", "record", "first_sample"]
    part = Path(f"{out}.part")
    lock = trace_writing._alone(part)
    with pytest.raises(InputError, match="Another run writes to"):
        simulate(program, x, out=out)
    trace_writing.os.close(lock)
    (part / "trace.json").write_text("{")
    with pytest.raises(InputError, match="is damaged"):
        simulate(program, x, out=out, resume=True)
    simulate(program, x, out=out)
    header = json.loads((out / "trace.json").read_text())
    for file in (header["arrays"][0]["file"], "../trace.json", "nothing.npy"):
        header["arrays"][0]["file"] = file
        header["arrays"][0]["shape"] = [1]
        (out / "trace.json").write_text(json.dumps(header))
        with pytest.raises(InputError, match="is damaged"):
            load_trace(out)
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "letter.txt").write_text("Dear")
    with pytest.raises(InputError, match="was not written by spikewright"):
        simulate(program, x, out=tmp_path / "mine")


def test_a_full_disk_is_told_before_the_results_are_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(trace_writing.os, "posix_fallocate", full)
    with pytest.raises(MemoryLimit, match="No space left on device"):
        simulate(a_program(), np.ones((2, 2, 3), np.uint8), out=tmp_path / "results")


def test_ctrl_c_ends_a_run_between_two_parts(tmp_path: Path) -> None:
    code = """
import os, signal, sys, time
import numpy as np
from samples import layered
from spikewright.simulators.run import simulate
def tell(done):
    if done == 600:
        os.kill(os.getpid(), signal.SIGINT)
x = np.broadcast_to(np.uint8(1), (8, 3000, 30))
try:
    simulate(layered((30, 20, 10)), x, out="results", chunk=300, threads=2, progress=tell)
except KeyboardInterrupt:
    sys.exit(7)
"""
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, env=_paths(), timeout=100)
    assert done.returncode == 7
    assert load_trace(tmp_path / "results.part").samples in (300, 600)


def _paths() -> dict[str, str]:
    import os

    return os.environ | {
        "PYTHONPATH": os.pathsep.join([str(Path(__file__).parents[1]), os.environ.get("PYTHONPATH", "")])
    }


def test_a_run_tells_how_far_it_is(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture) -> None:
    monkeypatch.setattr(execute, "NEURON_ROWS_PER_PART", 100)
    x = np.ones((2, 40, 3), np.uint8)
    for threads, chunk in ((1, 30), (3, 30), (2, 40)):
        told: list[int] = []
        simulate(a_program(), x, threads=threads, chunk=chunk, progress=told.append)
        assert told == sorted(set(told)) and told[-1] == 40 and len(told) >= (4 if threads == 1 else -(-40 // chunk))
    simulate(a_program(), x, progress=True)
    assert "40/40" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("options", "match"),
    [
        ({"chunk": 0}, "chunk = 0"),
        ({"chunk": 2, "samples": "stream"}, "leave chunk out"),
        ({"resume": True}, "name its folder with out="),
        ({"record": ("colours",)}, "known are spikes, events, state"),
    ],
)
def test_options_that_mean_nothing_are_refused(options: dict, match: str) -> None:
    with pytest.raises(ConfigError, match=match):
        simulate(a_program(), np.ones((1, 3, 3)), **options)
