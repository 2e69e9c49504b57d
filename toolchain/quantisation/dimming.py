"""Images of another brightness: what divisive inhibition is for, and what a fixed gain cannot follow."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...models.errors import ConfigError, InputError

Span = tuple[float, float]
"""Lowest and highest factor of a sample's brightness."""


def dimmed(x: NDArray[Any], span: Span = (0.1, 1.0), seed: int = 0, axis: int = 0) -> NDArray[Any]:
    """Multiply every sample by a factor of its own, uniform in `span`.

    Parameters
    ----------
    x : floating point array
        Samples lie along `axis`: 0 for intensities (B, ...), 1 for rows (T, B, ...), which are dimmed alike in every
        time step.
    span : (float, float)
    seed : int
        The same seed gives the same factors.
    axis : int

    Returns
    -------
    array, shape and dtype of `x`

    Raises
    ------
    ConfigError
        If the span does not rise inside (0, 1].
    InputError
        If the samples are no floating point intensities of at least 0.
    """
    low, high = span
    if not 0 < low <= high <= 1:
        raise ConfigError(f"Images are dimmed by factors {low:g} to {high:g}; they have to rise inside (0, 1].")
    if not np.issubdtype(x.dtype, np.floating) or not bool((x >= 0).all()):
        raise InputError(
            f"The samples are {x.dtype}, from {x.min()} to {x.max()}; what is dimmed are floating point "
            "intensities of at least 0. Scale them to 0..1, as the training data were."
        )
    factors = np.random.default_rng(seed).uniform(low, high, x.shape[axis]).astype(x.dtype)
    return x * np.expand_dims(factors, [a for a in range(x.ndim) if a != axis])
