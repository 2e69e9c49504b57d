"""What a run on Lava returns, and the ways in which it can fail."""

from __future__ import annotations

import json
import os
import tempfile
import time
from pathlib import Path

import numpy as np
import pytest

from spikewright.exporters.lava.export import export_lava
from spikewright.exporters.program.make import make_program
from spikewright.exporters.program.program import VTH_MAX, Input, Output, Population, Program, Projection
from spikewright.models.errors import BackendFailed, BackendUnavailable, InputError
from spikewright.simulators.activity import synaptic_ops, updates
from spikewright.simulators.lava import run_lava, time_limit_s
from spikewright.simulators.lava_environment import find_lava_python
from spikewright.simulators.lava_process import run_folder, temporary_folder
from spikewright.simulators.oracle import run_rows


@pytest.fixture
def program() -> Program:
    rng = np.random.default_rng(1)
    hidden = Population("hidden", (3, 4), 900, 300, 200, np.full(12, 30, np.int32), 1, bias_exp=3)
    readout = Population("readout", (5,), 4095, 0, VTH_MAX, np.zeros(5, np.int32), 2, kind="readout")
    weights = [(rng.integers(-100, 100, s) * 2).astype(np.int16) for s in ((12, 6), (12, 12), (5, 12))]
    projections = (
        Projection("up", "in", "hidden", weights[0]),
        Projection("loop", "hidden", "hidden", weights[1], weight_exp=-2, delay=1),
        Projection("out", "hidden", "readout", weights[2], weight_exp=-1),
    )
    outputs = (Output("class", "readout", "membrane"), Output("activity", "hidden", "spike_count"))
    return make_program((Input("in", (2, 3)),), (hidden, readout), projections, outputs)


@pytest.fixture
def x() -> np.ndarray:
    return (np.random.default_rng(2).random((6, 10, 2, 3)) < 0.4).astype(np.int8)


@pytest.fixture
def nothing_left(monkeypatch):
    """Fails the test if a process, shared memory or a temporary file of its own outlives it; others run beside."""
    token = f"-{os.getpid()}-"
    with tempfile.TemporaryDirectory(prefix="left") as room:
        monkeypatch.setattr(tempfile, "tempdir", room)
        monkeypatch.setattr("spikewright.simulators.lava_process.secrets.token_hex", lambda size: token)
        yield
        deadline = time.monotonic() + 5
        while (left := _left(f"sw{token}", Path(room))) and time.monotonic() < deadline:
            time.sleep(0.05)
        assert not left


def _left(prefix: str, room: Path) -> list[str]:
    files = [str(f) for f in (*Path("/dev/shm").glob(f"{prefix}*"), *room.iterdir())]
    return files + [line for f in Path("/proc").glob("[0-9]*/cmdline") if prefix in (line := _read(f))]


def _read(file: Path) -> str:
    try:
        return file.read_text()
    except OSError:  # the process ended in between
        return ""


@pytest.mark.lava
def test_a_trace_holds_counts_outputs_operations_and_versions(program, x, nothing_left):
    done = []
    trace = run_lava(program, x, record=("spikes",), progress=done.append)
    expected = run_rows(program, {"in": x})
    assert trace.backend == "lava"
    assert trace.program_hash == program.content_hash
    assert trace.versions["lava-nc"] == "0.10.0"
    assert trace.versions["python"].startswith("3.10.")
    assert set(trace.versions) == {"lava-nc", "numpy", "python", "spikewright"}
    assert trace.spikes["hidden"].shape == (6, 10, 3, 4)
    assert trace.state == {}
    hidden = expected["spikes"]["hidden"].reshape(6, 10, 3, 4)
    assert np.array_equal(trace.spikes["hidden"], hidden)
    assert np.array_equal(trace.counts["hidden"], hidden.sum(0))
    assert np.array_equal(trace.output["activity"], hidden.sum(0).reshape(10, 12))
    assert np.array_equal(trace.output["class"], expected["v"]["readout"][-1])
    events = {"in": x, **trace.spikes}
    for counted, wanted in (
        (trace.synaptic_ops, synaptic_ops(program, events)),
        (trace.updates, updates(program, events)),
    ):
        assert all(np.array_equal(counted[name], wanted[name]) for name in wanted)
    assert done == sorted(done)


@pytest.mark.lava
def test_a_model_that_raises_ends_the_run_with_its_reason(program, x, tmp_path, nothing_left):
    folder = export_lava(program, tmp_path / "network")
    network = json.loads((folder / "network.json").read_text())
    network["populations"][0]["vth"] = 2.5
    (folder / "network.json").write_text(json.dumps(network))
    np.savez(folder / "x.npz", **{"input/in": x})
    arguments = ("--input", folder / "x.npz", "--output", folder / "results.npz")
    with pytest.raises(BackendFailed, match="Error in a Lava model"):
        run_folder(find_lava_python(), folder, arguments, limit_s=60)
    assert not (folder / "results.npz").exists()


