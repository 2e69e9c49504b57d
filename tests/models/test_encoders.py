"""Intensities in, one row for every time step out: any shape, torch and numpy alike, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from spikewright.models.encoders import ENCODERS, direct_code, rate_code
from spikewright.models.errors import InputError


@pytest.mark.parametrize("shape", [(5, 7), (5, 1, 4, 6), (5,)])
@pytest.mark.parametrize("code", ENCODERS.values())
def test_any_shape_and_numpy_equals_torch(code, shape: tuple[int, ...]) -> None:
    x = torch.rand(shape, generator=torch.Generator().manual_seed(0))
    rows = code(x, 6)
    assert rows.shape == (6, *shape) and rows.dtype == x.dtype
    array = code(x.numpy(), 6)
    assert array.dtype == np.float32 and np.array_equal(array, rows.numpy())
    flat = code(x.reshape(5, -1), 6)
    assert torch.equal(flat, rows.reshape(6, 5, -1)), "every element is coded by itself"


def test_direct_code_is_the_intensity_in_every_step() -> None:
    x = np.array([[0.0, 0.25, 7.5]])
    rows = direct_code(x, 3)
    assert rows.tolist() == [[[0.0, 0.25, 7.5]]] * 3
    rows[0] = 1  # a copy, which its owner may change
    assert x.max() == 7.5 and rows[1].max() == 7.5
    assert np.array_equal(rate_code(np.array([[1.0]]), 3), direct_code(np.array([[1.0]]), 3))


@pytest.mark.parametrize("bad", [-0.1, float("nan"), float("inf")])
def test_direct_code_refuses_what_inhibition_cannot_divide_by(bad: float) -> None:
    for x in (torch.tensor([[bad]]), np.array([[bad]])):
        with pytest.raises(InputError, match="direct_code needs finite intensities of at least 0"):
            direct_code(x, 4)


@pytest.mark.parametrize("code", ENCODERS.values())
def test_integers_and_no_steps_are_refused(code) -> None:
    with pytest.raises(InputError, match="floating point intensities"):
        code(np.zeros((1, 2), np.uint8), 4)
    with pytest.raises(InputError, match="at least 1 time step"):
        code(torch.zeros(1, 2), 0)
