"""The networks of this benchmark: a perceptron and a convolutional network of LIF neurons, and two E-I perceptrons."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from spikewright.models.layers import OverTime
from spikewright.models.networks import EIMLP, EIMLPConfig
from spikewright.models.neurons import LIF, MeanReadout

STEPS = 8
PIXELS, CLASSES = 28, 10


class MLP(nn.Module):
    """784-256-256-10 with a learned threshold per neuron, (T, B, 784) spikes to (B, 10)."""

    def __init__(self, hidden: int = 256) -> None:
        super().__init__()
        self.linear1, self.lif1 = nn.Linear(PIXELS**2, hidden), LIF(hidden, threshold=0.5)
        self.linear2, self.lif2 = nn.Linear(hidden, hidden), LIF(hidden, threshold=0.5)
        self.head, self.mean = nn.Linear(hidden, CLASSES), MeanReadout()

    def forward(self, x: Tensor) -> Tensor:
        """Return logits, (B, 10)."""
        return self.mean(self.head(self.lif2(self.linear2(self.lif1(self.linear1(x))))))


class CNN(nn.Module):
    """Three convolutions with a learned threshold per channel, (T, B, 1, 28, 28) spikes to (B, 10)."""

    def __init__(self, channels: tuple[int, int, int] = (24, 48, 64)) -> None:
        super().__init__()
        one, two, three = channels
        self.conv1, self.lif1 = OverTime(nn.Conv2d(1, one, 5, stride=2, padding=2)), _lif(one, 14)
        self.conv2, self.lif2 = OverTime(nn.Conv2d(one, two, 3, stride=2, padding=1)), _lif(two, 7)
        self.conv3, self.lif3 = OverTime(nn.Conv2d(two, three, 3, stride=2, padding=1)), _lif(three, 4)
        self.head, self.mean = nn.Linear(three * 4 * 4, CLASSES), MeanReadout()
        # The fastest layout of convolutions on a CPU; the values are the same.
        self.to(memory_format=torch.channels_last)

    def forward(self, x: Tensor) -> Tensor:
        """Return logits, (B, 10)."""
        x = self.lif2(self.conv2(self.lif1(self.conv1(x))))
        return self.mean(self.head(self.lif3(self.conv3(x)).flatten(2)))


def ei_digits() -> EIMLP:
    """E-I circuits 64-128-64-10 for scikit-learn's digits."""
    return EIMLP(EIMLPConfig(sizes=(64, 128, 64, 10), steps=STEPS))


def ei_mnist() -> EIMLP:
    """E-I circuits 784-256-128-10 for MNIST."""
    return EIMLP(EIMLPConfig(sizes=(784, 256, 128, 10), steps=STEPS))


def _lif(channels: int, side: int) -> LIF:
    return LIF((channels, side, side), threshold=0.5, share="channel")
