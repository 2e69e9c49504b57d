"""Files that other frameworks wrote, run spike for spike (made by ``python -m benchmarks.interop``)."""

import json
from pathlib import Path

import numpy as np
import pytest

from spikewright.exporters.nir.execute import run_graph
from spikewright.exporters.nir.files import read_nir

FIXTURES = Path(__file__).parents[2] / "fixtures" / "nir"
RECORDED = sorted(path for path in FIXTURES.glob("*/*.nir") if path.with_suffix(".npz").is_file())
ELSEWHERE = {
    "rockpool-rnn_lif": "the file holds another network than the recording",
    "snntorch-mlp_leaky_subtract": "snnTorch gives a silent neuron its threshold back within the step",
}
"""Recordings whose voltage after the reset is not the voltage before it, even where nothing fired."""


def name(path: Path) -> str:
    return f"{path.parent.name}-{path.stem}"


def beside(path: Path, file: str) -> dict:
    found = path.parent / file
    return json.loads(found.read_text()) if found.is_file() else {}


def differing(path: Path, **told) -> int:
    """Spikes of all recorded layers that only one of recording and run has."""
    with np.load(path.with_suffix(".npz")) as held:
        trace = run_graph(read_nir(path), held["x"], **told)
        layers = [key for key in held.files if key.startswith("spikes:")]
        assert layers and all(held[key].any() for key in layers)
        return sum(int((trace.spikes[key.removeprefix("spikes:")] != held[key]).sum()) for key in layers)


@pytest.mark.parametrize("path", RECORDED, ids=name)
def test_spikes_equal_the_recording_once_told_the_writers_semantics(path: Path) -> None:
    stated = beside(path, "borderline.json").get(path.stem, {})
    told = beside(path, "about.json")["networks"][path.stem]["semantics"]
    assert differing(path, **told) == stated.get("told", 0), stated.get("reason", "no difference is stated")


@pytest.mark.parametrize("path", RECORDED, ids=name)
def test_spikes_equal_the_recording_with_nothing_told(path: Path) -> None:
    stated = beside(path, "borderline.json").get(path.stem, {})
    assert differing(path) <= stated.get("recognised", 0), stated.get("reason", "no difference is stated")


@pytest.mark.parametrize("path", [p for p in RECORDED if name(p) not in ELSEWHERE], ids=name)
def test_voltages_equal_the_recording_wherever_nothing_fired(path: Path) -> None:
    told = beside(path, "about.json")["networks"][path.stem]["semantics"]
    with np.load(path.with_suffix(".npz")) as held:
        trace = run_graph(read_nir(path), held["x"], **told)
        for node in (key.removeprefix("v:") for key in held.files if key.startswith("v:")):
            silent = held[f"spikes:{node}"][:, :1] == 0
            theirs, ours = held[f"v:{node}"][silent], trace.state[node]["v"][:, :1][silent]
            # They step in float32: 30 steps of a membrane of up to 20, whose last bit is 2e-6.
            np.testing.assert_allclose(ours, theirs, rtol=0, atol=2e-5)


def test_every_framework_is_there_and_every_stated_difference_has_a_reason_and_a_file() -> None:
    assert {path.parent.name for path in RECORDED} == {
        *("norse", "rockpool", "sinabs", "snntorch", "spikingjelly", "spyx"),
    }
    for file in FIXTURES.glob("*/borderline.json"):
        for network, stated in json.loads(file.read_text()).items():
            assert (file.parent / f"{network}.nir").is_file()
            assert len(stated["reason"]) > 20 and stated.get("told", 0) + stated["recognised"] > 0
