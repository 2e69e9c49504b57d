"""The command ``quantise``, and what ``export`` takes over from it."""

from __future__ import annotations

import json
import shutil
from html import escape
from pathlib import Path

import jsonschema
import numpy as np
import pytest

from spikewright.exporters.nir.files import write_nir
from spikewright.exporters.program.file import load_program
from spikewright.simulators.run import simulate


@pytest.fixture(scope="module")
def made(trained, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """``net.nir``, its test data ``test.npz``, training data ``train.npz``, and the network broken twice."""
    folder = tmp_path_factory.mktemp("made")
    write_nir(trained.source().graph, folder / "net.nir")
    write_nir(trained.source(lambda m: m.fc2.bias.add_(5.0)).graph, folder / "flooded.nir")
    write_nir(trained.source(lambda m: m.lif3.threshold[7].fill_(1e-6)).graph, folder / "range.nir")
    np.savez(folder / "test.npz", x=trained.x[:, :120], y=trained.y[:120])
    np.savez(folder / "train.npz", x=trained.x_train[:, :200], y=trained.y_train[:200])
    return folder


@pytest.fixture
def files(made: Path, tmp_path: Path) -> Path:
    """A copy of them in the empty folder that commands run in."""
    return shutil.copytree(made, tmp_path, dirs_exist_ok=True)


QUICK = ("--scale", "percentile", "--rounding", "nearest")
DATA = ("--data", "test.npz", "--calibrate", "train.npz", "--quiet")


def test_a_healthy_network_is_told_layer_by_layer(run, files) -> None:
    code, out, error = run("quantise", "net.nir", *DATA, "--bits", "lif1=8,lif2=7", "--rows", "registers")
    assert (code, error) == (0, "")
    for told in (
        "chose weight_bits = lif1=8,lif2=7,others=8 (argument)",
        "chose rows = registers (argument)",
        "Weights on their grid",
        "lif2 <- fc2",
        "Activity on 120 samples, run_graph / engine; states and errors on 120",
        "by engine on 120 samples of test.npz",
        "No findings: no layer loses more than the limits",
    ):
        assert told in out


def test_json_is_one_object_with_everything(run, files) -> None:
    code, out, _ = run("quantise", "net.nir", *DATA, "--methods", "--rounding", "nearest", "--json", "--out", "q.json")
    content = json.loads(out)
    assert code == 0
    assert content == json.loads((files / "q.json").read_text())
    assert set(content["diagnosis"]["accuracy"]) == {"run_graph", "engine"}
    methods = {(m["scale"], m["rows"]): m for m in content["methods"]}
    assert len(methods) == 6
    # Where grids are chosen for the least error, a whole grid for each neuron leaves less than one for all of them.
    assert methods["squared_error", "registers"]["error"] < methods["squared_error", "fold"]["error"]


def test_a_broken_layer_ends_in_1_and_its_name(run, files) -> None:
    code, out, error = run("quantise", "flooded.nir", *DATA)
    assert code == 1
    assert "error  lif2, saturating: nearly all neurons spike in every row" in out
    assert "remedy    raise the thresholds" in out
    assert "lif2: saturating, its bias is too large" in error


def test_what_no_integers_hold_is_reported_and_not_written(run, files) -> None:
    code, out, error = run("quantise", "range.nir", *DATA, "--search", "--program", "p.program", "--json")
    content = json.loads(out)
    assert code == 1
    assert "Nothing was written" in error
    assert not (files / "p.program").exists()
    assert "search" not in content
    assert content["diagnosis"]["mended"] == ["lif3"]
    (finding,) = content["diagnosis"]["findings"]
    assert (finding["layer"], finding["problem"]) == ("lif3", "threshold")
    assert "neuron 7 has 1e-06" in finding["cause"]


def test_search_and_tuning_leave_a_program(run, files, trained) -> None:
    options = (
        *QUICK,
        "--search",
        "--max-drop",
        "5",
        "--widths",
        "8,3",
        "--validate",
        "train.npz",
        "--tune",
        "1",
        "--train",
        "train.npz",
    )
    code, out, _ = run("quantise", "net.nir", *DATA, *options, "--program", "p.program", "--json")
    content = json.loads(out)
    assert code == 0
    searched, tuned = content["search"], content["tuning"]
    assert (searched["validation_samples"], searched["samples"], tuned["samples"]) == (200, 120, 120)
    assert searched["mean_bits"] < 8
    assert searched["accuracy"]["searched"] == tuned["before"]
    program = load_program(files / "p.program")
    assert program.content_hash == tuned["program_hash"] != searched["program_hash"]
    assert {q.target: q.weight_bits for q in program.projections} == searched["bits"]
    assert (simulate(program, trained.x[:, :120]).predict() == trained.y[:120]).mean() == tuned["after"]


def test_a_search_without_other_data_halves_what_it_has(run, files) -> None:
    words = (
        "quantise",
        "net.nir",
        "--data",
        "test.npz",
        *QUICK,
        "--search",
        "--max-drop",
        "50",
        "--widths",
        "4,3",
    )
    code, out, error = run(*words, "--json")
    content = json.loads(out)["search"]
    assert code == 0
    assert "every second sample judges" in error
    assert (content["samples"], content["validation_samples"]) == (60, 60)


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (("--tune", "1"), "say --train"),
        (("--max-drop", "0"), "--max-drop goes with --search"),
        (("--widths", "8,4", "--validate", "train.npz"), "--validate goes with --search"),
        (("--train", "train.npz"), "--train goes with --tune"),
        (("--search", "--bits", "4"), "give --widths in place of --bits"),
        (("--search", "--widths", "x"), "no list of weight bits"),
        (("--program", "net.nir"), "--program net.nir would overwrite the network"),
        (("--program", "a.json", "--out", "a.json"), "--program a.json would overwrite --out"),
    ],
)
def test_what_makes_no_sense_is_refused_and_leaves_nothing(run, files, options, told) -> None:
    before = {path.name: path.read_bytes() for path in files.iterdir()}
    code, out, error = run("quantise", "net.nir", *DATA, *QUICK, *options)
    assert (code, out) == (2, "")
    assert told in error
    assert {path.name: path.read_bytes() for path in files.iterdir()} == before


