"""A network of convolutions on N-MNIST's events, and its training."""

from __future__ import annotations

import math
import sys
from pathlib import Path
from time import perf_counter

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from spikewright.models.ei import clamp_constraints
from spikewright.models.files import atomic_file
from spikewright.models.layers import OverTime
from spikewright.models.neurons import LIF, MeanReadout
from spikewright.toolchain.data.samples import load_samples

DATA, STEPS, CLASSES = "nmnist-small", 20, 10
EPOCHS, BATCH, LR, SMOOTHING = 12, 25, 2e-3, 0.1
"""Of Adam, along a cosine: chosen on the last 200 of the 1000 training samples."""
GAIN = 5.0
"""Logits are means of at most one event a step; so many times as large, they can be sure of a class."""


class EventCNN(nn.Module):
    """Three strided convolutions with a threshold per channel, (T, B, 2, 34, 34) spikes to (B, 10)."""

    def __init__(self, channels: tuple[int, int, int] = (16, 32, 64)) -> None:
        super().__init__()
        one, two, three = channels
        self.conv1, self.lif1 = OverTime(nn.Conv2d(2, one, 5, stride=2, padding=2)), _lif(one, 17)
        self.conv2, self.lif2 = OverTime(nn.Conv2d(one, two, 3, stride=2, padding=1)), _lif(two, 9)
        self.conv3, self.lif3 = OverTime(nn.Conv2d(two, three, 3, stride=2, padding=1)), _lif(three, 5)
        self.head, self.mean = nn.Linear(three * 5 * 5, CLASSES), MeanReadout()

    def forward(self, x: Tensor) -> Tensor:
        """Return logits, (B, 10)."""
        x = self.lif2(self.conv2(self.lif1(self.conv1(x))))
        return self.mean(self.head(self.lif3(self.conv3(x)).flatten(2)))


def trained(seed: int, cache: Path, epochs: int = EPOCHS, samples: int | None = None) -> nn.Module:
    """The network of this seed in evaluation mode, from the cache or trained."""
    path = cache / f"nmnist-{epochs}-{BATCH}-{LR:g}-{samples or 'all'}-seed{seed}.safetensors"
    torch.manual_seed(seed)
    model = EventCNN()
    if path.exists():
        model.load_state_dict(load_file(path))
    else:
        part = load_samples(f"{DATA}:train", STEPS, samples)
        fit(model, np.asarray(part.x), np.asarray(part.y), epochs)
        path.parent.mkdir(parents=True, exist_ok=True)
        with atomic_file(path) as temporary:
            save_file(model.state_dict(), temporary)
    return model.eval()


def fit(model: nn.Module, x: NDArray[np.uint8], y: NDArray[np.int64], epochs: int) -> None:
    """Train on spikes (T, B, *shape) and classes (B,); images may move by a pixel.

    Parameters
    ----------
    model : nn.Module
    x : (T, B, C, H, W) uint8 array
    y : (B,) int64 array
    epochs : int
    """
    rows, classes = torch.from_numpy(x), torch.from_numpy(y)
    optimiser = torch.optim.Adam(model.parameters(), LR)
    cosine = torch.optim.lr_scheduler.LambdaLR(optimiser, lambda epoch: 0.5 * (1 + math.cos(math.pi * epoch / epochs)))
    for epoch in range(epochs):
        begin, total = perf_counter(), 0.0
        model.train()
        for chosen in torch.randperm(len(classes)).split(BATCH):
            optimiser.zero_grad()
            shift = torch.randint(-2, 3, (2,)).tolist()
            logits = model(rows[:, chosen].roll(shift, (3, 4)).float())
            loss = cross_entropy(GAIN * logits, classes[chosen], label_smoothing=SMOOTHING)
            loss.backward()
            optimiser.step()
            clamp_constraints(model)
            total += loss.item() * len(chosen)
        cosine.step()
        print(
            f"  nmnist epoch {epoch + 1}: {total / len(classes):.4f}, {perf_counter() - begin:.0f} s", file=sys.stderr
        )


def _lif(channels: int, side: int) -> LIF:
    return LIF((channels, side, side), threshold=0.5, share="channel")
