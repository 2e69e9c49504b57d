"""Pass: a population behind an E-I circuit becomes one that divides, with both of its sums on the weight grid."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from ....models.errors import NumericRangeError
from ..choices import Choices
from ..losses import Loss
from ..population import VTH_MAX
from ..program import STATE_LIMIT, Input, Population, Projection
from .activity import Activity
from .decays import current_memory, membrane_memory, membrane_register
from .groups import Groups
from .linear import Floats
from .network import Network, Neurons
from .quotient_limits import guard, largest_quotient
from .quotient_losses import quotient_losses
from .quotient_sums import Sum, sums_of
from .ratio import Ratio, choose_ratio
from .registers import range_losses, register_losses, registers_of
from .scale import BIAS_EXPONENT_MAX, BIAS_MANTISSA_MAX, Scale

HEADROOM = 4.0
"""Largest membrane that fits its register, relative to the largest quotient on the calibration held for ever."""
_REACH_DEFAULT, _REACH_MAX = 64.0, 512.0
"""Thresholds that a membrane's register holds: without a calibration, and at most."""
_EXPONENT, _QUOTIENT_EXPONENT = 7, 15
"""Largest magnitude of a projection's exponent, largest exponent of a quotient."""
_HALVINGS = 12
Lowered = tuple[Population, list[Projection], list[Loss]]


def divide_population(
    network: Network,
    neurons: Neurons,
    inputs: dict[str, Input],
    choices: Choices,
    steps: int | None,
    spike_op: str,
    activity: Activity | None,
    reciprocal_bits: int,
) -> Lowered:
    """Registers and weights of a population that one E-I circuit feeds, and what rounding them cost.

    Parameters
    ----------
    network : Network
        After `fold` and `levels`.
    neurons : Neurons
    inputs : dict of str to Input
    choices : Choices
    steps : int or None
        Rows of a sample; None if unknown.
    spike_op : {">", ">="}
    activity : Activity or None
        What arrives on the calibration.
    reciprocal_bits : int

    Raises
    ------
    NumericRangeError
        If the sums of wide events pass 32 bits, if a synaptic current could leave its register, or if one bit has to
        hold weights of both signs.
    """
    numerator, divisor = sums_of(network, neurons, inputs, choices, activity)
    bias = np.broadcast_to(neurons.bias + neurons.drift, neurons.keep.shape)
    largest = _largest_threshold(neurons, bias, numerator, divisor, steps)
    for _ in range(_HALVINGS):
        made = _divided(numerator, divisor, choices, largest, reciprocal_bits)
        scale = _scale_of(neurons, made.threshold)
        population = replace(
            registers_of(neurons, bias, scale, spike_op),
            kind="ei_gain",
            reciprocal_bits=reciprocal_bits,
            quotient_exp=made.quotient_exp,
            divisor_min=made.divisor_min,
        )
        if 64 * made.reach * current_memory(population.du) <= STATE_LIMIT:
            break
        largest /= 2
    else:
        raise NumericRangeError(
            f"Population {neurons.name!r}: the synaptic current behind the quotient could leave its register whatever "
            "the threshold; use neurons without a synaptic current (LIF) behind an E-I circuit, or more calibration."
        )
    losses = quotient_losses(numerator, divisor, population, made.projections, made.touched)
    losses += register_losses(neurons, population, bias, scale, spike_op)
    return population, made.projections, losses + range_losses(population, made.reach, steps)


@dataclass(frozen=True, eq=False)
class _Divided:
    """Projections of both ports with the registers that their scales ask for.

    `threshold` is that of the quotient, `reach` the largest quotient whatever the input, `touched` the share of the
    calibration's divisors that the guard raises.
    """

    projections: list[Projection]
    threshold: Floats
    quotient_exp: int
    divisor_min: int
    touched: float | None
    reach: float


