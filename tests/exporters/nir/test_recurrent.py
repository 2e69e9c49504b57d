"""snnTorch's recurrent and synaptic neurons: the graph, and the module built from it, give their spikes."""

import numpy as np
import pytest
import torch
from torch import nn

import recurrent
import strangers
from spikewright.exporters.nir.build import from_nir
from spikewright.exporters.nir.execute import run_graph
from spikewright.exporters.nir.files import read_nir, write_nir
from spikewright.exporters.nir.trace import to_nir
from spikewright.models.errors import UnsupportedOp

pytestmark = pytest.mark.torch
snn = pytest.importorskip("snntorch", reason="snntorch is not installed")

SUBTRACT_LATE: dict = {}
SUBTRACT = {"reset_delay": False}


def rows() -> torch.Tensor:
    return (torch.rand(30, 40, 20, generator=torch.Generator().manual_seed(1)) < 0.4).float()


@pytest.mark.parametrize(
    ("kind", "how", "reset"),
    [
        (recurrent.Recurrent, strangers.ZERO, "zero"),
        (recurrent.Recurrent, SUBTRACT_LATE, "subtract_late"),
        (recurrent.Recurrent, SUBTRACT, "subtract_once"),
        (recurrent.Recurrent, {"all_to_all": False, **strangers.ZERO}, "zero"),
        (recurrent.RecurrentSynaptic, SUBTRACT_LATE, "subtract_late"),
        (recurrent.Synaptic, strangers.ZERO, "zero"),
        (recurrent.Synaptic, SUBTRACT, "subtract_once"),
        (strangers.OverRows, {"reset_mechanism": "zero"}, "zero"),
        (strangers.OverRows, SUBTRACT_LATE, "subtract_late"),
    ],
)
def test_spike_for_spike(kind: type, how: dict, reset: str, tmp_path) -> None:
    torch.manual_seed(0)
    model, x = kind(**how), rows()
    expected = model(x).detach()
    graph, losses = to_nir(model, x[:, :1])
    assert graph.metadata["spikewright"]["reset"] == reset and bool(losses) == (reset != "zero")
    write_nir(graph, tmp_path / "a.nir")
    graph = read_nir(tmp_path / "a.nir")
    assert 0.02 < expected.mean() < 0.5
    np.testing.assert_array_equal(run_graph(graph, x.numpy()).spikes["lif2"], expected)
    np.testing.assert_array_equal(from_nir(graph)(x.double()).detach(), expected)


def test_late_zero_reset_behind_a_current_is_a_loss() -> None:
    _, losses = to_nir(recurrent.Synaptic(reset_mechanism="zero"), rows()[:, :1])
    assert [(loss.node, "drops that step's input" in loss.what) for loss in losses] == [("lif1", True)]
    with pytest.raises(UnsupportedOp) as caught:
        to_nir(recurrent.Synaptic(reset_mechanism="zero"), rows()[:, :1], strict=True)
    assert len(caught.value.violations) == 1


def test_swapped_states_are_refused_with_their_line() -> None:
    with pytest.raises(UnsupportedOp, match=r"recurrent\.py.*line \d+, in forward: 'lif1' is given a state"):
        to_nir(recurrent.StatesSwapped(), rows()[:, :1])


def test_membranes_that_never_reset() -> None:
    torch.manual_seed(0)
    x = rows()
    lapicque = snn.Lapicque(R=2.0, C=3.0, reset_mechanism="none", init_hidden=True, output=True)
    synaptic = snn.Synaptic(alpha=0.7, beta=0.8, reset_mechanism="none", init_hidden=True, output=True)
    for neuron, kind, last in ((lapicque, "LI", 1), (synaptic, "CubaLI", 2)):

        class Readout(nn.Module):
            def __init__(self, neuron: nn.Module, last: int) -> None:
                super().__init__()
                self.fc, self.neuron, self.last = nn.Linear(20, 5), neuron, last

            def forward(self, row: torch.Tensor) -> torch.Tensor:
                return self.neuron(self.fc(row))[self.last]

        model = Readout(neuron, last)
        graph, losses = to_nir(model, x[0, :1])
        assert type(graph.nodes["neuron"]).__name__ == kind and not losses
        neuron.reset_mem()
        with torch.no_grad():
            expected = torch.stack([model(row) for row in x])
        # snnTorch computes in float32: an ulp of 6e-8 per step and term.
        np.testing.assert_allclose(from_nir(graph)(x.double()).detach(), expected, rtol=1e-4, atol=1e-5)
        np.testing.assert_allclose(run_graph(graph, x.numpy()).output["output"], expected[-1], rtol=1e-4, atol=1e-5)
    resets = nn.Sequential(nn.Linear(20, 5), snn.Lapicque(beta=0.5, init_hidden=True))
    with pytest.raises(UnsupportedOp, match=r"'1' \(Lapicque\).*only reset_mechanism='none' is exact"):
        to_nir(resets, x[0, :1])


def test_a_model_that_has_run_with_gradients_can_be_exported() -> None:
    model, x = recurrent.Recurrent(**strangers.ZERO), rows()
    model(x).sum().backward()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    to_nir(model, x[:, :1])
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    assert model.training
