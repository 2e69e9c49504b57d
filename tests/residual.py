"""Networks with convolutions and branches, over all time and of one step."""

from __future__ import annotations

import snntorch as snn
import torch
from torch import nn
from torch.nn import functional

from spikewright.models.layers import OverTime
from spikewright.models.neurons import LIF

ZERO = {"reset_mechanism": "zero", "reset_delay": False}


def warmed(model: nn.Module) -> nn.Module:
    """Give every batch norm statistics and constants as after training, and set evaluation mode."""
    for norm in model.modules():
        if isinstance(norm, (nn.BatchNorm1d, nn.BatchNorm2d)):
            with torch.no_grad():
                norm.running_mean.normal_(0, 0.1)
                norm.running_var.uniform_(0.5, 2)
                norm.weight.uniform_(0.5, 2)
                norm.bias.normal_(0, 0.2)
    return model.eval()


class Residual(nn.Module):
    """Our neurons over (T, B, 2, 8, 10): a block with a shortcut, sum and mean pooling, a mean over time."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = OverTime(nn.Sequential(nn.Conv2d(2, 6, 3, padding=1, bias=False), nn.BatchNorm2d(6)))
        self.lif1 = LIF((6, 8, 10), threshold=0.4, share="channel")
        self.conv2 = OverTime(nn.Conv2d(6, 6, (3, 5), padding=(1, 2), groups=3))
        self.norm2 = OverTime(nn.BatchNorm2d(6))
        self.drop = nn.Dropout(0.5)
        self.lif2 = LIF((6, 8, 10), threshold=0.5, reset="zero")
        self.pool = OverTime(nn.Sequential(nn.AvgPool2d(2), nn.AvgPool2d((2, 1), divisor_override=1)))
        self.fc = nn.Linear(60, 4)
        self.norm3 = OverTime(nn.BatchNorm1d(4))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        trunk = self.lif1(self.conv1(x))
        branch = self.lif2(self.drop(self.norm2(self.conv2(trunk))))
        flat = torch.flatten(self.pool(trunk + branch), 2)
        return self.norm3(self.fc(flat)).mean(0)


class OneStep(nn.Module):
    """snnTorch of one step on images, states handed in and out; flattened by view."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(2, 4, 3, stride=2, padding=1)
        self.norm = nn.BatchNorm2d(4)
        self.lif1 = snn.Leaky(beta=0.8, threshold=0.3, **ZERO)
        self.fc = nn.Linear(4 * 4 * 5, 5)
        self.lif2 = snn.Leaky(beta=0.9, threshold=0.2, **ZERO)

    def forward(self, x, mem1=None, mem2=None):
        spk1, mem1 = self.lif1(self.norm(self.conv(x)), mem1)
        spk2, mem2 = self.lif2(self.fc(spk1.view(x.size(0), -1)), mem2)
        return spk2, mem1, mem2


class OverRows(OneStep):
    """The same, looping over the rows of (T, B, 2, 8, 10)."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        mem1, mem2 = self.lif1.reset_mem(), self.lif2.reset_mem()
        spikes = []
        for t in range(x.size(0)):
            spk1, mem1 = self.lif1(self.norm(self.conv(x[t])), mem1)
            spk2, mem2 = self.lif2(self.fc(torch.flatten(spk1, 1)), mem2)
            spikes.append(spk2)
        return torch.stack(spikes)


class Branches(nn.Module):
    """Base of networks that cannot be exported."""

    def __init__(self) -> None:
        super().__init__()
        self.fc1, self.fc2 = nn.Linear(6, 6), nn.Linear(6, 6)
        self.lif = LIF(6)
        self.other = LIF(6)


class LifTwice(Branches):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.lif(self.fc2(self.lif(self.fc1(x))))


class AddedToItself(Branches):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = self.lif(self.fc1(x))
        return self.other(y + y)


class SameSignalTwice(Branches):
    def __init__(self) -> None:
        super().__init__()
        self.drop = nn.Dropout()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = self.lif(self.fc1(x))
        return self.other(y + self.drop(y))


class TwoShapes(Branches):
    """One signal flattened in two ways."""

    def __init__(self) -> None:
        super().__init__()
        self.pool, self.fc1, self.fc2 = OverTime(nn.Conv1d(2, 4, 3)), nn.Linear(24, 6), nn.Linear(40, 6)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.lif(self.fc1(x.flatten(2)) + self.fc2(self.pool(x.flatten(3)).flatten(2)))


class MixesSteps(Branches):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.lif(self.fc1(x.reshape(x.size(1), x.size(0), 6)).reshape(x.shape))


class ActiveDropout(Branches):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.lif(functional.dropout(self.fc1(x)))


class AddsConstant(Branches):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.lif(self.fc1(x) + 0.5)
