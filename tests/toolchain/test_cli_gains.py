"""``gains`` as a user types it."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from ei_nets import trained

from samples import layered
from spikewright.toolchain.cli.gains import ONLY_HELP
from spikewright.toolchain.quantisation.alternatives import ALTERNATIVES
from spikewright.toolchain.runs import save_run

pytestmark = pytest.mark.torch


def write(folder: Path, anneal_epochs: int = 0, **said: str) -> None:
    """A run folder; `said` is what its configuration says instead of how it was trained."""
    result, config = trained(anneal_epochs)
    save_run(result, config.model_copy(update=said), folder)


def test_the_table_ends_with_a_recommendation(run, tmp_path: Path) -> None:
    write(tmp_path / "run")
    write(tmp_path / "soft", 3)
    words = ["gains", "run", "--annealed", "soft", "--samples", 60, "--only", "dynamic-3,static,static-tuned,annealed"]
    code, out, err = run(*words)
    assert code == 0, err
    assert "Divisive inhibition on 60 samples of digits:stratified:0" in out
    for title in ("exact, float", "dynamic, 3 bits", "annealed in training"):
        assert title in out
    assert "- / -" in out, "an annealed network has logits of its own"
    assert out.splitlines()[-1].startswith("For no chip in particular take ")
    assert "brightness (seed 0)" in out and "\nengine: spikewright " in out
    assert "... static, fine-tuned" in err


def test_the_help_names_every_alternative() -> None:
    assert all(f"{name}," in ONLY_HELP or f"{name};" in ONLY_HELP or f"{name} (" in ONLY_HELP for name in ALTERNATIVES)


def test_json_holds_every_figure_and_says_for_what(run, tmp_path: Path) -> None:
    write(tmp_path / "run")
    words = ["--only", "static", "--dim", "0.5,0.9", "--seed", 7, "--chip", "loihi2-microcode", "--bits", 6]
    code, out, err = run("gains", "run", "--samples", 50, *words, "--json", "--quiet", "--out", "gains.json")
    assert (code, err) == (0, "")
    content = json.loads(out)
    assert json.loads((tmp_path / "gains.json").read_text()) == content
    assert content["schema_version"] == 1 and content["samples"] == 50
    assert content["calibrated_on"] == "training data"
    assert (content["dim"], content["seed"], content["chip"]) == ([0.5, 0.9], 7, "loihi2-microcode")
    exact, static = content["alternatives"]
    assert (exact["name"], static["name"]) == ("exact", "static")
    assert set(static["clean"]) == {"accuracy", "agreement", "logit_error", "spikes_different"}
    assert (exact["backend"], static["backend"], static["reciprocal_bits"]) == ("torch", "engine", None)
    assert set(content["versions"]) == {"torch", "engine"} and "torch" in content["versions"]["torch"]
    assert static["misfits"] == [] and "graded_input" in static["needs"]
    assert content["recommended"] == "static" and "loihi2-microcode" in content["recommendation"]


def test_rows_of_a_file_are_dimmed_as_they_are(run, tmp_path: Path) -> None:
    write(tmp_path / "run")
    rng = np.random.default_rng(0)
    x = np.repeat(rng.random((1, 30, 64), np.float32), 4, axis=0)
    np.savez(tmp_path / "grey.npz", x=x, y=rng.integers(0, 10, 30))
    code, out, err = run("gains", "run", "--data", "grey.npz", "--only", "static", "--json")
    assert code == 0, err
    content = json.loads(out)
    exact, static = content["alternatives"]
    assert content["calibrated_on"] == "the samples themselves"
    assert exact["clean"]["accuracy"] == exact["dimmed"]["accuracy"]
    assert static["dimmed"]["agreement"] < static["clean"]["agreement"]


def bad_inputs() -> list:
    return [
        (["run", "--dim", "0.1"], 2, "no range of brightness"),
        (["run", "--dim", "0,1"], 2, "rise inside (0, 1]"),
        (["run", "--chip", "loihi9"], 2, "Chip 'loihi9' is unknown"),
        (["run", "--only", "statics"], 2, "Unknown alternatives statics"),
        (["run", "--only", "annealed"], 2, "annealed needs a network of its own"),
        (["run", "--annealed", "run"], 2, "trained without annealing"),
        (["run", "--annealed", "spiking"], 2, "trained on rate input of 4 steps"),
        (["run", "--data", "spikes.npz"], 2, "spikes, which cannot be dimmed"),
        (["run", "--data", "rows.npy"], 2, "has no classes"),
        (["soft"], 2, "divides nothing"),
        (["net.program"], 2, "no circuits that divide any more"),
        (["nothing"], 2, "no file or folder nothing"),
        (["run", "--only", "static", "--lava", "3"], 4, "SPIKEWRIGHT_LAVA_PYTHON"),
    ]


@pytest.mark.parametrize(("words", "code", "message"), bad_inputs())
def test_bad_input_is_one_paragraph_and_an_exit_code(run, tmp_path: Path, monkeypatch, words, code, message) -> None:
    monkeypatch.setenv("SPIKEWRIGHT_LAVA_PYTHON", "/nowhere/python")
    write(tmp_path / "run")
    write(tmp_path / "soft", 3)
    write(tmp_path / "spiking", 3, encoder="rate")
    layered((64, 6, 10)).save(tmp_path / "net.program")
    x = np.zeros((4, 5, 64), np.uint8)
    np.savez(tmp_path / "spikes.npz", x=x, y=np.arange(5))
    np.save(tmp_path / "rows.npy", x + 0.5)
    found, _, err = run("gains", *words, "--quiet")
    assert (found, message in err) == (code, True), err
