"""How the networks of this benchmark are trained."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass

from torch import nn

from .nets import CNN, MLP, STEPS, ei_digits, ei_mnist

Jitter = tuple[float, float, float]
"""Largest rotation (rad), shift (px) and relative scaling of a training image."""


@dataclass(frozen=True)
class Recipe:
    """How a network is trained; every setting was chosen on the validation part.

    Attributes
    ----------
    data : {"mnist", "digits"}
    build : callable
        Makes the network.
    input : {"spikes", "images", "direct"}
        Rate-coded vectors, rate-coded images, or intensities that are the same in every step.
    steps : tuple of int
        Time steps T of every epoch; fewer in the first epochs cost less and lead to the same place.
    optimiser : {"adam", "sgd"}
        SGD with momentum 0.9 and weight decay 5e-4. Learning rates fall along a cosine.
    lr : float
    threshold_lr : float
        Learning rate of the thresholds, which have no weight decay, relative to `lr`.
    batch : int
    jitter : (float, float, float)
    smoothing : float
        Of the labels.
    """

    data: str
    build: Callable[[], nn.Module]
    input: str
    steps: tuple[int, ...]
    optimiser: str
    lr: float
    threshold_lr: float = 1.0
    batch: int = 128
    jitter: Jitter = (0.1, 1.0, 0.05)
    smoothing: float = 0.1

    def digest(self) -> str:
        """Identify the settings in a file name."""
        return hashlib.sha256(repr({**vars(self), "build": self.build.__name__}).encode()).hexdigest()[:8]


RECIPES = {
    "mlp": Recipe("mnist", MLP, "spikes", (STEPS,) * 20, "adam", 2e-3),
    "cnn": Recipe("mnist", CNN, "images", (STEPS,) * 13, "adam", 3e-3),
    "ei_digits": Recipe("digits", ei_digits, "direct", (STEPS,) * 40, "sgd", 0.1, 0.1, 64, (0.1, 0.25, 0.05)),
    "ei_mnist": Recipe("mnist", ei_mnist, "direct", (STEPS,) * 15, "sgd", 0.1, 0.1),
}
