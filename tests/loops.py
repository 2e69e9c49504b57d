"""A snnTorch network over the rows of its input whose step, or result, a test replaces."""

from __future__ import annotations

from collections.abc import Callable

import torch

import strangers


class Loop(strangers.OverRows):
    """A loop whose step the tests replace."""

    def __init__(self, step: Callable, **how: object) -> None:
        super().__init__(**(strangers.ZERO | how))
        self.step = step

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        mem1, mem2, spikes = self.lif1.reset_mem(), self.lif2.reset_mem(), []
        for t in range(x.size(0)):
            spk, mem1, mem2 = self.step(self, x[t], mem1, mem2)
            spikes.append(spk)
        return self.result(spikes)

    def result(self, spikes: list[torch.Tensor]) -> torch.Tensor:
        return torch.stack(spikes)


def plain(net: Loop, row: torch.Tensor, mem1: torch.Tensor, mem2: torch.Tensor) -> tuple:
    spk, mem1 = net.lif1(net.fc1(row), mem1)
    spk, mem2 = net.lif2(net.fc2(spk), mem2)
    return spk, mem1, mem2
