"""The divisor of an E-I circuit in NIR: equal to the module, kept by files, refused where it means nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import nir
import numpy as np
import pytest
import torch
from torch import nn

from circuits import circuit, events, leaky, random_graph
from spikewright.exporters.nir.build import from_nir
from spikewright.exporters.nir.divisors import Divisor, divisor_of, quotient, static_graph
from spikewright.exporters.nir.execute import run_graph
from spikewright.exporters.nir.files import read_nir, write_nir
from spikewright.exporters.nir.trace import to_nir
from spikewright.models.ei import EILinear, anneal_divisors
from spikewright.models.errors import InputError, UnsupportedOp
from spikewright.models.layers import OverTime
from spikewright.models.networks import EIMLP, EIMLPConfig
from spikewright.models.neurons import LIF

pytestmark = pytest.mark.torch


def network(sparse: bool = False) -> tuple[EIMLP, torch.Tensor]:
    """An initialised network of two hidden circuits, and spikes; `sparse` circuits have divisors that can be 0."""
    torch.manual_seed(0)
    x = (torch.rand(8, 30, 20) < 0.1).float()
    x[:, 0] = 0
    model = EIMLP(EIMLPConfig(sizes=(20, 24, 16, 10)))
    with torch.no_grad():
        model((torch.rand(8, 30, 20) < 0.3).float())
        for module in model.modules():
            if isinstance(module, EILinear) and not module.output:
                module.bias_e.normal_(0, 0.1)
                for weight in (module.weight_ei, module.weight_ie) if sparse else ():
                    weight.mul_(torch.rand_like(weight) < 0.3)
    return model.eval(), x


@pytest.mark.parametrize("sparse", [False, True])
def test_the_graph_is_the_exact_network_and_so_is_its_file(tmp_path: Path, sparse: bool) -> None:
    model, x = network(sparse)
    graph, losses = to_nir(model, x)
    write_nir(graph, tmp_path / "a.nir")
    read = [read_nir(tmp_path / "a.nir"), read_nir(tmp_path / "a.nir", strict=True)]
    if sparse:
        hidden = model.hidden1.circuit
        divisor = torch.nn.functional.linear(x, hidden.divisor_weight())
        assert ((divisor == 0).any(-1) & (divisor > 0).any(-1)).any()
    expected = model.double()(x.double()).detach().numpy()
    for one in (graph, *read):
        np.testing.assert_allclose(run_graph(one, x.numpy()).output["output"], expected, rtol=1e-9, atol=1e-9)
    assert [loss.node for loss in losses] == ["hidden1.circuit", "hidden2.circuit"]
    assert all("other readers take its mean, which varies by" in loss.what for loss in losses)
    assert type(graph.nodes["readout.circuit"]) is nir.Linear and divisor_of(graph.nodes["readout.circuit"]) is None


def test_other_readers_see_the_static_gain() -> None:
    """The gain c is least squares, so that the divisor times c is near 1."""
    model, x = network()
    graph, _ = to_nir(model, (torch.rand(8, 50, 20) < 0.3).float())
    divisor = divisor_of(graph.nodes["hidden1.circuit"])
    relative = (torch.rand(500, 20) < 0.3).double().numpy() @ divisor.weight.T
    assert 0.9 < relative.mean() < 1.1 and divisor.cv == pytest.approx(
        (relative.std(0) / relative.mean(0)).mean(), abs=0.1
    )
    static = static_graph(graph)
    assert not any(divisor_of(node) for node in static.nodes.values())
    node = nir.Affine(graph.nodes["hidden1.circuit"].weight, graph.nodes["hidden1.circuit"].bias)
    np.testing.assert_array_equal(
        run_graph(static, x.numpy()).spikes["hidden1.lif"],
        run_graph(
            nir.NIRGraph({**graph.nodes, "hidden1.circuit": node}, graph.edges, metadata=graph.metadata), x.numpy()
        ).spikes["hidden1.lif"],
    )


def test_a_built_module_computes_the_graph_and_is_exported_again() -> None:
    graph = random_graph(np.random.default_rng(14))
    x = events(np.random.default_rng(0), 6, 8, "grey")
    built = from_nir(graph)
    reference = run_graph(graph, x)
    rows = built(torch.from_numpy(x)).detach().numpy()
    np.testing.assert_allclose(rows.sum(0), reference.output["output"], rtol=1e-9, atol=1e-9)
    again, losses = to_nir(built, torch.from_numpy(x))
    np.testing.assert_allclose(run_graph(again, x).output["output"], reference.output["output"], rtol=1e-9, atol=1e-9)
    assert {loss.node for loss in losses} == {"ei1", "ei2"}
    built.ei1.divisor.data[0, 0] = -1.0
    built.ei1.clamp_()
    assert (built.ei1.divisor >= 0).all()


def test_the_guard_takes_the_smallest_positive_divisor_of_its_row() -> None:
    numerator, gain = np.ones((3, 3)), np.array([1.0, 2.0, 4.0])
    divisor = np.array([[2.0, 0.0, 8.0], [0.0, 0.0, 0.0], [1.0, 2.0, 3.0]])
    # Before the gains the first row is 2, 0, 2: its 0 becomes 2, with its gain 4.
    np.testing.assert_allclose(quotient(numerator, divisor, gain), [[0.5, 0.25, 0.125], [0, 0, 0], [1, 1 / 2, 1 / 3]])


def test_portable_files_leave_the_divisor_out_and_say_so() -> None:
    model, x = network()
    graph, losses = to_nir(model, x, portable=True)
    assert not any(divisor_of(node) for node in graph.nodes.values())
    assert [loss.node for loss in losses if "its gain is static; it varies by" in loss.what] == [
        "hidden1.circuit",
        "hidden2.circuit",
    ]


def test_a_built_module_that_divides_is_portable_without_its_divisor() -> None:
    torch.manual_seed(0)
    x = torch.rand(5, 20, 12)
    model = nn.Sequential(EILinear(12, 8), LIF(8, 2.0, 0.5))
    model(x)
    built = from_nir(to_nir(model.eval(), x)[0])
    graph, losses = to_nir(built, x.double(), portable=True)
    assert not any(divisor_of(node) for node in graph.nodes.values())
    assert any("its gain is static" in loss.what for loss in losses)


def test_an_example_that_drives_nothing_is_no_calibration() -> None:
    model, x = network()
    with pytest.raises(InputError, match=r"'hidden1.circuit' is calibrated on the example.*real input \(T, B, N\)"):
        to_nir(model, torch.zeros_like(x))
    with pytest.raises(UnsupportedOp, match=r"'hidden1.circuit' \(EILinear\).*no weights yet"):
        to_nir(EIMLP(EIMLPConfig(sizes=(20, 8, 4))), x)


def test_an_annealed_divisor_is_plain_and_one_under_way_is_refused() -> None:
    model, x = network()
    anneal_divisors(model.train(), 0.0)
    model(x)
    anneal_divisors(model, 0.5)
    with pytest.raises(UnsupportedOp, match=r"annealed by a share of 0.5"):
        to_nir(model.eval(), x)
    anneal_divisors(model, 1.0)
    graph, losses = to_nir(model, x)
    assert losses == [] and not any(divisor_of(node) for node in graph.nodes.values())
    np.testing.assert_allclose(
        run_graph(graph, x.numpy()).output["output"], model.double()(x.double()).detach().numpy(), rtol=1e-9, atol=1e-9
    )


def test_a_normalisation_behind_a_circuit_is_folded_into_its_numerator() -> None:
    torch.manual_seed(0)
    x = torch.rand(5, 20, 12)
    norm = nn.BatchNorm1d(8)
    model = nn.Sequential(EILinear(12, 8), OverTime(norm), LIF(8, 2.0, 0.5)).train()
    model(x)
    graph, _ = to_nir(model.eval(), x)
    (name,) = [name for name, node in graph.nodes.items() if divisor_of(node) is not None]
    assert len(graph.nodes) == 4 and type(graph.nodes[name]) is nir.Affine


GOOD = circuit(np.random.default_rng(0), 4, 6).metadata["spikewright"]


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ({"divisor": np.ones((6, 4))}, r"divisor is float64 \(6, 4\), must be numbers \(4, 6\)"),
        ({"divisor": "two"}, "divisor is .*must be numbers"),
        ({"divisor": -GOOD["divisor"] - 1}, "divisor holds 24 value.*below 0"),
        ({"divisor": np.full((4, 6), np.nan)}, "divisor holds 24 value"),
        ({"divisor_gain": np.zeros(4)}, "divisor_gain holds 4 value.*not above 0"),
        ({"divisor_gain": np.ones(3)}, r"must be numbers \(4,\)"),
        ({"divisor_cv": -1.0}, "divisor_cv is -1.0"),
        ({"divisor_cv": "wide"}, "divisor_cv is 'wide'"),
        ({"divisor": None}, "divisor is object"),
    ],
)
def test_a_divisor_that_means_nothing_is_refused_everywhere(tmp_path: Path, said: dict[str, Any], message: str) -> None:
    rng = np.random.default_rng(0)
    node = circuit(rng, 4, 6)
    nodes = {"input": nir.Input({"input": np.array([6])}), "ei": node, "n": leaky(rng, 4)}
    nodes |= {"output": nir.Output({"output": np.array([4])})}
    graph = nir.NIRGraph(nodes, [("input", "ei"), ("ei", "n"), ("n", "output")])
    node.metadata = {"spikewright": {**GOOD, **said}}
    for use in (lambda: run_graph(graph, np.ones((2, 1, 6))), lambda: write_nir(graph, tmp_path / "a.nir")):
        with pytest.raises(InputError, match=message):
            use()
    if not any(value is None for value in said.values()):
        nir.write(tmp_path / "bad.nir", graph)
        with pytest.raises(InputError, match="divisor"):
            read_nir(tmp_path / "bad.nir")


@pytest.mark.parametrize("node", [nir.Conv1d(6, np.ones((1, 1, 1)), 1, 0, 1, 1, np.zeros(1)), nir.Scale(np.ones(6))])
def test_only_matrices_have_divisors(node: nir.NIRNode) -> None:
    node.metadata = Divisor(np.ones((1, 1)), np.ones(1)).metadata()
    graph = nir.NIRGraph({"node": node}, [], type_check=False)
    with pytest.raises(InputError, match="only an Affine or Linear"):
        run_graph(graph, np.ones((1, 1, 6)))