def _divided(numerator: Sum, divisor: Sum, choices: Choices, largest: float, reciprocal_bits: int) -> _Divided:
    """Choose the scales of both ports below a threshold of `largest`."""
    ratio, (n_exp, d_exp, quotient_exp) = _ratio(numerator, divisor, choices, largest)
    up = numerator.projections(ratio.numerator, n_exp)
    down = divisor.projections(ratio.divisor, d_exp)
    smallest, touched = guard(divisor, down)
    reach = largest_quotient(numerator, up, down, smallest, quotient_exp, reciprocal_bits)
    return _Divided([*up, *down], ratio.threshold, quotient_exp, smallest, touched, reach)


def _scale_of(neurons: Neurons, threshold: Floats) -> Scale:
    """Scale of the membranes whose thresholds are `threshold` units of the quotient, one or one for each neuron."""
    size = len(neurons.keep)
    if np.ptp(threshold):
        return Scale(threshold, 0, Groups(size, np.arange(size), {}))
    return Scale(threshold[:1], 0, Groups(1, np.zeros(size, np.int64), {}))


def _ratio(numerator: Sum, divisor: Sum, choices: Choices, largest: float) -> tuple[Ratio, tuple[int, int, int]]:
    """Scales, and the exponents of numerator, divisor and quotient that make up their shift."""
    n_max, d_max = (port.largest_exponent(_EXPONENT) for port in (numerator, divisor))
    n_exp, d_exp = min(n_max, 0), min(d_max, 0)
    ratio = choose_ratio(
        numerator.side,
        divisor.side,
        *_moments(numerator, divisor),
        largest,
        (n_exp - d_max, _QUOTIENT_EXPONENT + n_max - d_exp),
        free=choices.rows == "registers",
        search=choices.scale == "squared_error",
    )
    quotient_exp = int(np.clip(ratio.shift - n_exp + d_exp, 0, _QUOTIENT_EXPONENT))
    rest = ratio.shift - quotient_exp - n_exp + d_exp
    return ratio, (n_exp + max(rest, 0), d_exp - min(rest, 0), quotient_exp)


def _moments(numerator: Sum, divisor: Sum) -> tuple[Floats, Floats]:
    """E[q^2] and 1 / E[D^2] of every row; with a calibration the events are relative to the mean divisor."""
    if numerator.sums is None or divisor.sums is None:
        power = np.ones(len(divisor.side.weight))
        square = (divisor.side.weight @ divisor.side.mean) ** 2
    else:
        power = (_quotients(numerator.sums, divisor.sums) ** 2).mean(0)
        square = (_quotients(divisor.sums, divisor.sums.mean(1, keepdims=True)) ** 2).mean(0)
    return power, np.divide(1.0, square, out=np.zeros_like(square), where=square > 0)


def _quotients(numerator: Floats, divisor: Floats) -> Floats:
    """Quotients, 0 where the divisor is."""
    return np.divide(numerator, divisor, out=np.zeros_like(numerator), where=divisor > 0)


def _largest_threshold(neurons: Neurons, bias: Floats, numerator: Sum, divisor: Sum, steps: int | None) -> float:
    """Largest threshold that leaves room for biases and for the membranes that the calibration shows."""
    reach, most = _REACH_DEFAULT, float(np.abs(bias).max(initial=0.0))
    if numerator.sums is not None and divisor.sums is not None:
        largest = float(np.abs(_quotients(numerator.sums, divisor.sums)).max(initial=0.0))
        reach = HEADROOM * max((largest + most) * membrane_memory(membrane_register(neurons), steps), 1.0)
    room = BIAS_MANTISSA_MAX * 2**BIAS_EXPONENT_MAX / (64 * most) if most else np.inf
    if room < 1:
        raise NumericRangeError(
            f"Population {neurons.name!r}: biases reach {most:.2e} thresholds, limit "
            f"{BIAS_MANTISSA_MAX * 2**BIAS_EXPONENT_MAX / 64:.0f}; look for thresholds near 0."
        )
    return max(min(VTH_MAX / min(reach, _REACH_MAX), room), 1.0)
