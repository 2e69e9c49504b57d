"""torch to NIR: our own networks and strangers' networks give the same spikes on both sides."""

from collections.abc import Callable, Iterable

import nir
import numpy as np
import pytest
import torch
from torch import nn

import strangers
from spikewright.exporters.nir.execute import run_graph
from spikewright.exporters.nir.files import read_nir, write_nir
from spikewright.exporters.nir.trace import to_nir
from spikewright.models.encoders import rate_code
from spikewright.models.errors import InputError, UnsupportedOp
from spikewright.models.networks import EIMLP, EIMLPConfig
from spikewright.toolchain.targets import run_torch

pytestmark = pytest.mark.torch


def rows(steps: int, samples: int, n: int = 20) -> np.ndarray:
    return (np.random.default_rng(0).random((steps, samples, n)) < 0.4).astype(np.float32)


def assert_same_spikes(model: nn.Module, example: torch.Tensor, x: np.ndarray) -> nir.NIRGraph:
    graph, _ = to_nir(model, example)
    ours, theirs = run_graph(graph, x), run_torch(model, x, "torch", example)
    assert ours.spikes.keys() == theirs.spikes.keys() and len(ours.spikes) == 2
    for name, spikes in theirs.spikes.items():
        assert spikes.any()
        np.testing.assert_array_equal(ours.spikes[name], spikes, err_msg=name)
    np.testing.assert_array_equal(ours.predict(), theirs.predict())
    return graph


@pytest.mark.parametrize("form", [strangers.sequential, lambda: strangers.OneStep(**strangers.ZERO)])
def test_snntorch_network_of_one_step(form: object) -> None:
    torch.manual_seed(1)
    assert_same_spikes(form(), torch.zeros(1, 20), rows(15, 30))


def test_snntorch_loop_over_rows_is_folded() -> None:
    torch.manual_seed(1)
    graph = assert_same_spikes(strangers.OverRows(**strangers.ZERO), torch.zeros(15, 1, 20), rows(15, 30))
    assert sorted(graph.nodes) == ["fc1", "fc2", "input", "lif1", "lif2", "output"]


def test_snntorch_tutorial_loop_is_folded() -> None:
    torch.manual_seed(1)
    x = np.repeat(rows(1, 30), 7, axis=0)
    assert_same_spikes(strangers.tutorial(), torch.zeros(1, 20), x)


def test_reset_that_nir_cannot_say_is_a_loss_and_in_the_metadata() -> None:
    graph, losses = to_nir(strangers.tutorial_default(), torch.zeros(1, 20))
    assert graph.metadata["spikewright"]["reset"] == "subtract_late"
    text = " ".join(loss.what for loss in losses)
    assert "no subtractive reset" in text and "one step late" in text


def test_frozen_network_keeps_paths_and_every_spike(tmp_path) -> None:
    torch.manual_seed(0)
    model = EIMLP(EIMLPConfig(sizes=(16, 24, 12, 4), steps=6), frozen=True)
    with torch.no_grad():
        for lif in (model.hidden1.lif, model.hidden2.lif):
            lif.threshold.uniform_(0.2, 0.6)
    x = rate_code(torch.rand(50, 16), 6).numpy()
    graph, losses = to_nir(model, torch.zeros(6, 1, 16))
    write_nir(graph, tmp_path / "a.nir")
    graph = read_nir(tmp_path / "a.nir")
    ours, theirs = run_graph(graph, x), run_torch(model, x, "frozen", torch.zeros(6, 1, 16))
    assert set(ours.spikes) == {"hidden1.lif", "hidden2.lif"} and not losses
    for name in ours.spikes:
        assert theirs.spikes[name].any()
        np.testing.assert_array_equal(ours.spikes[name], theirs.spikes[name])
    # float64 on both sides; the sums run in another order, hence an ulp per term.
    np.testing.assert_allclose(ours.output["output"], theirs.output["output"], rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (strangers.UnknownOperation, r"strangers\.py.*line \d+, in forward.*'tanh'"),
        (strangers.UsedTwice, "'lif1', call 1, is fed by call 0 of 'lif1'"),
        (strangers.DependsOnValues, r"strangers\.py:\d+.*must not depend on values"),
        (lambda **how: nn.Sequential(nn.Linear(20, 5), nn.Softmax(-1)), "'1' is a Softmax.*known are"),
    ],
)
def test_what_cannot_be_exported_is_named_with_its_place(model: object, message: str) -> None:
    with pytest.raises(UnsupportedOp, match=message):
        to_nir(model(**strangers.ZERO), torch.zeros(1, 20))


def test_wrong_example_and_meaningless_weights() -> None:
    with pytest.raises(InputError, match=r"does not run on an example of shape \(1, 19\)"):
        to_nir(strangers.tutorial(), torch.zeros(1, 19))
    model = strangers.tutorial()
    with torch.no_grad():
        model.fc2.bias[0] = float("inf")
        model.lif1.threshold.fill_(-1.0)
    with pytest.raises(InputError) as caught:
        to_nir(model, torch.zeros(1, 20))
    assert len(caught.value.violations) == 2


