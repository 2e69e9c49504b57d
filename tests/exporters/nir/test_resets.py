"""Resets by subtraction are those that snnTorch computes, drawn at random; by hand in test_execute."""

import nir
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spikewright.exporters.nir.execute import run_graph

pytestmark = pytest.mark.torch
DT = 1e-4
KINDS = {("subtract", True): "subtract_late", ("subtract", False): "subtract_once", ("zero", False): "zero"}


def sixteenths(values: np.ndarray) -> np.ndarray:
    """Numbers that float32 and float64 hold exactly, so that both sides meet the same ties."""
    return np.round(values * 16) / 16


def spikes_of(layer: object, x: np.ndarray) -> np.ndarray:
    """Spikes of an snnTorch layer that hides its state."""
    import torch

    return np.stack([layer(torch.as_tensor(row, dtype=torch.float32)).numpy() for row in x])


def run(node: nir.NIRNode, x: np.ndarray, reset: str) -> np.ndarray:
    size = np.array([x.shape[2]])
    nodes = {"input": nir.Input({"input": size}), "n": node, "output": nir.Output({"output": size})}
    graph = nir.NIRGraph(nodes, [("input", "n"), ("n", "output")])
    return run_graph(graph, x, dialect="snntorch", reset=reset).spikes["n"]


@pytest.mark.parametrize(("mechanism", "delay"), KINDS)
@settings(max_examples=25)
@given(seed=st.integers(0, 2**32 - 1))
def test_resets_are_those_of_snntorch(mechanism: str, delay: bool, seed: int) -> None:
    import snntorch as snn

    x = sixteenths(np.random.default_rng(seed).normal(0.5, 1.0, (12, 3, 7)))
    how = {"threshold": 0.75, "init_hidden": True, "reset_mechanism": mechanism, "reset_delay": delay}
    two, zero = np.full(7, 2.0), np.zeros(7)
    rest = {"v_leak": zero, "v_threshold": np.full(7, 0.75), "v_reset": zero}
    reset = KINDS[mechanism, delay]
    leaky = spikes_of(snn.Leaky(beta=0.5, **how), x)
    np.testing.assert_array_equal(run(nir.LIF(DT * two, two, **rest), x, reset), leaky)
    synaptic = spikes_of(snn.Synaptic(alpha=0.5, beta=0.5, **how), x)
    cuba = nir.CubaLIF(tau_syn=DT * two, tau_mem=DT * two, r=two, w_in=two, **rest)
    np.testing.assert_array_equal(run(cuba, x, reset), synaptic)
