"""Dimmed samples."""

from __future__ import annotations

import numpy as np
import pytest

from spikewright.models.errors import ConfigError, InputError
from spikewright.toolchain.quantisation.dimming import dimmed


def test_every_sample_has_its_own_factor_in_every_step() -> None:
    x = np.ones((200, 3, 2), np.float32)
    dark = dimmed(x, (0.2, 0.6), seed=4)
    factors = dark[:, 0, 0]
    assert dark.dtype == np.float32 and np.array_equal(dark, x * factors[:, None, None])
    assert 0.2 <= factors.min() < 0.25 and 0.55 < factors.max() <= 0.6 and len(set(factors)) == 200
    rows = np.repeat(x[None], 5, axis=0)
    assert np.array_equal(dimmed(rows, (0.2, 0.6), seed=4, axis=1), np.repeat(dark[None], 5, axis=0))
    assert not np.array_equal(dimmed(x, (0.2, 0.6), seed=5), dark)


@pytest.mark.parametrize("span", [(0.0, 1.0), (0.6, 0.5), (0.5, 1.5), (float("nan"), 1.0)])
def test_spans_that_do_not_dim_are_refused(span: tuple[float, float]) -> None:
    with pytest.raises(ConfigError, match="rise inside"):
        dimmed(np.ones((2, 2)), span)


@pytest.mark.parametrize("x", [np.full((2, 2), 255, np.uint8), np.full((2, 2), -0.5), np.full((2, 2), np.nan)])
def test_what_is_no_intensity_is_refused(x: np.ndarray) -> None:
    """A factor of integers would be 0."""
    with pytest.raises(InputError, match="intensities of at least 0"):
        dimmed(x)
