"""Networks as strangers write them: snnTorch in each of its usual forms, and modules that cannot be exported."""

from __future__ import annotations

import snntorch as snn
import torch
from torch import nn

ZERO = {"reset_mechanism": "zero", "reset_delay": False}


class Layers(nn.Module):
    """Two dense layers of Leaky neurons; the subclasses differ in who steps through time."""

    def __init__(self, **leaky: object) -> None:
        super().__init__()
        self.fc1 = nn.Linear(20, 12)
        self.lif1 = snn.Leaky(beta=0.9, **leaky)
        self.fc2 = nn.Linear(12, 5)
        self.lif2 = snn.Leaky(beta=0.8, threshold=0.5, **leaky)


class Tutorial(Layers):
    """The form of snnTorch's tutorials: a loop over a fixed number of steps, the same input in each."""

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        mem1, mem2 = self.lif1.init_leaky(), self.lif2.init_leaky()
        spikes, membranes = [], []
        for _ in range(7):
            spk1, mem1 = self.lif1(self.fc1(x), mem1)
            spk2, mem2 = self.lif2(self.fc2(spk1), mem2)
            spikes.append(spk2)
            membranes.append(mem2)
        return torch.stack(spikes, dim=0), torch.stack(membranes, dim=0)


class OverRows(Layers):
    """A loop over the rows of a time-major input."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        mem1, mem2 = self.lif1.reset_mem(), self.lif2.reset_mem()
        spikes = []
        for t in range(x.size(0)):
            spk1, mem1 = self.lif1(self.fc1(x[t]), mem1)
            spk2, mem2 = self.lif2(self.fc2(spk1), mem2)
            spikes.append(spk2)
        return torch.stack(spikes)


class OneStep(Layers):
    """States are handed in and out by the caller."""

    def forward(self, x, mem1=None, mem2=None):
        spk1, mem1 = self.lif1(self.fc1(x), mem1)
        spk2, mem2 = self.lif2(self.fc2(spk1), mem2)
        return spk2, mem1, mem2


class MembraneReadout(Layers):
    """The last layer never resets and its membrane is the result."""

    def __init__(self) -> None:
        super().__init__(**ZERO)
        self.lif1 = snn.Leaky(beta=1.0, **ZERO)
        self.lif2 = snn.Leaky(beta=0.7, reset_mechanism="none")

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        mem1, mem2 = self.lif1.reset_mem(), self.lif2.reset_mem()
        membranes = []
        for row in range(x.size(0)):
            spk1, mem1 = self.lif1(self.fc1(x[row]), mem1)
            _, mem2 = self.lif2(self.fc2(spk1), mem2)
            membranes.append(mem2)
        return torch.stack(membranes)


class MembraneOfSpikingLayer(Tutorial):
    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        spikes, membranes = super().forward(x)
        return membranes, spikes


class LastStepOnly(OverRows):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        mem1, mem2 = self.lif1.reset_mem(), self.lif2.reset_mem()
        for t in range(x.size(0)):
            spk1, mem1 = self.lif1(self.fc1(x[t]), mem1)
            spk2, mem2 = self.lif2(self.fc2(spk1), mem2)
        return spk2


class JoinedSignals(Layers):
    def __init__(self, **leaky: object) -> None:
        super().__init__(**leaky)
        self.fc2 = nn.Linear(32, 5)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        spk1, _ = self.lif1(self.fc1(x))
        return self.lif2(self.fc2(torch.cat([spk1, x], 1)))[0]


class UnknownOperation(Layers):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        spk1, _ = self.lif1(self.fc1(x))
        return self.lif2(self.fc2(torch.tanh(spk1)))[0]


class UsedTwice(Layers):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        spk1, _ = self.lif1(self.fc1(x))
        again, _ = self.lif1(spk1)
        return self.lif2(self.fc2(again))[0]


class DependsOnValues(Layers):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if x.sum() > 0:
            x = 2 * x
        return self.lif2(self.fc2(self.lif1(self.fc1(x))[0]))[0]


def sequential() -> nn.Module:
    """nn.Sequential with hidden states, snnTorch's own form for export."""
    return nn.Sequential(
        nn.Linear(20, 12),
        snn.Leaky(beta=0.9, init_hidden=True, **ZERO),
        nn.Dropout(0.1),
        nn.Linear(12, 5),
        snn.Leaky(beta=0.8, threshold=0.5, init_hidden=True, output=True, **ZERO),
    )


def tutorial() -> nn.Module:
    """Tutorial form with a reset that a chip has."""
    return Tutorial(**ZERO)


def tutorial_default() -> nn.Module:
    """Tutorial form as in the tutorial: subtractive reset, one step late."""
    return Tutorial()
