"""The networks of the contract's benchmark: what can be said of them without training."""

import pytest
import torch

import spikewright.toolchain as sw
from benchmarks.contract.nets import ConvNet, ResidualNet
from benchmarks.contract.table import page
from spikewright.models.encoders import rate_code

pytestmark = pytest.mark.torch


@pytest.mark.parametrize("network", [ConvNet, ResidualNet])
def test_an_image_network_lowers_without_unrolling(network: type[torch.nn.Module]) -> None:
    torch.manual_seed(0)
    rows = rate_code(torch.rand(2, 1, 28, 28), 4)
    graph, _ = sw.to_nir(network().eval(), rows[:, :1])
    program = sw.lower(graph, calibration=rows.numpy())
    kinds = [q.kind for q in program.projections]
    assert kinds.count("convolution") >= 3 and kinds.count("dense") == 1
    trace = sw.simulate(program, rows.numpy(), backend="oracle")
    assert trace.counts["lif1"].any()


def test_the_page_tells_what_differs() -> None:
    row = {"name": "n", "what": "a net", "populations": {"a": "lif", "b": "lif"}, "projections": {"p": "dense"}}
    row |= {"neurons": 2, "synapses": 3, "steps": 4, "samples": 10, "spikes": {"a": 7}, "spikes_that_differ": {"a": 2}}
    row |= {"outputs_equal": False, "versions": {"lava-nc": "0.10.0"}}
    text = page({"conditions": {"date": "today", "commit": "abc"}, "networks": [row]})
    assert "| n | 2 lif | 2 | 3 | 4 x 10 | 7 | 2 | differ |  |" in text
    assert all(word in text for word in ("a net", "1 dense", "lava-nc 0.10.0"))