def test_export_says_which_option_it_took_and_why(run, files) -> None:
    options = ("--calibrate", "train.npz", "--bits", "lif2=4", "--scale", "percentile:99", "--ei", "auto")
    code, out, _ = run("export", "net.nir", "--out", "exp", "--to", "program", *options, "--chip", "loihi2-microcode")
    assert code == 0
    for told in (
        "chose weight_bits = lif2=4,others=8 (argument)",
        "chose scale = percentile:99 (argument)",
        "chose rows = registers (loihi2-microcode has a threshold register for each neuron)",
        "chose ei = static (auto; the graph carries no divisor)",
    ):
        assert told in out
    program = load_program(files / "exp" / "network.program")
    assert {q.target: q.weight_bits for q in program.projections} == {"lif1": 8, "lif2": 4, "lif3": 8, "readout": 8}


def test_the_report_takes_layers_and_findings_along(run, files) -> None:
    options = ("--targets", "run_graph,engine", "--no-effects", "--out", "r.html", "--quiet", "--json")
    code, out, _ = run("report", "net.nir", "--data", "test.npz", "--bits", "3", *QUICK, "--layers", *options)
    content = json.loads(out)
    assert code == 0
    schema = json.loads((Path(__file__).parents[3] / "docs/report.schema.json").read_text())
    jsonschema.Draft202012Validator(schema).validate(content)
    rows = {row["name"]: row for row in content["quantisation"]["layers"]}
    pair = next(p for p in content["comparison"]["pairs"] if p["backends"] == ["run_graph", "engine"])
    for population in pair["populations"]:
        row = rows[population["population"]]
        assert (row["accumulated"], row["alone"]) == (population["mismatches"], population["alone"])
    assert rows["lif2"]["bits"] == [3]
    page = (files / "r.html").read_text()
    assert "--scale percentile --rounding nearest" in content["command"]
    assert "--layers" in content["command"]
    for finding in content["quantisation"]["findings"]:
        assert escape(finding["evidence"], quote=False) in page
    assert content["quantisation"]["findings"]  # three bits cost something


def test_a_saved_program_is_reported_and_tuned_but_not_lowered_again(run, files, trained) -> None:
    trained.source().program(trained.x_train, weight_bits=2).save(files / "two.program")
    code, out, _ = run("quantise", "two.program", "--data", "test.npz", "--quiet")
    assert (code, "there is no float network to compare with" in out) == (0, True)
    for option in (("--search",), ("--methods",), ("--bits", "4")):
        code, out, error = run("quantise", "two.program", "--data", "test.npz", *option)
        assert (code, out) == (2, "")
        assert "an integer program already" in error
    words = ("quantise", "two.program", "--data", "test.npz", "--tune", "1", "--train", "train.npz", "--json")
    code, out, _ = run(*words, "--program", "tuned.program")
    assert code == 0
    assert load_program(files / "tuned.program").content_hash == json.loads(out)["tuning"]["program_hash"]
