"""Files and recordings of other frameworks: the spikes they recorded, from the files they wrote."""

import gzip
import os
from pathlib import Path

import nir
import numpy as np
import pytest

from spikewright.exporters.nir.execute import run_graph
from spikewright.exporters.nir.recognise import recognise

FIXTURES = Path(__file__).parents[2] / "fixtures" / "nir"


def unpacked(name: str, folder: Path) -> nir.NIRGraph:
    path = folder / f"{name}.nir"
    path.write_bytes(gzip.decompress((FIXTURES / f"{name}.nir.gz").read_bytes()))
    return nir.read(path)


@pytest.mark.parametrize(
    ("name", "dialect", "reset", "layers"),
    [
        ("mlp_leaky_zero_delay0", "snntorch", None, {"1": "l1_spk", "3": "l2_spk"}),
        ("mlp_leaky_subtract_delay0", "snntorch", "subtract_once", {"1": "l1_spk", "3": "l2_spk"}),
        ("mlp_synaptic_zero", "snntorch", None, {"1": "l1_spk", "3": "l2_spk"}),
        ("mlp_lif_decay_input0", "spikingjelly", None, {"_1": "l1_spk", "_3": "l3_spk"}),
    ],
)
def test_recorded_spikes_come_out(
    name: str, dialect: str, reset: str | None, layers: dict[str, str], tmp_path: Path
) -> None:
    graph = unpacked(name, tmp_path)
    assert recognise(graph).name == dialect
    with np.load(FIXTURES / f"{name}.npz") as recorded:
        trace = run_graph(graph, recorded["x"], reset=reset)
        for node, key in layers.items():
            assert recorded[key].sum() > 20
            np.testing.assert_array_equal(trace.spikes[node], recorded[key])


def test_recorded_currents_and_membranes_come_out(tmp_path: Path) -> None:
    graph = unpacked("mlp_synaptic_zero", tmp_path)
    with np.load(FIXTURES / "mlp_synaptic_zero.npz") as recorded:
        trace = run_graph(graph, recorded["x"])
        # snnTorch computes in float32 and records the membrane after its reset.
        np.testing.assert_allclose(trace.state["1"]["i"], recorded["l1_syn"], rtol=1e-4, atol=1e-5)
        silent = recorded["l1_spk"] == 0
        np.testing.assert_allclose(trace.state["1"]["v"][silent], recorded["l1_mem"][silent], rtol=1e-4, atol=1e-5)


def test_single_neuron_of_the_nir_paper(tmp_path: Path) -> None:
    """The four spikes that Norse, snnTorch, nengo and the exact solution agree on; input as in lif_exact.csv."""
    at = [60, 220, 270, 310, 320, 350, 370, 400, 410, 430, *range(440, 531, 10), *range(670, 781, 10), 840, 850]
    graph = unpacked("lif_norse", tmp_path)
    assert recognise(graph).name == "unknown"
    x = np.zeros((1000, 1, 1))
    x[at] = 1.0
    assert np.flatnonzero(run_graph(graph, x).spikes["1"]).tolist() == [460, 510, 710, 760]


def test_recurrent_braille_reader_runs(tmp_path: Path) -> None:
    """CubaLIF 12-38-7 with a recurrent layer; its recurrent bias acts in the first step."""
    graph = unpacked("braille_noDelay_bias_zero", tmp_path)
    found = recognise(graph)
    assert (found.name, any("w_rec" in why for why in found.evidence)) == ("snntorch", True)
    x = np.random.default_rng(0).random((50, 3, 12)) < 0.3
    trace = run_graph(graph, x)
    assert {name: spikes.shape for name, spikes in trace.spikes.items()} == {
        "lif1.lif": (50, 3, 38),
        "lif2": (50, 3, 7),
    }
    assert all(counts.any() for counts in trace.counts.values())
    first = graph.nodes["fc1"].weight.astype(float) @ x[0, 0] + graph.nodes["fc1"].bias + graph.nodes["lif1.w_rec"].bias
    # float32 parameters: gain and w_in round to 1 within 1e-6.
    np.testing.assert_allclose(trace.state["lif1.lif"]["i"][0, 0], first, rtol=1e-5)


def test_convolutional_sinabs_network_runs_with_several_spikes_a_step() -> None:
    path = Path(os.environ.get("SPIKEWRIGHT_DATA", "../shared/data")) / "nir" / "cnn_sinabs.nir"
    if not path.is_file():
        pytest.skip(f"{path} is not here (273 kB, NIR paper 02_cnn); set SPIKEWRIGHT_DATA to the folder of nir/")
    graph = nir.read(path)
    trace = run_graph(graph, np.random.default_rng(0).random((20, 2, 2, 34, 34)) < 0.05)
    assert trace.settings["dialect"] == ("sinabs", "recognised")
    assert trace.spikes["1"].shape == (20, 2, 16, 16, 16)
    assert trace.output["output"].shape == (2, 10)
    assert all(counts.any() for counts in trace.counts.values())
    assert max(spikes.max() for spikes in trace.spikes.values()) > 1
    single = run_graph(graph, np.random.default_rng(0).random((20, 2, 2, 34, 34)) < 0.05, multi_spike=False)
    assert max(spikes.max() for spikes in single.spikes.values()) == 1
