"""Kernels find what is no spike while they list it, wherever it lies and whoever comes across it."""

import numpy as np
import pytest

from samples import layered
from spikewright.models.errors import InputError
from spikewright.simulators.run import simulate


@pytest.mark.parametrize("channels", [1, 63, 64, 65, 200])
def test_grey_values_are_found_at_every_channel(channels: int) -> None:
    program = layered((channels, 10))
    for channel in range(channels):
        for wrong in (2, 128, 255):
            x = np.zeros((3, 2, channels), np.uint8)
            x[channel % 3, channel % 2, channel] = wrong
            with pytest.raises(InputError, match=f"grey values from 0 to {wrong}"):
                simulate(program, x, threads=1)


@pytest.mark.parametrize("sample", [0, 7, 499])
def test_every_thread_finds_them_in_its_part(sample: int) -> None:
    x = np.ones((12, 500, 80), np.uint8)
    x[11, sample, 79] = 3
    with pytest.raises(InputError, match="grey values from 1 to 3"):
        simulate(layered((80, 100, 10)), x, threads=2)


def test_a_run_after_one_that_was_refused_is_right() -> None:
    program, x = layered((80, 100, 10)), np.ones((20, 3, 80), np.uint8)
    expected = simulate(program, x).counts
    with pytest.raises(InputError, match="grey"):
        simulate(program, 2 * x)
    for name, counts in simulate(program, x).counts.items():
        np.testing.assert_array_equal(counts, expected[name])
