"""Our modules, in random stacks, come back from a file as they left."""

import tempfile
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from stacks import SHAPE, stacks
from torch import nn

from spikewright.exporters.nir.build import from_nir
from spikewright.exporters.nir.execute import run_graph
from spikewright.exporters.nir.files import read_nir, write_nir
from spikewright.exporters.nir.trace import to_nir
from spikewright.models.networks import EIMLP, EIMLPConfig

pytestmark = pytest.mark.torch

# Both sides are float64; keep = 1 - 1/tau is rounded once more in NIR, and sums run in another order.
CLOSE = {"rtol": 1e-9, "atol": 1e-12}


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
