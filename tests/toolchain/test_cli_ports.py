"""Commands on a network with several inputs and outputs: data by name, classes by output."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path

import nir
import numpy as np
import pytest

from spikewright.exporters.nir.files import write_nir


@pytest.fixture
def network(tmp_path: Path) -> str:
    """Two inputs into one layer, read by spikes and by a membrane; ``x.npz`` holds its data and classes."""
    rng = np.random.default_rng(3)

    def linear(post: int, pre: int) -> nir.Linear:
        return nir.Linear(rng.normal(0, 1, (post, pre)))

    def lif(n: int) -> nir.LIF:
        return nir.LIF(np.full(n, 1e-3), np.full(n, 10.0), np.zeros(n), np.ones(n), np.zeros(n))

    nodes = {
        "left": nir.Input({"input": np.array([6])}),
        "right": nir.Input({"input": np.array([4])}),
        "from left": linear(8, 6),
        "from right": linear(8, 4),
        "hidden": lif(8),
        "to rate": linear(3, 8),
        "to level": linear(2, 8),
        "spiking": lif(3),
        "summing": nir.LI(np.full(2, 1e-3), np.full(2, 10.0), np.zeros(2)),
        "rate": nir.Output({"output": np.array([3])}),
        "level": nir.Output({"output": np.array([2])}),
    }
    ways = ("left", "from left", "hidden", "to rate", "spiking", "rate"), ("right", "from right", "hidden")
    ways = (*ways, ("hidden", "to level", "summing", "level"))
    edges = [edge for way in ways for edge in pairwise(way)]
    write_nir(nir.NIRGraph(nodes, edges), tmp_path / "two.nir")
    x = {f"x/{name}": (rng.random((9, 5, n)) < 0.4).astype(np.uint8) for name, n in (("left", 6), ("right", 4))}
    np.savez(tmp_path / "x.npz", **x, y=np.zeros(5, int))
    np.savez(tmp_path / "both.npz", **x, x=x["x/left"])
    return "two.nir"


def test_simulate_tells_the_classes_of_every_output_and_no_accuracy(run, network) -> None:
    code, out, error = run("simulate", network, "--data", "x.npz", "--samples", 3, "--json")
    content = json.loads(out)
    assert code == 0
    assert {name: len(classes) for name, classes in content["predictions"].items()} == {"level": 3, "rate": 3}
    assert content["accuracy"] is None
    assert "no accuracy: y holds one class a sample, the network has the outputs level, rate" in error


def test_compare_and_report_take_all_inputs_and_outputs(run, network, tmp_path: Path) -> None:
    targets = ("--data", "x.npz", "--targets", "run_graph,oracle,engine")
    code, out, _ = run("compare", network, *targets, "--json")
    to_integers, integers = json.loads(out)["pairs"]
    assert code == 0
    assert (integers["mismatches"], integers["same_prediction"]) == (0, 1.0)
    assert all(found["alone"] is not None for found in to_integers["populations"])
    code, out, _ = run("report", network, *targets, "--json")
    assert (code, json.loads(out)["accuracy"]) == (0, {})
    assert (tmp_path / "report.html").is_file()


def test_the_data_of_one_input_is_not_guessed(run, network, tmp_path: Path) -> None:
    code, _, error = run("simulate", network, "--data", "both.npz")
    assert (code, "which of them is the input?" in error) == (2, True)
    np.save(tmp_path / "one.npy", np.ones((9, 5, 6), np.uint8))
    code, _, error = run("simulate", network, "--data", "one.npy")
    assert (code, "['left', 'right']" in error) == (2, True)
