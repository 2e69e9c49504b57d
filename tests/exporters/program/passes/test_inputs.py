"""Several inputs: each becomes what its own calibration shows, and wrong calibrations are told by name."""

from __future__ import annotations

import nir
import numpy as np
import pytest

import dyadic
from spikewright.exporters.nir.execute import run_graph
from spikewright.exporters.program.limits import ChipLimits
from spikewright.exporters.program.lower import lower
from spikewright.models.errors import CapacityError, InputError, UnsupportedOp
from spikewright.simulators.run import simulate


def two_inputs() -> nir.NIRGraph:
    rng = np.random.default_rng(0)
    nodes = dyadic.ports(3, 2) | {"grey": nir.Input({"input": np.array([2])}), "n": dyadic.neurons("CubaLIF", 2)}
    nodes |= {"fc": nir.Affine(dyadic.weights(rng, 2, 3), dyadic.units(rng, 20, 2))}
    nodes |= {"gc": nir.Linear(dyadic.weights(rng, 2, 2))}
    return dyadic.graph(nodes, "input fc n output", "grey gc n")


def rows() -> dict[str, np.ndarray]:
    rng = np.random.default_rng(1)
    return {"input": (rng.random((8, 5, 3)) < 0.5).astype(float), "grey": rng.integers(-3, 4, (8, 5, 2))}


def test_every_input_has_its_own_kind_and_none_is_asked_for_the_bias() -> None:
    graph, x = two_inputs(), rows()
    program = lower(graph, calibration=x)
    assert {i.name: (i.kind, i.bits) for i in program.inputs} == {
        "(bias)": ("bias", 1),
        "grey": ("graded", 2),
        "input": ("spikes", 1),
    }
    trace = simulate(program, x, backend="oracle", record=("spikes",))
    reference = run_graph(graph, x)
    assert reference.spikes["n"].any()
    np.testing.assert_array_equal(trace.spikes["n"], reference.spikes["n"])


def test_wrong_calibrations_are_told() -> None:
    graph, x = two_inputs(), rows()
    with pytest.raises(InputError, match=r"inputs \['grey', 'input'\], the calibration gives one array"):
        lower(graph, calibration=x["input"])
    with pytest.raises(InputError, match=r"gives \['input'\]. Give a dict of all"):
        lower(graph, calibration={"input": x["input"]})
    with pytest.raises(InputError, match=r"of 'grey' must be finite, \(T, B, 2\), is \(8, 5, 3\)"):
        lower(graph, calibration=x | {"grey": x["input"]})
    for wrong in (x["grey"][:0], x["grey"].astype(str), x["grey"] * 1j):  # no row to bound states with; no numbers
        with pytest.raises(InputError, match=r"of 'grey' must be finite, \(T, B, 2\), is"):
            lower(graph, calibration=x | {"grey": wrong})
    with pytest.raises(InputError, match=r"same T and B, are {'input': \(8, 5\), 'grey': \(7, 5\)}"):
        lower(graph, calibration=x | {"grey": x["grey"][:7]})
    with pytest.raises(InputError, match=r"gives \['1', 'input'\]"):
        lower(graph, calibration={"input": x["input"], 1: x["grey"]})
    with pytest.raises(CapacityError, match="'grey' is grey"):
        lower(graph, calibration=x, chip=ChipLimits("binary", graded_spikes=False))


def test_the_smallest_integer_of_a_type_has_its_magnitude() -> None:
    """-128 of int8, whose magnitude that type does not hold."""
    graph, x = two_inputs(), rows()
    x["grey"] = x["grey"].astype(np.int8)
    x["grey"][0, 0] = -128
    assert next(i.bits for i in lower(graph, calibration=x).inputs if i.name == "grey") == 8


def test_no_node_may_be_called_like_the_source_of_biases() -> None:
    graph = two_inputs()
    nodes = {{"grey": "(bias)"}.get(name, name): node for name, node in graph.nodes.items()}
    edges = [("(bias)" if source == "grey" else source, target) for source, target in graph.edges]
    with pytest.raises(UnsupportedOp, match=r"a node is called '\(bias\)'.*rename it"):
        lower(nir.NIRGraph(nodes, edges, metadata=graph.metadata, type_check=False))


def test_only_rounded_values_are_a_loss() -> None:
    graph, x = two_inputs(), rows()
    assert not [loss for loss in lower(graph, calibration=x).losses if loss.kind == "input"]
    rounded = lower(graph, calibration=x | {"grey": x["grey"] / 7})
    assert [loss.node for loss in rounded.losses if loss.kind == "input"] == ["grey"]
