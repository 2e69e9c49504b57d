"""What a population that divides lost, as sentences with kinds that `change` can apply."""

from __future__ import annotations

import numpy as np

from ..losses import Loss
from ..population import VTH_MAX
from ..program import Population, Projection
from .quotient_sums import Sum
from .scale import lossless_exponent


def quotient_losses(
    numerator: Sum, divisor: Sum, p: Population, projections: list[Projection], touched: float | None
) -> list[Loss]:
    """List the roundings of both sums and of the quotient.

    Parameters
    ----------
    numerator, divisor : Sum
    p : Population
    projections : list of Projection
        Of the numerator, then of the divisor.
    touched : float or None
        Share of the calibration's divisors that the guard raises.
    """
    synapses = [*numerator.synapses, *divisor.synapses]
    found = [loss for s, q in zip(synapses, projections, strict=True) for loss in _of_weights(s.weight.values, q)]
    step, bits = float(np.max(64 * p.membrane_unit)), p.reciprocal_bits
    table = f"a look-up of {bits} bits, off by at most {2.0 ** -(bits + 1):.1%}" if bits else "the nearest power of two"
    share = "unknown without calibration" if touched is None else f"{touched:.2%} of them on the calibration"
    stops = f"and stop at {VTH_MAX * step:.3g} thresholds"
    return [
        *found,
        Loss(p.name, f"reciprocals of the divisors come from {table}", "reciprocal"),
        Loss(p.name, f"divisors below {p.divisor_min} count as {p.divisor_min}: {share}", "guard"),
        Loss(p.name, f"quotients are floored to steps of {step:.2e} of a threshold {stops}", "quotient"),
    ]


def _of_weights(exact: np.ndarray, q: Projection) -> list[Loss]:
    size = float(np.sqrt((exact**2).mean()))
    rounded = q.weights * np.reshape(q.unit, (-1, 1))
    share = float(np.sqrt(((rounded - exact) ** 2).mean())) / size if size else 0.0
    used = len(np.unique(q.weights))
    what = f"weights on {q.weight_bits} bits: RMS error {share:.2%} of their RMS, {used} grid values used"
    found = [Loss(q.name, what, "weights")]
    if q.weight_exp < lossless_exponent(q.weight_bits, q.sign_mode):
        found.append(Loss(q.name, f"summed input is floored to multiples of {2**-q.weight_exp} grid units", "floor"))
    vanished = int(((exact != 0).any(1) & ~(q.weights != 0).any(1)).sum())
    if vanished:
        found.append(Loss(q.name, f"{vanished} of {len(exact)} rows round to zero", "rows"))
    return found
