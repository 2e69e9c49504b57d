"""A small network that was really trained, to be broken on purpose."""

from __future__ import annotations

import copy
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from spikewright.models.encoders import rate_code
from spikewright.models.neurons import LIF, MeanReadout
from spikewright.toolchain.data.digits import load_digits
from spikewright.toolchain.sources import Source, resolve_source

STEPS = 8


@dataclass(frozen=True)
class Trained:
    """A trained network with its data: test, training (for calibration) and the classes of both."""

    model: nn.Module
    x: np.ndarray
    y: np.ndarray
    x_train: np.ndarray
    y_train: np.ndarray

    def source(self, change: Callable[[nn.Module], Any] | None = None) -> Source:
        """The network as a source; `change` breaks a copy of it."""
        model = copy.deepcopy(self.model)
        if change is not None:
            with torch.no_grad():
                change(model)
        return resolve_source(model, example=(STEPS, 1, 64))


def a_network() -> nn.Module:
    """64-64-48-32-10 with biases and learned thresholds."""
    layers: OrderedDict[str, nn.Module] = OrderedDict()
    for number, (pre, post) in enumerate(pairwise((64, 64, 48, 32)), 1):
        layers |= {f"fc{number}": nn.Linear(pre, post), f"lif{number}": LIF(post)}
    return nn.Sequential(layers | {"fc4": nn.Linear(32, 10), "readout": MeanReadout()})


@pytest.fixture(scope="session")
def trained() -> Trained:
    """Trained on the digits for a few epochs; over 90 % right."""
    digits = load_digits("stratified", 0)
    spikes, y = rate_code(torch.from_numpy(digits.x_train), STEPS), torch.from_numpy(digits.y_train)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        model = a_network()
        optimiser = torch.optim.Adam(model.parameters(), 1e-2)
        for _ in range(9):
            for batch in torch.randperm(len(y)).split(128):
                optimiser.zero_grad()
                nn.functional.cross_entropy(model(spikes[:, batch]), y[batch]).backward()
                optimiser.step()
    test, train = (rate_code(part, STEPS).astype(np.uint8) for part in (digits.x_test, digits.x_train))
    return Trained(model.eval(), test, digits.y_test, train, digits.y_train)
