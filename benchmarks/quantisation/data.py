"""Images of this benchmark, in three parts: training, validation (chooses settings) and test (chooses nothing)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import torch
from torch import Tensor

from spikewright.toolchain.data.split import load_split

VALIDATION = {"mnist": 5000, "digits": 200}
"""So many of the last training images train nothing: recipes and bit widths are chosen on them."""
CALIBRATION = 256
"""So many of the first training images calibrate whatever needs real activity."""

Part = tuple[Tensor, Tensor]


@dataclass(frozen=True)
class Images:
    """Intensities in [0, 1], (samples, pixels), and classes, (samples,), of each part."""

    train: Part
    validation: Part
    test: Part


@cache
def images(name: str) -> Images:
    """MNIST or scikit-learn's digits.

    Parameters
    ----------
    name : {"mnist", "digits"}
    """
    split = load_split(name, VALIDATION[name])
    parts = [(getattr(split, f"x_{part}"), getattr(split, f"y_{part}")) for part in ("train", "validation", "test")]
    return Images(*((torch.from_numpy(x.reshape(len(x), -1)), torch.from_numpy(y)) for x, y in parts))
