"""The handwritten digits that come with scikit-learn: 1797 images of 8 x 8, ten classes, no download."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ...models.errors import ConfigError

TEST_SIZE = 397


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
