"""Data sets on the command line: in the shape and the encoding of the network."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path

import nir
import numpy as np
import pytest

from spikewright.toolchain.cli.loading import samples_for
from spikewright.toolchain.data.samples import load_samples
from spikewright.toolchain.sources import Source


def _network(shape: tuple[int, ...]) -> nir.NIRGraph:
    size = int(np.prod(shape))
    ones = np.ones(10)
    lif = nir.LIF(tau=10 * ones, r=10 * ones, v_leak=0 * ones, v_threshold=ones)
    weight = np.random.default_rng(0).normal(0, 1 / size**0.5, (10, size))
    nodes = {
        "input": nir.Input(np.array(shape)),
        "flat": nir.Flatten({"input": np.array(shape)}, 0, -1),
        "dense": nir.Affine(weight, 0 * ones),
        "lif": lif,
        "output": nir.Output(np.array([10])),
    }
    names = list(nodes)
    return nir.NIRGraph(nodes, list(pairwise(names)))


@pytest.mark.parametrize("encode", ["rate", "direct"])
def test_simulate_encodes_in_the_shape_of_the_network(run, encode: str) -> None:
    nir.write("net.nir", _network((1, 8, 8)))
    code, out, _ = run(
        "simulate", "net.nir", "--data", "digits", "--samples", 20, "--steps", 6, "--encode", encode, "--json"
    )
    assert code == 0
    content = json.loads(out)
    assert content["data"] == "digits:stratified:0"
    samples = load_samples("digits", 6, 20, encode=encode, shape=(1, 8, 8))
    program = Source("net", nir_graph=nir.read("net.nir")).program(samples.calibration)
    assert content["program_hash"] == program.content_hash
    assert program.inputs[0].kind == ("spikes" if encode == "rate" else "graded")


def test_a_network_of_another_size_is_told(run) -> None:
    nir.write("net.nir", _network((784,)))
    for words in (("simulate", "--data"), ("check", "--data"), ("export", "--calibrate")):
        code, _, error = run(words[0], "net.nir", *words[1:], "digits")
        assert code == 2
        assert "64 values; the network's input is (784,)" in error
    code, _, error = run("simulate", "net.nir", "--data", "digits", "--encode", "phase")
    assert (code, "known are rate, direct" in error) == (2, True)


def test_a_network_knows_its_encoder_and_its_steps() -> None:
    network = Source("net", nir_graph=_network((64,)), steps=3, encoder="direct")
    assert samples_for(network, "digits", limit=2).x.dtype == np.float32
    rated = samples_for(network, "digits", steps=5, encode="rate", limit=2)
    assert (rated.x.dtype, rated.x.shape) == (np.uint8, (5, 2, 64))


def test_a_network_of_several_inputs_takes_any_file(tmp_path: Path) -> None:
    nodes = _network((64,)).nodes | {"other": nir.Input(np.array([64]))}
    network = Source("net", nir_graph=nir.NIRGraph(nodes, [], type_check=False))
    assert network.input_shape is None
    np.save(tmp_path / "x.npy", np.ones((2, 3, 64), np.uint8))
    assert samples_for(network, str(tmp_path / "x.npy")).count == 3
