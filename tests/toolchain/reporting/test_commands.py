"""``report`` and ``inspect`` as a user types them."""

import json
import shlex
from pathlib import Path

import numpy as np
import pytest

from graphs import chain
from samples import layered
from spikewright.exporters.nir.files import write_nir


@pytest.fixture(autouse=True)
def without_lava(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lava's part of a report is tested by the demo; here it would only take time."""
    monkeypatch.setenv("SPIKEWRIGHT_LAVA_PYTHON", "/nowhere/python")


def inputs(channels: int = 20) -> str:
    rng = np.random.default_rng(0)
    x = (rng.random((7, 30, channels)) < 0.5).astype(np.float32)
    np.savez("x.npz", x=x, y=rng.integers(0, 5, 30))
    return "x.npz"


def a_graph() -> str:
    rng = np.random.default_rng(0)
    write_nir(chain([rng.normal(0, 0.4, (12, 20)), rng.normal(0, 0.6, (5, 12))]), "net.nir")
    return "net.nir"


def test_report_writes_a_page_and_its_json_and_tells_the_verdict(run, tmp_path: Path) -> None:
    code, out, err = run("report", a_graph(), "--data", inputs(), "--out", "a.html")
    assert code == 0, err
    content = json.loads((tmp_path / "a.json").read_text())
    assert [s["text"] for s in content["verdict"]] == out.splitlines()[:-1] and "a.html and a.json" in out
    assert content["activity"]["samples"] == 30 and content["accuracy"]["engine"]["samples"] == 30
    assert [tuple(p["backends"]) for p in content["comparison"]["pairs"]] == [
        ("run_graph", "oracle"),
        ("oracle", "engine"),
    ]
    assert content["comparison"]["effects"] and content["comparison"]["not_run"]["lava"]
    assert content["cost"]["chip"] == "loihi1-davies2018"
    assert "<svg" in (tmp_path / "a.html").read_text(encoding="utf-8")
    assert "... comparing: engine" in err


def test_the_printed_command_regenerates_the_report(run, tmp_path: Path) -> None:
    words = ["report", a_graph(), "--data", inputs(), "--bits", "5", "--samples", "6", "--chip", "loihi1-nahuku-fit"]
    code, out, err = run(*words, "--targets", "run_graph,engine", "--out", "my page.html", "--json", "--quiet")
    first = json.loads(out)
    assert code == 0 and err == ""
    program, *again = shlex.split(first["command"])
    assert program == "spikewright" and "--steps" not in again and "--bits" in again
    assert run(*again)[0] == 0
    second = json.loads((tmp_path / "my page.json").read_text())
    assert first | {"created": ""} == second | {"created": ""}


def test_an_earlier_report_is_replaced(run, tmp_path: Path) -> None:
    layered((20, 6, 5)).save("net.program")
    words = ["report", "net.program", "--data", inputs(), "--targets", "oracle,engine", "--quiet"]
    assert [run(*words, "--samples", n)[0] for n in (3, 2)] == [0, 0]
    assert json.loads((tmp_path / "report.json").read_text())["activity"]["samples"] == 2


def test_the_printed_command_holds_what_was_given_and_nothing_else(run) -> None:
    words = ["report", a_graph(), "--data", inputs(), "--targets", "run_graph,oracle", "--json", "--quiet"]
    content = json.loads(run(*words, "--samples", "0", "--no-effects", "--dt", "1e-4")[1])
    assert content["comparison"]["effects"] == [] and content["activity"]["samples"] == 30
    given = "--data x.npz --samples 0 --targets run_graph,oracle --dt 0.0001 --no-effects"
    assert content["command"] == f"spikewright report net.nir {given}"


def test_without_a_mesh_nothing_is_said_of_cores(run) -> None:
    layered((20, 6, 5)).save("net.program")
    words = ["report", "net.program", "--data", inputs(), "--targets", "oracle,engine", "--samples", "1", "--json"]
    code, out, err = run(*words, "--chip", "horowitz-45nm")
    cost = json.loads(out)["cost"]
    assert code == 0 and cost["cores"] is None and cost["tiles"] is None and "... running 1 sample\n" in err
    assert "... running 1 sample on 2 cores\n" in run(*words)[2]


def test_a_saved_program_is_reported_without_its_float_network(run) -> None:
    layered((20, 6, 5)).save("net.program")
    code, out, _ = run("report", "net.program", "--data", inputs(), "--json", "--quiet")
    content = json.loads(out)
    assert code == 0 and [p["backends"] for p in content["comparison"]["pairs"]] == [["oracle", "engine"]]


def bad_inputs() -> list:
    return [
        (["report", "net.nir", "--data", "x.npz", "--out", "page.pdf"], 2, "ends in .html"),
        (["report", "net.nir", "--data", "x.npz", "--chip", "loihi9"], 2, "Chip 'loihi9' is unknown"),
        (["report", "net.nir"], 2, "does not know its data"),
        (["report", "net.nir", "--data", "x.npz", "--out", "missing/page.html"], 2, "does not exist"),
        (["report", "net.nir", "--data", "x.npz", "--out", "notes.html"], 2, "notes.json, which is no report"),
        (["report", "net.nir", "--data", "x.npz", "--out", "torn.html"], 2, "torn.json, which is no report"),
        (["report", "net.nir", "--data", "x.npz", "--out", "full.html"], 2, "full.json: it is a folder"),
        (["report", "net.nir", "--data", "x.npz", "--out", "folder.html"], 2, "folder.html: it is a folder"),
        (
            ["report", "huge.program", "--data", "wide.npy", "--bits", "4"],
            2,
            "nothing is left to lower with weight_bits",
        ),
        (["report", "huge.program", "--data", "wide.npy"], 3, "does not fit loihi1-davies2018"),
        (["inspect", "nothing.nir"], 2, "no file or folder"),
    ]


@pytest.mark.parametrize(("words", "code", "message"), bad_inputs())
def test_bad_input_is_told_and_nothing_is_written(run, tmp_path: Path, words: list, code: int, message: str) -> None:
    a_graph(), inputs()
    layered((5000, 2, 2)).save("huge.program")
    np.save("wide.npy", np.ones((2, 1, 5000), np.int8))
    (tmp_path / "notes.json").write_text('{"precious": true}')
    (tmp_path / "torn.json").write_text('{"verdict"')
    (tmp_path / "full.json").mkdir()
    (tmp_path / "folder.html").mkdir()
    before = sorted(tmp_path.rglob("*"))
    got, _, err = run(*words)
    assert got == code and message in err and "Traceback" not in err
    assert sorted(tmp_path.rglob("*")) == before
    assert (tmp_path / "notes.json").read_text() == '{"precious": true}' and "... running" not in err


def test_inspect_tells_a_program_and_a_graph(run, tmp_path: Path) -> None:
    program = layered((20, 6, 5))
    program.save("net.program")
    code, out, _ = run("inspect", "net.program", "--json", "--out", "described.json")
    content = json.loads(out)
    assert code == 0 and content["program_hash"] == program.content_hash and content["kind"] == "program"
    assert json.loads((tmp_path / "described.json").read_text()) == content
    code, out, _ = run("inspect", "net.program")
    assert code == 0 and program.content_hash in out and "layer1" in out and "20, spikes" in out
    code, out, _ = run("inspect", a_graph(), "--json")
    assert code == 0 and {node["type"] for node in json.loads(out)["nodes"]} == {"Input", "Linear", "LIF", "Output"}
    code, out, _ = run("inspect", "net.nir")
    assert code == 0 and "12x20" in out and "input -> fc1" in out


def test_names_that_look_like_markup_are_shown_as_they_are(run, tmp_path: Path) -> None:
    names = ("pop[bold]x", "[red]y :warning:")
    layered((20, 6, 5), names=names).save(tmp_path / "net.program")
    code, out, err = run("inspect", "net.program")
    assert code == 0 and all(name in out for name in names), err
