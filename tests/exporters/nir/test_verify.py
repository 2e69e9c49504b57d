"""`to_nir` refuses a model that computes something else than what it can write, and accepts every model it can."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from loops import Loop, plain
from stacks import SHAPE, stacks
from torch import nn

import recurrent
import strangers
from spikewright.exporters.nir.build import from_nir
from spikewright.exporters.nir.execute import run_graph
from spikewright.exporters.nir.trace import to_nir
from spikewright.models.errors import CheckFailed, UnsupportedOp

pytestmark = pytest.mark.torch
snn = pytest.importorskip("snntorch", reason="snntorch is not installed")

LINE = r"test_verify\.py.*line \d+, in forward"


@pytest.mark.parametrize("state", ["positional", "keyword", "number"])
def test_a_constant_state_within_the_loop_is_refused(state: str) -> None:
    def step(net: Loop, row: torch.Tensor, mem1: torch.Tensor, mem2: torch.Tensor) -> tuple:
        if state == "keyword":
            spk, _ = net.lif1(net.fc1(row), mem=torch.zeros(1, 12))
        else:
            spk, _ = net.lif1(net.fc1(row), net.lif1.reset_mem() if state == "positional" else 0.0)
        spk, mem2 = net.lif2(net.fc2(spk), mem2)
        return spk, mem1, mem2

    # A number breaks snnTorch itself, before we see it.
    with pytest.raises((UnsupportedOp, ValueError), match=r"'lif1', call \d, is given a constant|does not run"):
        to_nir(Loop(step), torch.zeros(6, 1, 20))


def test_a_reset_within_the_loop_shows_when_both_are_run() -> None:
    class Resets(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.fc, self.lif = nn.Linear(20, 12), snn.Leaky(beta=0.9, init_hidden=True, **strangers.ZERO)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            spikes = []
            for t in range(x.size(0)):
                self.lif.reset_mem()
                spikes.append(self.lif(self.fc(x[t])))
            return torch.stack(spikes)

    torch.manual_seed(0)
    with pytest.raises(CheckFailed, match=rf"{LINE}: 'lif' differs first in row [1-5], sample \d, neuron.*membrane"):
        to_nir(Resets(), torch.zeros(6, 1, 20))
    graph, _ = to_nir(Resets(), torch.zeros(6, 1, 20), verify=False)
    assert "lif" in graph.nodes


def test_an_initial_state_that_is_not_rest_and_an_example_over_time_of_one_step() -> None:
    def step(net: Loop, row: torch.Tensor, mem1: torch.Tensor, mem2: torch.Tensor) -> tuple:
        return plain(net, row, mem1, mem2)

    class Charged(Loop):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            mem1, spikes = 5.0 * torch.ones(x.size(1), 12, dtype=self.fc1.weight.dtype), []
            for t in range(x.size(0)):
                spk, mem1 = self.lif1(self.fc1(x[t]), mem1)
                spikes.append(spk)
            return torch.stack(spikes)

    torch.manual_seed(0)
    with pytest.raises(CheckFailed, match=r"'lif1' differs first in row \d"):
        to_nir(Charged(step), torch.zeros(6, 1, 20))
    with pytest.raises(CheckFailed, match="example over time"):
        to_nir(strangers.sequential(), torch.zeros(6, 1, 20))


@pytest.mark.filterwarnings("ignore:.*weight_norm.*is deprecated")
def test_weights_that_hooks_compute_are_written_as_they_will_be() -> None:
    torch.manual_seed(0)
    layer = nn.utils.weight_norm(nn.Linear(20, 5))
    with torch.no_grad():
        layer.weight_g.mul_(3)
    graph, _ = to_nir(nn.Sequential(layer), torch.zeros(1, 20))
    x = torch.rand(1, 20)
    with torch.no_grad():
        np.testing.assert_allclose(
            run_graph(graph, x[None].numpy()).output["output"], layer(x).double(), rtol=1e-5, atol=1e-6
        )


def test_neurons_that_differ_are_named_with_their_lines() -> None:
    model = strangers.OverRows()
    model.lif2 = snn.Leaky(beta=0.8, **strangers.ZERO)
    with pytest.raises(
        UnsupportedOp, match=r"(?s)differ in reset.*strangers\.py.*line \d+.*'lif1' has 'subtract_late'"
    ):
        to_nir(model, torch.zeros(4, 1, 20))


def test_nothing_of_the_model_or_of_torch_is_changed() -> None:
    model = nn.Sequential(nn.Linear(20, 12), nn.Dropout(0.5), snn.Leaky(beta=0.9, init_hidden=True)).train()
    model(torch.rand(3, 20)).sum().backward()
    kept, random = model[2].mem.clone(), torch.get_rng_state()
    everywhere = list(snn.SpikingNeuron.instances)
    to_nir(model, torch.zeros(1, 20))
    assert torch.equal(model[2].mem, kept) and model.training and model[1].training
    assert torch.equal(torch.get_rng_state(), random) and snn.SpikingNeuron.instances == everywhere
    assert model[0].weight.dtype == torch.float32


@settings(max_examples=25, deadline=None)
@given(stacks(), st.booleans())
def test_no_false_alarm_for_our_modules(model: nn.Sequential, double: bool) -> None:
    graph, _ = to_nir(model.double() if double else model, torch.zeros(6, 1, *SHAPE).to(model[-1].weight.dtype))
    network = from_nir(graph)
    again, _ = to_nir(network, torch.zeros(6, 1, *SHAPE).double())
    assert again.nodes.keys() == graph.nodes.keys()


@st.composite
def snntorch_models(draw: st.DrawFn) -> tuple[nn.Module, torch.Tensor]:
    """A stack with hidden states, or a loop over rows, with any settings that are exported."""
    torch.manual_seed(draw(st.integers(0, 2**31 - 1)))
    reset = draw(st.sampled_from([strangers.ZERO, {"reset_delay": False}, {}]))
    if draw(st.booleans()):
        form = draw(st.sampled_from([strangers.OverRows, recurrent.Recurrent, recurrent.Synaptic]))
        if draw(st.booleans()) and reset != {"reset_delay": False}:
            form = recurrent.RecurrentSynaptic if reset == {} else form
        return form(**reset), torch.zeros(draw(st.integers(1, 8)), 1, 20)
    sizes = [20, *draw(st.lists(st.integers(1, 9), min_size=1, max_size=3))]
    layers: list[nn.Module] = []
    for inputs, outputs in pairwise(sizes):
        beta, threshold = draw(st.floats(0.0, 1.0)), draw(st.floats(0.05, 2.0))
        how = {"threshold": threshold, "init_hidden": True, "beta": min(beta, 0.99), **reset}
        per_neuron = how | {"beta": 0.9 * torch.rand(outputs), "learn_beta": True, "learn_threshold": True}
        kinds = [
            lambda how=how: snn.Leaky(**how),
            lambda how=how: snn.Synaptic(alpha=0.5, **how),
            lambda per_neuron=per_neuron: snn.Leaky(**per_neuron),
        ]
        layers += [
            nn.Linear(inputs, outputs, bias=draw(st.booleans())),
            nn.Dropout(0.5),
            draw(st.sampled_from(kinds))(),
        ]
    return nn.Sequential(*layers), torch.zeros(draw(st.integers(1, 3)), 20)


@settings(max_examples=25, deadline=None)
@given(snntorch_models())
def test_no_false_alarm_for_snntorch(case: tuple[nn.Module, torch.Tensor]) -> None:
    model, example = case
    graph, _ = to_nir(model, example)
    assert graph.metadata["spikewright"]["reset"]
