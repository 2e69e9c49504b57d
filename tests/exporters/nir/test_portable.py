"""The portable form: snnTorch's and nirtorch's own readers give the spikes that the model gives."""

import nir
import numpy as np
import pytest
import torch
from torch import nn

import recurrent
import residual
from spikewright.exporters.nir.build import from_nir
from spikewright.exporters.nir.execute import run_graph
from spikewright.exporters.nir.files import read_nir, write_nir
from spikewright.exporters.nir.trace import to_nir
from spikewright.models.errors import UnsupportedOp
from spikewright.models.networks import EIMLP, EIMLPConfig
from spikewright.models.neurons import LIF

pytestmark = pytest.mark.torch
nirtorch = pytest.importorskip("nirtorch", reason="nirtorch is not installed (pip install --no-deps nirtorch)")
snn = pytest.importorskip("snntorch", reason="snntorch is not installed")

HOW = {"init_hidden": True, "reset_mechanism": "zero", "reset_delay": False}


def dense() -> nn.Module:
    return nn.Sequential(
        nn.Linear(20, 12, bias=False),
        snn.Leaky(beta=0.9, **HOW),
        nn.Dropout(0.2),
        nn.Linear(12, 5),
        snn.Synaptic(alpha=0.7, beta=0.8, threshold=0.5, **HOW),
    )


def images() -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(2, 4, 3, padding=1),
        nn.BatchNorm2d(4),
        snn.Leaky(beta=0.9, threshold=0.2, **HOW),
        nn.Conv2d(4, 4, (1, 3), groups=2),
        snn.Leaky(beta=0.5, threshold=0.1, **HOW),
        nn.AvgPool2d(2),
        nn.Flatten(),
        nn.Linear(4 * 4 * 4, 5),
        snn.Leaky(beta=0.8, threshold=0.05, **HOW),
    )


