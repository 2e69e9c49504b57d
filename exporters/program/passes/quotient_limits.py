"""How large the quotients of a population can get, and how small their divisors are."""

from __future__ import annotations

import numpy as np

from ..program import Projection
from ..reciprocals import QUOTIENT_LIMIT
from .quotient_sums import Sum

GUARD_QUANTILE, GUARD_ROOM = 0.001, 16.0
"""Of the positive divisors on the calibration, and how far a darker input may fall below it before the guard acts."""
_DIVISOR_MIN_MAX = 2**23 - 1


def guard(divisor: Sum, projections: list[Projection]) -> tuple[int, float | None]:
    """Smallest divisor, and the share of the calibration's that are smaller; None if there is no calibration."""
    if divisor.events is None:
        return 1, None
    parts = [
        e @ p.weights.astype(np.float64).T * 2.0**p.weight_exp for e, p in zip(divisor.events, projections, strict=True)
    ]
    whole = np.sum(parts, axis=0)
    positive = whole[whole > 0]
    if not positive.size:
        return 1, None
    smallest = int(np.clip(np.quantile(positive, GUARD_QUANTILE) / GUARD_ROOM, 1, _DIVISOR_MIN_MAX))
    return smallest, float((whole[(whole > 0).any(1)] < smallest).mean())


def largest_quotient(
    numerator: Sum, up: list[Projection], down: list[Projection], smallest: int, quotient_exp: int, bits: int
) -> float:
    """Largest magnitude of the integer quotient, whatever the input.

    Parameters
    ----------
    numerator : Sum
    up, down : list of Projection
        To the current and to the divisor.
    smallest : int
        Least divisor.
    quotient_exp, bits : int
        Of the population; its look-up may make a quotient larger than it is.
    """
    floored = sum(len(p.delays) for p in up if p.weight_exp < 0)  # each by less than one
    most = sum(n * 2.0**p.weight_exp for n, p in zip(numerator.largest_sums(up), up, strict=True))
    found = most / smallest
    if not numerator.signed and _side_by_side(up, down):
        n, d = (np.concatenate([np.abs(p.weights) * 2.0**p.weight_exp for p in side], 1) for side in (up, down))
        # A quotient of sums lies between the quotients of their terms.
        found = min(found, float(np.divide(n, d, out=np.where(n > 0, np.inf, 0.0), where=d > 0).max(initial=0.0)))
    error = 2**0.5 if bits == 0 else 1 + 2.0 ** -(bits + 1)
    return min((found + floored / smallest) * 2.0**quotient_exp * error + 1, QUOTIENT_LIMIT)


def _side_by_side(up: list[Projection], down: list[Projection]) -> bool:
    """Whether every event arrives at both sums in the same row, and neither lowers the divisor nor is floored there."""
    return len(up) == len(down) and all(
        p.source == q.source and np.array_equal(p.delay, q.delay) and q.weight_exp >= 0 and bool((q.weights >= 0).all())
        for p, q in zip(up, down, strict=True)
    )
