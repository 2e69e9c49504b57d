"""The digits and their two splits."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from sklearn.datasets import load_digits as load_bunch

from spikewright.models.errors import ConfigError
from spikewright.toolchain.data.digits import load_digits
from spikewright.toolchain.data.jitter import jitter


@pytest.mark.parametrize("split", ["stratified", "writer"])
def test_shapes_ranges_and_no_loss(split: str) -> None:
    digits = load_digits(split)
    assert digits.x_train.shape == (1400, 64)
    assert digits.x_test.shape == (397, 64)
    assert digits.x_train.dtype == np.float32
    assert digits.y_train.dtype == np.int64
    assert digits.x_train.min() >= 0
    assert digits.x_train.max() == 1
    rows = np.concatenate([digits.x_train, digits.x_test]) * 16
    assert sorted(map(tuple, rows)) == sorted(map(tuple, load_bunch().data))


def test_stratified_split_depends_on_the_seed_only() -> None:
    first, same, other = load_digits(seed=1), load_digits(seed=1), load_digits(seed=2)
    assert np.array_equal(first.x_test, same.x_test)
    assert not np.array_equal(first.x_test, other.x_test)
    shares = np.bincount(first.y_test) / 397
    assert np.abs(shares - np.bincount(first.y_train) / 1400).max() < 0.01


def test_writer_split_is_the_end_of_the_file() -> None:
    digits = load_digits("writer")
    assert np.array_equal(digits.y_test, load_bunch().target[-397:])


def test_unknown_split() -> None:
    with pytest.raises(ConfigError, match="stratified"):
        load_digits("random")  # type: ignore[arg-type]


def test_jitter_moves_a_little_and_keeps_the_range() -> None:
    x = torch.from_numpy(load_digits().x_train[:200])
    assert jitter(x, 0, 0, 0) is x
    moved = jitter(x, 0.1, 0.25, 0.05)
    assert moved.shape == x.shape
    assert moved.min() >= 0
    assert moved.max() <= 1
    assert 0.01 < (moved - x).abs().mean() < 0.1


def test_jitter_by_whole_pixels_is_a_shift(monkeypatch: pytest.MonkeyPatch) -> None:
    x = torch.rand(3, 64, generator=torch.Generator().manual_seed(0))
    monkeypatch.setattr(torch, "rand", torch.ones)
    expected = torch.zeros(3, 8, 8)
    expected[:, :7, :7] = x.reshape(3, 8, 8)[:, 1:, 1:]
    torch.testing.assert_close(jitter(x, 0, 1, 0), expected.reshape(3, 64), rtol=0, atol=1e-5)
