"""The quotient of an E-I circuit in the float network, with as many of a chip's roundings as asked for."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...nir.divisors import quotient
from ..reciprocals import QUOTIENT_LIMIT, RECIPROCAL_EXP, reciprocals
from .linear import Floats

_SLACK = 1e-9
"""A quotient this close to a step (in steps) is on it; so is a divisor to a whole number, relative to its size."""


@dataclass(frozen=True, eq=False)
class Division:
    """What an ei_gain population does otherwise than float64 does; None leaves it out.

    Attributes
    ----------
    bits : int or None
        The divisor's reciprocal comes from a look-up of so many bits.
    unit : (size,) float64 array or None
        Float divisor of the integer divisor 1; stated with `bits`.
    smallest : (size,) float64 array or None
        Smaller divisors are raised to it.
    step : (size,) float64 array or None
        The quotient is floored to its multiples, and stops at `QUOTIENT_LIMIT` of them.
    """

    bits: int | None = None
    unit: Floats | None = None
    smallest: Floats | None = None
    step: Floats | None = None

    def divide(self, numerator: Floats, divisor: Floats, gain: Floats) -> Floats:
        """``numerator / divisor``, (B, size); `gain` is that of `nir.divisors.quotient`."""
        if self.smallest is not None:
            divisor = np.maximum(divisor, self.smallest)
        if self.bits is None or self.unit is None:
            found = quotient(numerator, divisor, gain)
        else:
            one_over = quotient(np.ones_like(divisor), divisor, gain)
            found = numerator * _looked_up(one_over * self.unit, self.bits) / self.unit
        if self.step is None:
            return found
        return np.clip(np.floor(found / self.step + _SLACK), -QUOTIENT_LIMIT, QUOTIENT_LIMIT) * self.step


def _looked_up(one_over: Floats, bits: int) -> Floats:
    """Reciprocal of a divisor in its integer unit, from the exact one: of its leading `bits`, or a power of two."""
    none = one_over == 0  # without any input
    d = 1 / np.where(none, 1.0, one_over)
    whole = np.rint(d)
    d = np.where(np.abs(d - whole) <= _SLACK * np.maximum(whole, 1), whole, d)
    fraction, exponent = np.frexp(d)  # d = fraction * 2**exponent, from 1/2 to 1
    if bits:
        mantissa = np.floor(fraction * 2.0 ** (bits + 1)).astype(np.int64) - (1 << bits)
        found = reciprocals(bits)[mantissa] * 2.0 ** (1 - exponent - RECIPROCAL_EXP)
    else:
        found = np.where(2 * fraction**2 > 1, 2.0**-exponent, 2.0 ** (1 - exponent))
    return np.where(none, 0.0, found)
