"""Choosing a population's scale: as fine as its registers allow, and never so fine that one overflows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache

import numpy as np

from ....models.errors import NumericRangeError
from ..bounds import longest_memory
from ..grid import grid_range, grid_step, round_to_grid
from ..population import LEAKLESS
from ..program import READOUT_LIMIT, STATE_LIMIT, VTH_MAX, Input, SignMode
from .decays import current_register, kept, membrane_register
from .network import Floats, Neurons, Synapses
from .windows import Window

BIAS_MANTISSA_MAX = 4095
_BIAS_EXPONENT_MAX = 7
_EXPONENT_MIN, _EXPONENT_MAX = -7, 7
_HALVINGS = 9


@dataclass(frozen=True)
class Scale:
    """Weights are ``round(W * s)``, sums are shifted by `e`; see `quantise`.

    Attributes
    ----------
    s : float
    e : int
    finer : dict of str to int
        Projections whose weights are small beside the others': ``round(W * s * 2**f)``, shifted by ``e - f``.
    """

    s: float
    e: int
    finer: dict[str, int] = field(default_factory=dict)

    @property
    def membrane(self) -> float:
        """Integer units of v per float unit."""
        return self.s * 2.0 ** (self.e + 6)

    def of(self, projection: str) -> tuple[float, int]:
        """Grid units per float unit of one projection, and its exponent."""
        finer = self.finer.get(projection, 0)
        return self.s * 2.0**finer, self.e - finer


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
    every weight. Down to `lossless_exponent` the floor drops only bits that are zero; a window goes no further.

    Parameters are those of `quantise_population`; `modes` holds the sign mode of every projection.

    Raises
    ------
    NumericRangeError
        If one bit has to hold weights of both signs, or no scale fits all registers.
    """
    largest = {name: _largest_weight(weight_bits, mode) for name, mode in modes.items()}
    if coarse := [f"projection {name!r}: {weight_bits} bit" for name, weight in largest.items() if not weight]:
        raise NumericRangeError("The grid has no positive weight beside negative ones; take 2 bits or more:", coarse)
    peaks = {s.name: float(np.abs(s.weight.values).max(initial=0.0)) for s in synapses}
    room = {name: largest[name] / peak for name, peak in peaks.items() if peak}
    full = min(room.values(), default=64.0)
    lossless = {name: max(lossless_exponent(weight_bits, mode), _EXPONENT_MIN) for name, mode in modes.items()}
    lowest = max([_EXPONENT_MIN, *(lossless[s.name] for s in synapses if isinstance(s.weight, Window))])
    spare = {name: int(np.floor(np.log2(factor / full))) for name, factor in room.items()}
    for scale in (full / 2**halving for halving in range(_HALVINGS)):
        sums = {s.name: _make_sums(s, modes[s.name], inputs.get(s.source), weight_bits) for s in synapses}
        if any(peaks.values()) and not any(sums[name](scale * 2.0**n) for name, n in spare.items()):
            break  # every weight has rounded to zero
        for e in range(_EXPONENT_MAX, lowest - 1, -1):
            finer = {name: min(n, e - lossless[name]) for name, n in spare.items()}  # no finer: sums stay whole
            found = Scale(scale, e, {name: n for name, n in finer.items() if n > 0})
            reach = sum(_shifted(sums[s.name], *found.of(s.name), np.unique(s.delay).size) for s in synapses)
            if _fits(found, reach, float(np.abs(bias).max(initial=0.0)), neurons, steps):
                return found
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


def _make_sums(s: Synapses, mode: SignMode, port: Input | None, weight_bits: int) -> Callable[[float], int]:
    """Return the largest magnitude of a row's sum over one projection, after rounding its weights at a scale."""

    @cache
    def largest(units: float) -> int:
        rounded = s.weight.with_values(round_to_grid(s.weight.values * units, weight_bits, mode))
        return rounded.largest_sum(port.bits, port.kind == "graded") if port else rounded.largest_sum()

    return largest


def _shifted(sums: Callable[[float], int], units: float, exponent: int, delays: int) -> float:
    """Largest sum in units of the accumulator; a right shift floors that of every delay, by less than a unit each."""
    return sums(units) * 2.0**exponent + delays


def _fits(scale: Scale, reach: float, bias: float, neurons: Neurons, steps: int | None) -> bool:
    """Whether thresholds, bias, current and membrane stay in their registers, whatever the input."""
    current = 64 * reach * _memory(kept(current_register(neurons), LEAKLESS - 1), steps)
    entering = current + bias * scale.membrane * (1 + 2**-11)  # its rounding is below half a mantissa unit
    thresholds = neurons.threshold * scale.s * 2.0**scale.e
    return bool(
        (not neurons.spiking or (np.rint(thresholds.min()) >= 1 and np.rint(thresholds.max()) <= VTH_MAX))
        and bias * scale.membrane <= BIAS_MANTISSA_MAX * 2**_BIAS_EXPONENT_MAX
        and current < 2**23
        and entering * _memory(kept(membrane_register(neurons), LEAKLESS), steps)
        <= (STATE_LIMIT if neurons.spiking else READOUT_LIMIT)
    )


def _memory(kept: Floats, steps: int | None) -> float:
    memory = longest_memory(float(np.max(kept)), steps)
    # No leak and unknown length: one row is all that can be promised, `simulate` checks the rest.
    return 1.0 if np.isinf(memory) else memory
