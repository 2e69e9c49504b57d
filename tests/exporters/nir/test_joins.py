"""What a loop over time recorded: stacked rows, means and sums are read out, other joins are refused."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
from loops import Loop, plain
from torch import nn

import strangers
from spikewright.exporters.nir.build import from_nir
from spikewright.exporters.nir.execute import run_graph
from spikewright.exporters.nir.trace import to_nir
from spikewright.models.errors import UnsupportedOp
from spikewright.models.neurons import LIF

pytestmark = pytest.mark.torch

LINE = r"test_joins\.py.*line \d+, in forward"


def ends(result: Callable) -> Loop:
    net = Loop(plain)
    net.result = result
    return net


def rows(steps: int = 6, samples: int = 4) -> torch.Tensor:
    return torch.rand(steps, samples, 20, generator=torch.Generator().manual_seed(3)) * 3


@pytest.mark.parametrize(
    ("result", "message"),
    [
        (lambda s: torch.cat(s), "the result joins 6 tensors, of 1 signal"),
        (lambda s: torch.cat(s, 1), "the result joins 6 tensors"),
        (lambda s: torch.stack(s[::-1]), r"in the order \[5, 4, 3, 2, 1, 0\]"),
        (lambda s: torch.stack([*s, torch.zeros(1, 5)]), "joins signals with a constant"),
        (lambda s: torch.stack(s).mean(1), "'mean' does not go over the steps"),
        (lambda s: torch.stack(s, 1).sum(0), "'sum' does not go over the steps"),
        (lambda s: torch.stack(s).sum(), "'sum' does not go over the steps"),
    ],
)
def test_results_that_are_no_rows_are_refused(result: Callable, message: str) -> None:
    with pytest.raises(UnsupportedOp, match=rf"(?s)line \d+, in.*{message}"):
        to_nir(ends(result), torch.zeros(6, 1, 20))


def test_joined_branches_are_refused() -> None:
    class Both(strangers.Layers):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            spk1, _ = self.lif1(self.fc1(x))
            return torch.cat([self.lif2(self.fc2(spk1))[0], spk1], 1)

    with pytest.raises(UnsupportedOp, match=rf"{LINE}: the result joins 2 tensors, of 2 signal"):
        to_nir(Both(**strangers.ZERO), torch.zeros(1, 20))


@pytest.mark.parametrize(
    "result",
    [
        lambda s: torch.stack(s).mean(0),
        lambda s: torch.stack(s, dim=1).mean(dim=1),
        lambda s: torch.stack(s).sum(0),
        lambda s: torch.stack(s).sum(dim=0),
        lambda s: torch.stack(s, dim=1),
        lambda s: torch.cat([row.unsqueeze(0) for row in s]),
    ],
)
def test_readouts_over_a_loop(result: Callable) -> None:
    torch.manual_seed(1)
    model, x = ends(result), rows()
    with torch.no_grad():
        expected = model(x)
    assert expected.any()
    graph, losses = to_nir(model, x)
    trace = run_graph(graph, x.numpy())
    if expected.ndim == 3:
        expected = expected.sum(list(expected.shape).index(6))
    np.testing.assert_allclose(trace.output["output"], expected, rtol=1e-6)
    if "lif2.mean" in graph.nodes:
        np.testing.assert_allclose(from_nir(graph)(x.double()).detach(), expected, rtol=1e-6)
    assert [loss.what.split(" is ")[0] for loss in losses] in ([], ["the sum over time"])


def test_a_sum_over_time_is_only_a_result() -> None:
    class Sums(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.lif, self.fc = LIF(20), nn.Linear(20, 3)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.fc(self.lif(x).sum(0))

    with pytest.raises(UnsupportedOp, match=rf"{LINE}: 'fc' is fed with a sum over time"):
        to_nir(Sums(), torch.zeros(4, 1, 20))
    with pytest.raises(UnsupportedOp, match="a sum over time of 'model', a membrane"):
        model = strangers.MembraneReadout()
        to_nir(_Summed(model), torch.zeros(4, 1, 20))


class _Summed(nn.Module):
    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model.lif2

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        mem, membranes = self.model.reset_mem(), []
        for t in range(x.size(0)):
            _, mem = self.model(x[t], mem)
            membranes.append(mem)
        return torch.stack(membranes).sum(0)
