"""Choosing a population's scale: as fine as its registers allow, and never so fine that one overflows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ....models.errors import NumericRangeError
from ..bounds import largest_sum, longest_memory
from ..grid import grid_range, grid_step, round_to_grid
from ..program import READOUT_LIMIT, STATE_LIMIT, VTH_MAX, Input, SignMode
from .network import Floats, Neurons, Synapses

BIAS_MANTISSA_MAX = 4095
_BIAS_EXPONENT_MAX = 7
_EXPONENT_MIN, _EXPONENT_MAX = -7, 7
_HALVINGS = 8


@dataclass(frozen=True)
class Scale:
    """Weights are ``round(W * s)``, sums are shifted by `e`; see `quantise`."""

    s: float
    e: int

    @property
    def membrane(self) -> float:
        """Integer units of v per float unit."""
        return self.s * 2.0 ** (self.e + 6)


def choose_scale(
    neurons: Neurons,
    synapses: list[Synapses],
    modes: dict[str, SignMode],
    bias: Floats,
    inputs: dict[str, Input],
    weight_bits: int,
    steps: int | None,
) -> Scale:
    """Whole weight grid with the largest exponent that fits; only if none does, half the grid, and so on.

    A negative exponent floors the summed input, which costs at most one unit per row; a smaller scale would cost
    every weight. Down to `lossless_exponent` the floor drops only bits that are zero.

    Parameters are those of `quantise_population`; `modes` holds the sign mode of every projection.

    Raises
    ------
    NumericRangeError
        If one bit has to hold weights of both signs, or no scale fits all registers.
    """
    largest = {name: _largest_weight(weight_bits, mode) for name, mode in modes.items()}
    if coarse := [f"projection {name!r}: {weight_bits} bit" for name, weight in largest.items() if not weight]:
        raise NumericRangeError("The grid has no positive weight beside negative ones; take 2 bits or more:", coarse)
    peaks = {s.name: float(np.abs(s.weight).max(initial=0.0)) for s in synapses}
    full = min((largest[name] / peak for name, peak in peaks.items() if peak), default=64.0)
    for scale in (full / 2**halving for halving in range(_HALVINGS)):
        reach = sum(_reach(s, scale, weight_bits, modes[s.name], inputs.get(s.source)) for s in synapses)
        if reach == 0 and any(peaks.values()):
            break  # every weight has rounded to zero
        for e in range(_EXPONENT_MAX, _EXPONENT_MIN - 1, -1):
            if _fits(Scale(scale, e), reach, len(synapses), float(np.abs(bias).max(initial=0.0)), neurons, steps):
                return Scale(scale, e)
    raise NumericRangeError(
        f"Population {neurons.name!r}: no scale fits its registers. Weights reach "
        f"{max(peaks.values(), default=0):.2e}, biases {np.abs(bias).max(initial=0.0):.2e} of a threshold; "
        "shorten the samples or shrink the outliers."
    )


def lossless_exponent(weight_bits: int, mode: SignMode) -> int:
    """Smallest exponent whose right shift drops only bits that the grid leaves zero."""
    return -(grid_step(weight_bits, mode).bit_length() - 1)


def _largest_weight(weight_bits: int, mode: SignMode) -> int:
    low, high = grid_range(weight_bits, mode)
    return -low if mode == "inhibitory" else high


def _reach(synapses: Synapses, scale: float, weight_bits: int, mode: SignMode, port: Input | None) -> int:
    """Largest magnitude of the summed input of one row in weight units, after rounding the weights."""
    return largest_sum(round_to_grid(synapses.weight * scale, weight_bits, mode), port)


def _fits(scale: Scale, reach: int, projections: int, bias: float, neurons: Neurons, steps: int | None) -> bool:
    """Whether threshold, bias, current and membrane stay in their registers, whatever the input."""
    shifted = reach * 2.0**scale.e + projections  # a right shift floors, so each sum can grow by one unit
    entering = 64 * shifted + bias * scale.membrane * (1 + 2**-11)  # its rounding is below half a mantissa unit
    memory = longest_memory((4096 - decay_register(neurons)) / 4096, steps)
    if np.isinf(memory):
        memory = 1.0  # no leak and unknown length: one row is all that can be promised, `simulate` checks the rest
    return (
        (not neurons.spiking or 1 <= round(scale.s * 2.0**scale.e) <= VTH_MAX)
        and bias * scale.membrane <= BIAS_MANTISSA_MAX * 2**_BIAS_EXPONENT_MAX
        and 64 * shifted < 2**23
        and entering * memory <= (STATE_LIMIT if neurons.spiking else READOUT_LIMIT)
    )


def decay_register(neurons: Neurons) -> int:
    """Membrane decay in 1/4096; a membrane that keeps nothing gets the largest that the register holds."""
    return min(4095, round(4096 * (1.0 - float(neurons.keep[0]))))
