"""The handwritten digits that come with scikit-learn: 1797 images of 8 x 8, ten classes, no download."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np

from ...models.errors import ConfigError, InputError
from .split import Split, split_of

TEST_SIZE = 397


def load_digits(split: Literal["stratified", "writer"] = "stratified", seed: int = 0) -> Split:
    """Load the digits, split into 1400 for training and 397 for testing; 64 intensities of 16 grey levels each.

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

    bunch: Any = load_bunch()
    x, y = (bunch.data / 16).astype(np.float32), bunch.target.astype(np.int64)
    if split == "stratified":
        parts: Any = train_test_split(x, y, test_size=TEST_SIZE, random_state=seed, stratify=y)
    elif split == "writer":
        parts = x[:-TEST_SIZE], x[-TEST_SIZE:], y[:-TEST_SIZE], y[-TEST_SIZE:]
    else:
        raise ConfigError(f"Unknown split {split!r} of the digits. Choose 'stratified' or 'writer'.")
    x_train, x_test, y_train, y_test = parts
    return split_of(f"digits:{split}:{seed}", x_train, y_train, x_test, y_test)


def load_digits_as(spec: str) -> Split:
    """Load the digits as ``digits[:stratified|writer[:seed]]`` names them.

    Raises
    ------
    InputError
        If `spec` is not of that form.
    """
    parts = spec.split(":")[1:]
    split, seed = [*parts, *("stratified", "0")[len(parts) :]] if len(parts) <= 2 else ("", "")
    if not seed.isdigit():
        raise InputError(f"Data {spec!r} is not of the form digits[:stratified|writer[:seed]].")
    return load_digits(split, int(seed))  # type: ignore[arg-type]
