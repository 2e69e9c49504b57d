"""Our modules, in random stacks, come back from a file as they left."""

import tempfile
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from spikewright.exporters.nir.build import from_nir
from spikewright.exporters.nir.execute import run_graph
from spikewright.exporters.nir.files import read_nir, write_nir
from spikewright.exporters.nir.trace import to_nir
from spikewright.models.layers import Delay, OverTime, Scale, Threshold
from spikewright.models.networks import EIMLP, EIMLPConfig
from spikewright.models.neurons import LIF
from spikewright.models.point_neurons import PointNeuron

pytestmark = pytest.mark.torch

# Both sides are float64; keep = 1 - 1/tau is rounded once more in NIR, and sums run in another order.
CLOSE = {"rtol": 1e-9, "atol": 1e-12}
SHAPE = (2, 3, 3)


@st.composite
def stacks(draw: st.DrawFn) -> nn.Sequential:
    """Two to five modules on (T, B, 2, 3, 3), all neurons with one reset and comparison, a linear readout."""
    torch.manual_seed(draw(st.integers(0, 2**31 - 1)))
    reset, spike_op = draw(st.sampled_from(("zero", "subtract"))), draw(st.sampled_from((">", ">=")))
    share, tau = draw(st.sampled_from(("neuron", "channel", "layer"))), draw(st.floats(1.0, 8.0))
    value = lambda low, high: low + (high - low) * torch.rand(SHAPE)  # noqa: E731
    makers = {
        "lif": lambda: LIF(SHAPE, tau, 0.5, share, reset=reset, spike_op=spike_op),
        "point": lambda: PointNeuron(
            SHAPE, value(0.2, 0.9), value(0.5, 1), value(-0.1, 0.1), value(0.3, 0.8), reset=reset, spike_op=spike_op
        ),
        "current": lambda: PointNeuron(
            SHAPE, value(0.2, 0.9), 1.0, 0.0, value(0.3, 0.8), 0.0, 0.5, 1.5, reset=reset, spike_op=spike_op
        ),
        "integrator": lambda: PointNeuron(SHAPE, 1.0, value(0.1, 0.3)),
        "threshold": lambda: Threshold(value(0.1, 0.5), spike_op),
        "scale": lambda: Scale(value(-1, 2)),
        "delay": lambda: Delay(torch.randint(0, 3, SHAPE)),
        "conv": lambda: OverTime(nn.Conv2d(2, 2, 3, padding=1, groups=2)),
        "norm": lambda: OverTime(nn.BatchNorm2d(2)),
        "pool": lambda: OverTime(nn.AvgPool2d(3, 1, 1)),
        "drop": lambda: nn.Dropout(0.5),
    }
    names = draw(st.lists(st.sampled_from(sorted(makers)), min_size=2, max_size=5))
    layers = [makers[name]() for name in names]
    return nn.Sequential(*layers, LIF(SHAPE, 2.0, 0.3, reset=reset, spike_op=spike_op), nn.Flatten(2), nn.Linear(18, 3))


@settings(max_examples=25)
@given(stacks(), st.integers(0, 2**31 - 1))
def test_random_stacks(model: nn.Sequential, seed: int) -> None:
    model = model.double().eval()
    x = (torch.rand(6, 3, *SHAPE, generator=torch.Generator().manual_seed(seed)) < 0.6).double()
    graph, _ = to_nir(model, x[:, :1])
    with tempfile.TemporaryDirectory() as folder:
        write_nir(graph, Path(folder) / "a.nir")
        graph = read_nir(Path(folder) / "a.nir")
    with torch.no_grad():
        expected, built = model(x), from_nir(graph)(x)
    np.testing.assert_allclose(built, expected, **CLOSE)
    np.testing.assert_allclose(run_graph(graph, x.numpy()).output["output"], expected.sum(0), **CLOSE)


def test_frozen_circuit_network_gives_its_logits() -> None:
    torch.manual_seed(0)
    model = EIMLP(EIMLPConfig(sizes=(16, 24, 12, 4), steps=6, threshold=0.15), frozen=True).double()
    x = (torch.rand(6, 20, 16) < 0.5).double()
    graph, losses = to_nir(model, x[:, :1])
    network = from_nir(graph)
    with torch.no_grad():
        assert not losses and model(x).any()
        np.testing.assert_allclose(network(x), model(x), **CLOSE)
        shorter = x[:4]
        np.testing.assert_allclose(network(shorter), model(shorter), **CLOSE)
    assert {"hidden1.circuit.weight", "hidden1.lif.threshold"} <= network.state_dict().keys()
