"""The divided input of ei_gain neurons: within its bound of the exact quotient, for every divisor."""

from __future__ import annotations

import numpy as np
import pytest

from spikewright.exporters.program.population import Population
from spikewright.simulators.neurons import QUOTIENT_LIMIT, State, quotient, step

CASES = [(1, 0), (-1, 15), (1000, 8), (-1000, 4), (2**20 + 3, 0), (-(2**20) + 5, 15), (2**31 - 1, 0), (-(2**31), 15)]
"""Numerators and quotient_exp; some quotients pass the limit, some are 0."""
RNG = np.random.default_rng(0)
POWERS = (2 ** np.arange(1, 32, dtype=np.int64)[:, None] + np.arange(-2, 3)).reshape(-1)
DIVISORS = {
    "every one to 2**16": np.arange(1, 2**16 + 1),
    "beside powers of two, and large ones": np.unique(
        np.concatenate([POWERS[(POWERS > 0) & (POWERS < 2**31)], RNG.integers(2**16, 2**31, 20000), [2**31 - 1]])
    ),
}


def gain(reciprocal_bits: int, quotient_exp: int = 0, divisor_min: int = 1) -> Population:
    given = {"reciprocal_bits": reciprocal_bits, "quotient_exp": quotient_exp, "divisor_min": divisor_min}
    return Population("a", (1,), 4095, 0, 100, np.zeros(1, np.int32), 1, kind="ei_gain", **given)


def divide(p: Population, numerator: int, divisors: np.ndarray) -> np.ndarray:
    """Quotients as Python integers, so that no bound below is rounded or overflows."""
    return quotient(p, np.full(divisors.shape, numerator, np.int64), divisors).astype(object)


@pytest.mark.parametrize("divisors", DIVISORS.values(), ids=DIVISORS)
@pytest.mark.parametrize(("numerator", "exponent"), CASES)
@pytest.mark.parametrize("bits", [2, 3, 4])
def test_the_look_up_keeps_its_bound(bits: int, numerator: int, exponent: int, divisors: np.ndarray) -> None:
    q, d = divide(gain(bits, exponent), numerator, divisors), divisors.astype(object)
    # |q - x| <= |x| / 2**(bits + 1) + 1 with x = numerator 2**exponent / d, both sides times d 2**(bits + 1).
    x, scale = numerator << exponent, 1 << (bits + 1)
    low, high = x * scale - abs(x) - d * scale, x * scale + abs(x) + d * scale
    assert_within(q, d * scale, low, high)


@pytest.mark.parametrize("divisors", DIVISORS.values(), ids=DIVISORS)
@pytest.mark.parametrize(("numerator", "exponent"), CASES)
def test_the_nearest_power_of_two_is_off_by_the_root_of_two_at_most(
    numerator: int, exponent: int, divisors: np.ndarray
) -> None:
    q, d = divide(gain(0, exponent), numerator, divisors), divisors.astype(object)
    x = abs(numerator) << exponent
    # A negative quotient is rounded away from zero by less than 1; sizes: n with x / d / 2**0.5 - 1 <= n <= ... + 1.
    size = np.abs(q)
    assert ((np.sign(q) == np.sign(numerator)) | (size == 0)).all()
    short = 2 * ((size + 1) * d) ** 2 < x * x
    assert not (short & (size < QUOTIENT_LIMIT)).any()
    assert not (((size - 1).clip(0) * d) ** 2 > 2 * x * x).any()


def assert_within(q: np.ndarray, unit: np.ndarray, low: np.ndarray, high: np.ndarray) -> None:
    """Assert that q lies in low / unit .. high / unit, both cut to the limit of quotients."""
    assert (np.abs(q) <= QUOTIENT_LIMIT).all()
    assert ((q * unit >= low) | (q == QUOTIENT_LIMIT)).all()
    assert ((q * unit <= high) | (q == -QUOTIENT_LIMIT)).all()


@pytest.mark.parametrize("bits", [0, 2, 3, 4])
def test_every_power_of_two_divides_alike(bits: int) -> None:
    """Only the leading bits count: twice the divisor and twice the numerator give the same quotient."""
    d = np.arange(1, 2**12)
    for n in (77, -77):
        np.testing.assert_array_equal(divide(gain(bits, 6), n, d), divide(gain(bits, 6), 4 * n, 4 * d))


@pytest.mark.parametrize("bits", [0, 2, 3, 4])
def test_small_and_negative_divisors_are_raised(bits: int) -> None:
    d = np.array([-(2**31), -1, 0, 1, 49, 50])
    assert set(divide(gain(bits, 8, divisor_min=50), 1000, d)) == set(divide(gain(bits, 8), 1000, np.array([50])))
    assert not divide(gain(bits, 15), 0, np.arange(-5, 5)).any(), "nothing divided by nothing is nothing"


def test_a_quotient_by_hand_and_its_way_into_the_current() -> None:
    # 7 = 4 (1 + 3/4): e = 2, m = 3, R = 2185; (100 * 2185 << 3) >> 14 = 106 where 800 / 7 is 114.3.
    zero, n, d = (np.array([[k]], np.int64) for k in (0, 100, 7))
    state, spikes = step(gain(2, 3), State(zero, zero, zero), n, d)
    assert (int(state.u[0, 0]), int(state.v[0, 0]), int(spikes[0, 0])) == (106 * 64, 0, 1)
    # 6 lies between 4 and 8, and nearer to 8 by ratio; -800 / 8 is exact, -801 / 8 rounds down.
    assert divide(gain(0, 3), -100, np.array([6]))[0] == -100
    assert divide(gain(0, 0), -801, np.array([6]))[0] == -101
    # A quotient is cut where 64 times it would no longer be a current of 24 bits.
    assert list(divide(gain(4), 2**31 - 1, np.array([1]))) == [2**17 - 1]
    assert list(divide(gain(4), -(2**31), np.array([1]))) == [-(2**17) + 1]
