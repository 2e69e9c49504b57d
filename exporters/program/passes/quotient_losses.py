"""What a population that divides lost, as sentences with kinds that `change` can apply."""

from __future__ import annotations

import numpy as np

from ..losses import Loss
from ..program import Population, Projection
from ..reciprocals import QUOTIENT_LIMIT
from .network import Synapses
from .quotient_sums import Sum
from .weight_losses import floors, weights_loss


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
    found, rest = [], iter(projections)
    for port in (numerator, divisor):
        found += [loss for s in port.synapses for loss in _of_weights(s, next(rest), port.only_nearest)]
    step, bits = float(np.max(64 * p.membrane_unit)), p.reciprocal_bits
    table = f"a look-up of {bits} bits, off by at most {2.0 ** -(bits + 1):.1%}"
    table = table if bits else "the nearest power of two, off by up to 41%"
    share = "unknown without calibration" if touched is None else f"{touched:.2%} of them on the calibration"
    stops = f"and stop at {QUOTIENT_LIMIT * step:.3g} thresholds"
    return [
        *found,
        Loss(p.name, f"reciprocals of the divisors come from {table}", "reciprocal"),
        Loss(p.name, f"divisors below {p.divisor_min} count as {p.divisor_min}: {share}", "guard"),
        Loss(p.name, f"quotients are floored to steps of {step:.2e} of a threshold {stops}", "quotient"),
    ]


def _of_weights(s: Synapses, q: Projection, only_nearest: bool) -> list[Loss]:
    found = [weights_loss(s, q, only_nearest)]
    if floors(q):
        found.append(Loss(q.name, f"summed input is floored to multiples of {2**-q.weight_exp} grid units", "floor"))
    vanished = s.weight.live_rows & ~s.weight.with_values(q.weights).live_rows
    if vanished.any():
        found.append(Loss(q.name, f"{vanished.sum()} of {len(vanished)} rows round to zero", "rows"))
    return found
