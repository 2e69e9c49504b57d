"""``inspect`` and ``export`` of files that other frameworks wrote."""

import json
import shutil
import xml.etree.ElementTree as ET
from pathlib import Path

import nir
import numpy as np
import pytest

from samples import layered
from spikewright.exporters.nir.execute import run_graph
from spikewright.exporters.nir.files import read_nir, write_nir

FIXTURES = Path(__file__).parents[1] / "fixtures" / "nir"
RECURRENT = FIXTURES / "snntorch" / "rnn_rleaky_zero.nir"


def test_inspect_names_the_dialect_with_its_evidence_and_where_each_choice_comes_from(run) -> None:
    code, out, err = run("inspect", str(RECURRENT), "--json")
    assert code == 0, err
    content = json.loads(out)
    assert content["dialect"]["name"] == "snntorch"
    assert any("r = tau/dt" in sentence for sentence in content["dialect"]["evidence"])
    assert content["settings"]["dt_s"] == {"value": 1e-4, "origin": "dialect snntorch"}
    code, out, _ = run("inspect", str(RECURRENT))
    assert code == 0 and "dialect: snntorch" in out and "r = tau/dt" in out


def test_inspect_draws_the_graph(run, tmp_path: Path) -> None:
    code, _, err = run("inspect", str(RECURRENT), "--svg", "net.svg")
    assert code == 0, err
    drawn = ET.parse(tmp_path / "net.svg").getroot()
    names = {title.text for title in drawn.iter("{http://www.w3.org/2000/svg}title")}
    assert {"fc1", "rec.lif", "rec.w_rec", "fc1 to rec.lif", "rec.w_rec to rec.lif"} <= names
    back = [g for g in drawn.iter("{http://www.w3.org/2000/svg}g") if g.get("class") == "back"]
    assert len(back) == 1


def test_inspect_draws_no_program_and_leaves_no_file(run, tmp_path: Path) -> None:
    layered((20, 6, 5)).save("net.program")
    code, _, err = run("inspect", "net.program", "--svg", "net.svg")
    assert code == 2 and "--svg draws NIR graphs" in err
    assert not (tmp_path / "net.svg").exists()


@pytest.mark.parametrize("fixture", ["snntorch/cnn_leaky_zero", "spikingjelly/mlp_cuba", "sinabs/mlp_iaf"])
def test_a_foreign_file_is_exported_as_nir_that_strict_readers_take(run, tmp_path: Path, fixture: str) -> None:
    shutil.copy(FIXTURES / f"{fixture}.nir", tmp_path / "theirs.nir")
    code, out, err = run("export", "theirs.nir", "--to", "nir", "--json")
    assert code == 0, err
    assert json.loads(out)["files"] == {"nir": "network.nir"}
    written = tmp_path / "exported" / "network.nir"
    before, after = read_nir(tmp_path / "theirs.nir"), read_nir(written)
    assert set(nir.read(written).nodes) == set(before.nodes)
    x = np.load(FIXTURES / f"{fixture}.npz")["x"]
    ours, again = run_graph(before, x), run_graph(after, x)
    assert ours.spikes and all(np.array_equal(ours.spikes[node], again.spikes[node]) for node in ours.spikes)


def test_a_portable_export_says_the_same_without_our_metadata(run, tmp_path: Path) -> None:
    fixture = FIXTURES / "snntorch" / "mlp_leaky_zero.nir"
    code, _, err = run("export", fixture, "--to", "nir", "--portable")
    assert code == 0, err
    written = nir.read(tmp_path / "exported" / "network.nir")
    assert not any(node.metadata for node in written.nodes.values()) and not (written.metadata or {})
    x = np.load(fixture.with_suffix(".npz"))["x"]
    theirs, ours = run_graph(read_nir(fixture), x), run_graph(written, x, dialect="unknown")
    assert all(np.array_equal(theirs.spikes[node], ours.spikes[node]) for node in ("lif1", "lif2"))


@pytest.mark.parametrize(
    ("fixture", "reason"),
    [("sinabs/mlp_iaf", "reset is subtract (dialect sinabs)"), ("spikingjelly/mlp_plif", "spike_op is >=")],
)
def test_what_is_not_portable_is_refused_with_every_reason(run, tmp_path: Path, fixture: str, reason: str) -> None:
    code, _, err = run("export", FIXTURES / f"{fixture}.nir", "--to", "nir", "--portable")
    assert code == 2 and reason in err
    assert not (tmp_path / "exported").exists()


def test_a_portable_export_takes_the_changes_that_are_accepted(run, tmp_path: Path) -> None:
    graph = read_nir(FIXTURES / "snntorch" / "mlp_leaky_zero.nir")
    graph.metadata["spikewright"] |= {"reset": "subtract", "multi_spike": True}
    write_nir(graph, tmp_path / "theirs.nir")
    code, _, err = run("export", "theirs.nir", "--to", "nir", "--portable", "--reset", "zero")
    assert code == 2 and "multi_spike is True (metadata)" in err and "reset is" not in err
    del graph.metadata["spikewright"]["multi_spike"]
    write_nir(graph, tmp_path / "theirs.nir")
    words = ("export", "theirs.nir", "--to", "nir", "--portable", "--json")
    code, _, err = run(*words)
    assert code == 2 and "reset is subtract (metadata)" in err
    code, _, err = run(*words, "--reset", "zero", "--dt", "1e-3")
    assert code == 2 and "dt_s is 0.001 (argument)" in err and "reset is" not in err
    code, out, err = run(*words, "--reset", "zero")
    assert code == 0, err
    assert [loss["what"] for loss in json.loads(out)["losses"]] == [
        "reset was 'subtract' (metadata), written as 'zero'"
    ]


@pytest.mark.torch
def test_a_module_is_made_portable_with_an_accepted_reset(run, tmp_path: Path) -> None:
    import strangers

    words = (
        "export",
        f"{strangers.__file__}:tutorial_default",
        "--example",
        "1,20",
        "--portable",
        "--to",
        "nir",
        "--json",
    )
    code, _, err = run(*words)
    assert code == 2 and "subtract" in err
    code, out, err = run(*words, "--reset", "zero")
    assert code == 0, err
    assert any("written as 'zero'" in loss["what"] for loss in json.loads(out)["losses"])
    assert not (nir.read(tmp_path / "exported" / "network.nir").metadata or {})
