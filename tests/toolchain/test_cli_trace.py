"""`simulate` with its results in a folder: written, gone on with, read again."""

import json
from pathlib import Path

import numpy as np
import pytest

from samples import layered
from spikewright.exporters.program.feed import Feed
from spikewright.simulators.run import simulate
from spikewright.simulators.trace_folder import load_trace

WORDS = ("simulate", "p.program", "--data", "x.npz", "--json")


@pytest.fixture
def program(tmp_path: Path):
    """A program and its input beside it."""
    made, rng = layered((20, 12, 5)), np.random.default_rng(0)
    made.save(tmp_path / "p.program")
    np.savez(tmp_path / "x.npz", x=(rng.random((6, 300, 20)) < 0.3).astype(np.uint8), y=rng.integers(0, 5, 300))
    return made


def test_results_are_written_as_python_writes_them(run, program, tmp_path: Path) -> None:
    code, out, err = run(*WORDS, "--trace", "made", "--record", "spikes,events")
    content = json.loads(out)
    assert (code, err, content["trace"]) == (0, "", "made")
    found = load_trace(tmp_path / "made")
    expected = simulate(program, np.load(tmp_path / "x.npz")["x"], record=("spikes", "events"))
    for name, spikes in expected.spikes.items():
        np.testing.assert_array_equal(found.spikes[name], spikes)
        np.testing.assert_array_equal(found.events[name].neuron, expected.events[name].neuron)
    assert not found.state and set(found.by_core) > {"spikes", "messages"}
    assert content["predictions"] == found.predict().tolist()
    plain = json.loads(run(*WORDS)[1])
    assert plain.pop("trace") is None and plain.items() <= content.items()


def test_an_interrupted_run_goes_on(run, program, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read, asked = Feed.read, []

    def interrupted(self: Feed, first: int, stop: int):
        asked.append(first)
        if first and len(asked) == 3:
            raise KeyboardInterrupt
        return read(self, first, stop)

    monkeypatch.setattr("spikewright.simulators.engine.fitting._small", lambda: 0)
    monkeypatch.setattr("spikewright.simulators.engine.memory.CHUNK_BYTES", 1 << 18)
    monkeypatch.setattr(Feed, "read", interrupted)
    assert run(*WORDS, "--trace", "made")[0] == 130
    assert 0 < load_trace(tmp_path / "made.part").samples < 300
    asked.append(0)
    code, out, _ = run(*WORDS, "--trace", "made", "--resume")
    assert code == 0 and not (tmp_path / "made.part").exists()
    assert asked[4] == 0 and asked[5] > 0, "the first sample is compared, those that are done are not run again"
    assert json.loads(out)["predictions"] == json.loads(run(*WORDS)[1])["predictions"]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--record", "spikes"], "--record spikes has nowhere to go; name a folder with --trace"),
        (["--resume"], "name its folder with --trace"),
        (["--trace", "made", "--record", "spikes,currents"], "known are spikes, events, state"),
        (["--trace", "nowhere/made"], "nowhere"),
        (["--trace", "other"], "was not written by spikewright"),
    ],
)
def test_what_cannot_be_written_is_refused_before_the_run(run, program, tmp_path: Path, words, message) -> None:
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "mine.txt").write_text("mine")
    code, out, err = run(*WORDS, *words)
    assert code == 2 and message in err and json.loads(out)["exit_code"] == 2
    assert not (tmp_path / "made").exists() and not (tmp_path / "made.part").exists()


def test_a_bar_is_drawn_where_it_is_asked_for(run, program) -> None:
    assert "300/300" in run(*WORDS, "--progress")[2]
    assert run(*WORDS)[2] == run(*WORDS, "--no-progress")[2] == ""


def test_a_bar_is_drawn_on_a_terminal_unless_it_is_to_be_quiet(run, program, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    assert "300/300" in run(*WORDS)[2]
    assert run(*WORDS, "--quiet")[2] == run(*WORDS, "--no-progress")[2] == ""
