"""The handwritten digits that come with scikit-learn: 1797 images of 8 x 8, ten classes, no download."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import affine_grid, grid_sample

from ...models.errors import ConfigError

TEST_SIZE = 397
SIDE_PX = 8


@dataclass(frozen=True)
class Digits:
    """Images and classes of one split.

    Attributes
    ----------
    x_train, x_test : ndarray, shape (1400, 64) and (397, 64), float32
        Intensities in [0, 1], 16 grey levels, row by row.
    y_train, y_test : ndarray, shape (1400,) and (397,), int64
        Classes 0 to 9.
    """

    x_train: NDArray[np.float32]
    y_train: NDArray[np.int64]
    x_test: NDArray[np.float32]
    y_test: NDArray[np.int64]


def load_digits(split: Literal["stratified", "writer"] = "stratified", seed: int = 0) -> Digits:
    """Load the digits, split into 1400 for training and 397 for testing.

    Parameters
    ----------
    split : {"stratified", "writer"}
        "stratified" draws the test set at random with equal class shares, so the writers of the test images are known
        from training. "writer" takes the last 397 images of the unshuffled file, which other people wrote: harder, and
        nearer to use.
    seed : int
        Of the random split; "writer" has no randomness.

    Raises
    ------
    ConfigError
        If there is no split of that name.
    """
    from sklearn.datasets import load_digits as load_bunch
    from sklearn.model_selection import train_test_split

    bunch = load_bunch()
    x, y = (bunch.data / 16).astype(np.float32), bunch.target.astype(np.int64)
    if split == "stratified":
        parts = train_test_split(x, y, test_size=TEST_SIZE, random_state=seed, stratify=y)
    elif split == "writer":
        parts = x[:-TEST_SIZE], x[-TEST_SIZE:], y[:-TEST_SIZE], y[-TEST_SIZE:]
    else:
        raise ConfigError(f"Unknown split {split!r} of the digits. Choose 'stratified' or 'writer'.")
    x_train, x_test, y_train, y_test = parts
    return Digits(x_train, y_train, x_test, y_test)


def jitter(x: Tensor, rotation_rad: float, shift_px: float, scale: float) -> Tensor:
    """Rotate, shift and scale every image by its own small random amount, for training.

    Parameters
    ----------
    x : Tensor, shape (B, 64), float32
        Intensities in [0, 1].
    rotation_rad, shift_px, scale : float
        Each amount is uniform from minus this value to this value: radians, pixels in both directions, relative size.
        Drawn from torch's global generator.

    Returns
    -------
    Tensor, shape (B, 64)
        Bilinear, in [0, 1].
    """
    if not (rotation_rad or shift_px or scale):
        return x
    angle, size, right, down = (2 * torch.rand(4, len(x), dtype=x.dtype) - 1).unbind(0)
    angle, size = rotation_rad * angle, 1 + scale * size
    # The sampling grid runs from -1 to 1 over the image, so a pixel is 2 / 8.
    right, down = (2 / SIDE_PX * shift_px * shift for shift in (right, down))
    cosine, sine = size * angle.cos(), size * angle.sin()
    maps = torch.stack([torch.stack([cosine, -sine, right], 1), torch.stack([sine, cosine, down], 1)], 1)
    grid = affine_grid(maps, [len(x), 1, SIDE_PX, SIDE_PX], align_corners=False)
    images = grid_sample(x.reshape(-1, 1, SIDE_PX, SIDE_PX), grid, align_corners=False)
    # Interpolation can exceed 1 by a rounding error, which the rate code would refuse.
    return images.reshape(len(x), -1).clamp(0, 1)