@pytest.mark.lava
def test_a_folder_of_another_exporter_is_refused(program, x, tmp_path, nothing_left):
    folder = export_lava(program, tmp_path / "network")
    text = (folder / "network.json").read_text()
    (folder / "network.json").write_text(text.replace('"schema_version": 1', '"schema_version": 99'))
    np.savez(folder / "x.npz", **{"input/in": x})
    arguments = ("--input", folder / "x.npz", "--output", folder / "results.npz")
    with pytest.raises(BackendFailed, match="schema version 99"):
        run_folder(find_lava_python(), folder, arguments, limit_s=60)


@pytest.mark.lava
@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"input/in": np.full((3, 1, 2, 3), 7)}, "takes integers from 0 to 1, holds 7 to 7"),
        ({"input/in": np.full((3, 1, 2, 3), 1.0)}, "takes integers from 0 to 1, holds 1.0 to 1.0 of type float64"),
        ({"input/in": np.ones((3, 1, 6), int)}, r"must be \(T, B, \*\[2, 3\]\)"),
        ({"in": np.ones((3, 1, 2, 3), int)}, r"must hold the arrays \['input/in'\], holds \['in'\]"),
    ],
)
def test_the_folder_itself_refuses_what_are_no_events(program, given, message, tmp_path):
    folder = export_lava(program, tmp_path / "network")
    np.savez(folder / "x.npz", **given)
    arguments = ("--input", folder / "x.npz", "--output", folder / "results.npz")
    with pytest.raises(BackendFailed, match=message):
        run_folder(find_lava_python(), folder, arguments, limit_s=60)


@pytest.mark.lava
def test_the_folder_itself_refuses_samples_too_long_for_a_readout(tmp_path):
    readout = Population("sum", (1,), 4095, 0, VTH_MAX, np.zeros(1, np.int32), 1, kind="readout")
    up = Projection("up", "in", "sum", np.array([[254]], np.int16), weight_exp=5)
    program = make_program((Input("in", (1,)),), (readout,), (up,), (Output("out", "sum", "membrane"),))
    folder = export_lava(program, tmp_path / "network")
    arguments = ("--input", folder / "x.npz", "--output", folder / "results.npz")
    np.savez(folder / "x.npz", **{"input/in": np.ones((16, 2, 1), int)})
    run_folder(find_lava_python(), folder, arguments, limit_s=60)
    assert np.load(folder / "results.npz")["membrane/sum"].ravel().tolist() == [16 * 254 * 32 * 64] * 2
    np.savez(folder / "x.npz", **{"input/in": np.ones((17, 2, 1), int)})
    with pytest.raises(BackendFailed, match=r"readouts \['sum'\] left their register"):
        run_folder(find_lava_python(), folder, arguments, limit_s=60)


@pytest.mark.lava
def test_a_folder_deep_down_runs(program, x, tmp_path):
    deep = tmp_path.joinpath(*["a folder with a long name"] * 4)
    deep.mkdir(parents=True)
    folder = export_lava(program, deep / "network")
    np.savez(folder / "x.npz", **{"input/in": x.astype(int)})
    run_folder(find_lava_python(), folder, ("--input", folder / "x.npz", "--output", folder / "y.npz"), limit_s=60)
    assert (folder / "y.npz").exists()


def test_temporary_files_have_room_for_the_paths_of_sockets(tmp_path, monkeypatch):
    deep = tmp_path.joinpath(*["a folder with a long name"] * 4)
    deep.mkdir(parents=True)
    for parent, short in ((deep, False), (Path("/tmp"), True)):
        monkeypatch.setattr(tempfile, "tempdir", str(parent))
        with temporary_folder() as folder:
            assert len(folder) < 75
            assert (Path(folder).parent == parent) is short


@pytest.mark.lava
@pytest.mark.parametrize("limit_s", [0.2, 4.0])
def test_a_run_over_its_time_limit_is_ended(program, limit_s, nothing_left):
    x = np.zeros((50, 400, 2, 3), np.int8)  # half a minute at least
    start = time.monotonic()
    with pytest.raises(BackendFailed, match=rf"time limit of {limit_s:g} s.*timeout_s"):
        run_lava(program, x, timeout_s=limit_s)
    assert time.monotonic() - start < limit_s + 10


@pytest.mark.lava
def test_an_interrupted_run_leaves_nothing_behind(program, nothing_left):
    def interrupt(done: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_lava(program, np.zeros((5, 4000, 2, 3), np.int8), progress=interrupt)


def test_without_an_environment_the_error_says_what_to_do(program, x, monkeypatch):
    monkeypatch.setenv("SPIKEWRIGHT_LAVA_PYTHON", "/nowhere/python")
    with pytest.raises(BackendUnavailable, match="SPIKEWRIGHT_LAVA_PYTHON"):
        run_lava(program, x)


def test_input_of_a_wrong_shape_is_refused(program, monkeypatch):
    monkeypatch.setattr("spikewright.simulators.lava.find_lava_python", lambda: Path(os.devnull))
    with pytest.raises(InputError):
        run_lava(program, np.zeros((6, 10, 7), np.int8))


def test_the_default_time_limit_grows_with_the_run(program):
    assert 120 < time_limit_s(program, 1, 1) < time_limit_s(program, 10, 10) < 200