def branches() -> nn.Module:
    class Branches(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.a, self.b = nn.Linear(20, 8), nn.Linear(20, 8)
            self.lif1, self.lif2 = snn.Leaky(beta=0.9, **HOW), snn.Leaky(beta=0.5, threshold=0.4, **HOW)
            self.fc, self.lif3 = nn.Linear(8, 5), snn.Leaky(beta=0.8, threshold=0.3, **HOW)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.lif3(self.fc(self.lif1(self.a(x)) + self.lif2(self.b(x))))

    return Branches()


CASES = {"dense": (dense, (20,)), "images": (images, (2, 8, 10)), "branches": (branches, (20,))}


def written(name: str, tmp_path) -> tuple[nir.NIRGraph, np.ndarray, np.ndarray]:
    """A model's portable file as strict nir.read gives it, an input, and the model's own spikes."""
    build, shape = CASES[name]
    torch.manual_seed(0)
    model = residual.warmed(build())
    x = (torch.rand(15, 1, *shape) < 0.4).float()
    graph, losses = to_nir(model, x[0], portable=True, strict=True)
    assert not losses
    write_nir(graph, tmp_path / "a.nir")
    for module in model.modules():
        if hasattr(module, "reset_mem"):
            module.reset_mem()
    with torch.no_grad():
        spikes = torch.stack([model(row) for row in x])
    assert spikes.any()
    return nir.read(tmp_path / "a.nir"), x.numpy(), spikes.numpy()


def stepped(module: nn.Module, x: np.ndarray) -> np.ndarray:
    """Rows of a one-step module that threads its own state, without a batch axis."""
    rows, state = [], None
    with torch.no_grad():
        for row in torch.as_tensor(x[:, 0]):
            out, state = module(row) if state is None else module(row, state)
            rows.append(out)
    return torch.stack(rows).numpy()


@pytest.mark.parametrize("name", CASES)
def test_snntorch_reads_it(name: str, tmp_path) -> None:
    from snntorch.import_nir import import_from_nir

    graph, x, spikes = written(name, tmp_path)
    np.testing.assert_array_equal(stepped(import_from_nir(graph), x), spikes[:, 0])


class Stepped(nn.Module):
    """A neuron of ours as nirtorch wants it: one step, the state handed in and out."""

    def __init__(self, node: nir.NIRNode) -> None:
        super().__init__()
        shape = node.input_type["input"]
        ends = {"in": nir.Input({"input": shape}), "n": node, "out": nir.Output({"output": shape})}
        self.neuron = from_nir(nir.NIRGraph(ends, [("in", "n"), ("n", "out")])).layers["n"]

    def forward(self, x: torch.Tensor, state: dict | None = None) -> tuple[torch.Tensor, dict]:
        out, state = self.neuron.step(x.double()[None], state or {})
        return out[0], state


def affine(node: nir.Affine) -> nn.Module:
    """As nirtorch 2.6, whose own forgets the bias."""
    layer = nn.Linear(*node.weight.shape[::-1])
    layer.weight.data, layer.bias.data = torch.as_tensor(node.weight), torch.as_tensor(node.bias)
    return layer.double()


@pytest.mark.parametrize("name", CASES)
def test_nirtorch_reads_it(name: str, tmp_path) -> None:
    graph, x, spikes = written(name, tmp_path)
    module = nirtorch.nir_to_torch(graph, {nir.Affine: affine, nir.LIF: Stepped, nir.CubaLIF: Stepped})
    np.testing.assert_array_equal(stepped(module.double(), x.astype(np.float64)), spikes[:, 0])


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("metadata", [True, False])
def test_our_own_readers_need_no_metadata(name: str, metadata: bool, tmp_path) -> None:
    _, x, spikes = written(name, tmp_path)
    again = read_nir(tmp_path / "a.nir")
    if not metadata:
        again.metadata = {}
    end = next(source for source, target in again.edges if target == "output")
    trace = run_graph(again, x)
    np.testing.assert_array_equal(trace.spikes[end], spikes)
    np.testing.assert_array_equal(from_nir(again)(torch.as_tensor(x).double()).detach(), spikes)
    if metadata:  # the comparison of a file without it can only be guessed from its parameters
        assert trace.settings["spike_op"] == (">", "metadata")


def test_all_reasons_are_told_at_once() -> None:
    model = nn.Sequential(
        LIF(4, tau=1.0, spike_op=">=", reset="subtract"), nn.Linear(4, 3), LIF(3, spike_op=">=", reset="subtract")
    )
    with torch.no_grad():
        model[0].threshold.uniform_(0.3, 0.5)
    with pytest.raises(UnsupportedOp) as caught:
        to_nir(model, torch.zeros(3, 1, 4), portable=True, dt_s=1e-3)
    text = "\n".join(caught.value.violations)
    assert len(caught.value.violations) == 6
    for reason in (
        "0: reset 'subtract'",
        "2: reset",
        "0: spike_op",
        "2: spike_op",
        "0: 4 different thresholds",
        "dt_s",
    ):
        assert reason in text


def test_recurrence_and_kinds_outside_are_refused() -> None:
    how = {"reset_mechanism": "zero", "reset_delay": False}
    with pytest.raises(UnsupportedOp, match="lif1: nirtorch and snnTorch change the meaning of recurrent"):
        to_nir(recurrent.Recurrent(**how), torch.zeros(5, 1, 20), portable=True)
    no_leak = nn.Sequential(nn.Linear(4, 3), snn.Leaky(beta=1.0, **HOW))
    with pytest.raises(UnsupportedOp, match="1: snnTorch or nirtorch does not read IF"):
        to_nir(no_leak, torch.zeros(1, 4), portable=True)


def test_mean_over_time_is_left_to_the_reader_and_strict_refuses_that() -> None:
    torch.manual_seed(0)
    model = EIMLP(EIMLPConfig(sizes=(16, 12, 4), steps=5, share="layer", threshold=0.15), frozen=True).double()
    x = (torch.rand(5, 6, 16) < 0.5).double()
    graph, losses = to_nir(model, x[:, :1], portable=True)
    assert [loss.node for loss in losses] == ["readout.mean"]
    with torch.no_grad():
        assert model(x).any()
        np.testing.assert_allclose(from_nir(graph)(x).mean(0), model(x), rtol=1e-9, atol=1e-12)
    with pytest.raises(UnsupportedOp) as caught:
        to_nir(model, x[:, :1], portable=True, strict=True)
    assert len(caught.value.violations) == 1
