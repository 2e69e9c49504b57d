"""Small image networks of convolutions, trained briefly: what counts here is that every bit agrees."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from spikewright.models.encoders import rate_code
from spikewright.models.layers import OverTime
from spikewright.models.neurons import LIF, MeanReadout

from .images import load_mnist

STEPS = 8
IMAGES, BATCH, EPOCHS = 3000, 50, 2


def _lif(*shape: int) -> LIF:
    return LIF(shape, tau=2.0, threshold=0.5, share="channel")


class ConvNet(nn.Module):
    """Three convolutions with average pooling in between, (T, B, 1, 28, 28) spikes to (B, 10)."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1, self.lif1 = OverTime(nn.Conv2d(1, 8, 3, padding=1)), _lif(8, 28, 28)
        self.pool1 = OverTime(nn.AvgPool2d(2))
        self.conv2, self.lif2 = OverTime(nn.Conv2d(8, 12, 3, padding=1)), _lif(12, 14, 14)
        self.pool2 = OverTime(nn.AvgPool2d(2))
        self.conv3, self.lif3 = OverTime(nn.Conv2d(12, 16, 3, padding=1)), _lif(16, 7, 7)
        self.head, self.mean = nn.Linear(16 * 7 * 7, 10), MeanReadout()

    def forward(self, x: Tensor) -> Tensor:
        """Return logits, (B, 10)."""
        x = self.pool1(self.lif1(self.conv1(x)))
        x = self.lif3(self.conv3(self.pool2(self.lif2(self.conv2(x)))))
        return self.mean(self.head(x.flatten(2)))


class ResidualNet(nn.Module):
    """Two layers whose spikes are added in front of a third, (T, B, 1, 28, 28) spikes to (B, 10)."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1, self.lif1 = OverTime(nn.Conv2d(1, 8, 4, stride=4)), _lif(8, 7, 7)
        self.conv2, self.lif2 = OverTime(nn.Conv2d(8, 8, 3, padding=1)), _lif(8, 7, 7)
        self.conv3, self.lif3 = OverTime(nn.Conv2d(8, 12, 3, padding=1)), _lif(12, 7, 7)
        self.head, self.mean = nn.Linear(12 * 7 * 7, 10), MeanReadout()

    def forward(self, x: Tensor) -> Tensor:
        """Return logits, (B, 10)."""
        first = self.lif1(self.conv1(x))
        second = self.lif2(self.conv2(first))
        third = self.lif3(self.conv3(first + second))
        return self.mean(self.head(third.flatten(2)))


def trained(network: type[nn.Module], seed: int = 0) -> nn.Module:
    """Train on the first MNIST images with Adam; the network in evaluation mode."""
    torch.manual_seed(seed)
    model = network()
    x, y = (torch.from_numpy(part.copy()) for part in load_mnist("train", IMAGES))
    optimiser = torch.optim.Adam(model.parameters(), 2e-3)
    for _ in range(EPOCHS):
        for rows in torch.randperm(len(x)).split(BATCH):
            optimiser.zero_grad()
            cross_entropy(5 * model(encoded(x[rows])), y[rows]).backward()
            optimiser.step()
            for module in model.modules():
                if isinstance(module, LIF):
                    module.clamp_()
    return model.eval()


def encoded(x: Tensor) -> Tensor:
    """Spikes of images in [0, 1], (T, B, *shape)."""
    return rate_code(x, STEPS)