def test_neurons_without_leak_and_a_membrane_readout() -> None:
    torch.manual_seed(1)
    model, x, example = strangers.MembraneReadout(), rows(15, 30), torch.zeros(15, 1, 20)
    graph, _ = to_nir(model, example)
    kinds = {name: type(node) for name, node in graph.nodes.items()}
    assert (kinds["lif1"], kinds["lif2"]) == (nir.IF, nir.LI)
    ours, theirs = run_graph(graph, x), run_torch(model, x, "torch", example, membrane=True)
    np.testing.assert_array_equal(ours.spikes["lif1"], theirs.spikes["lif1"])
    # snnTorch computes in float32: an ulp of 6e-8 per step and term.
    np.testing.assert_allclose(ours.output["output"], theirs.output["output"], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    ("model", "rows_of_example", "message"),
    [
        (strangers.MembraneOfSpikingLayer, None, "another result of 'lif2' first than its spikes"),
        (strangers.LastStepOnly, 6, "returns 1 of 6 steps of 'lif2'"),
        (strangers.JoinedSignals, None, "'fc2' is fed with several signals at once"),
    ],
)
def test_results_that_the_graph_would_not_give_are_refused(
    model: type, rows_of_example: int | None, message: str
) -> None:
    example = torch.zeros(1, 20) if rows_of_example is None else torch.zeros(rows_of_example, 1, 20)
    with pytest.raises(UnsupportedOp, match=message):
        to_nir(model(**strangers.ZERO), example)


def test_leaky_settings_without_equivalent_are_refused() -> None:
    import snntorch as snn

    never_reset = snn.Leaky(beta=0.9, init_hidden=True, reset_mechanism="none")
    resetting = snn.Leaky(beta=0.9, init_hidden=True, **strangers.ZERO)
    graded = snn.Leaky(beta=0.9, init_hidden=True, graded_spikes_factor=3.0, **strangers.ZERO)
    hidden = nn.Sequential(nn.Linear(20, 6), never_reset, nn.Linear(6, 3), resetting)
    with pytest.raises(UnsupportedOp, match="only a readout may lack a reset"):
        to_nir(hidden, torch.zeros(1, 20))
    with pytest.raises(UnsupportedOp, match="graded_spikes_factor"):
        to_nir(nn.Sequential(nn.Linear(20, 6), graded), torch.zeros(1, 20))


def test_float64_modules_and_vector_thresholds() -> None:
    import snntorch as snn

    torch.manual_seed(0)
    leaky = snn.Leaky(beta=0.9, threshold=torch.rand(6) + 0.3, learn_threshold=True, init_hidden=True, **strangers.ZERO)
    model = nn.Sequential(nn.Linear(20, 6), leaky).double()
    graph, _ = to_nir(model, torch.zeros(1, 20, dtype=torch.float64))
    np.testing.assert_array_equal(graph.nodes["1"].v_threshold, leaky.threshold.detach().numpy())
    assert graph.nodes["0"].weight.dtype == np.float64


@pytest.mark.parametrize(
    "order",
    [
        lambda steps: range(steps - 1, -1, -1),
        lambda steps: [0] * steps,
        lambda steps: [-1] * steps,
        lambda steps: range(steps // 2),
        lambda steps: range(0, steps, 2),
        lambda steps: range(2, steps),
        lambda steps: [-1, *range(steps - 1)],
    ],
)
def test_a_loop_that_does_not_read_every_row_once_in_order_is_refused(order: Callable[[int], Iterable[int]]) -> None:
    class Loop(strangers.OverRows):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            mem1, mem2, spikes = self.lif1.reset_mem(), self.lif2.reset_mem(), []
            for t in order(x.size(0)):
                spk1, mem1 = self.lif1(self.fc1(x[t]), mem1)
                spk2, mem2 = self.lif2(self.fc2(spk1), mem2)
                spikes.append(spk2)
            return torch.stack(spikes)

    with pytest.raises(UnsupportedOp, match="A graph reads every row once, in order"):
        to_nir(Loop(), torch.zeros(6, 1, 20))


def test_additions_in_place_are_refused_instead_of_dropped() -> None:
    class InPlace(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.fc, self.lif = nn.Linear(5, 5), strangers.OneStep().lif1

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            h = self.fc(x)
            h.add_(x)
            return self.lif(h)[0]

    with pytest.raises(UnsupportedOp, match="add_"):
        to_nir(InPlace(), torch.zeros(1, 5))


def test_a_module_with_a_hook_is_refused() -> None:
    model = strangers.OneStep()
    model.fc1.register_forward_hook(lambda module, arguments, result: 3 * result)
    with pytest.raises(UnsupportedOp, match="module 'fc1': a forward hook"):
        to_nir(model, torch.zeros(1, 20))
