"""Choosing the scales of a quotient: numerator and divisor of a row on their grids, and the quotient's threshold.

Row i has the weights ``round(W S)`` and ``round(M R)``, S and R its own; a factor of both cancels in the quotient. What
is left is the integer quotient ``K N / D`` with ``K = S / R * 2**shift``, which is the threshold. One threshold
register for all rows ties every S to its R; where each neuron has its own, both are free.

The expected squared error of a row's quotient q is ``(E[(dN)^2] + E[q^2] E[(dD)^2]) / E[D^2]`` with the rounding errors
dN and dD of both weight rows, under the events' means and variances: a rounding error that all weights share adds up.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from ..grid import round_to_grid
from ..program import SignMode
from .linear import Floats
from .scale import largest_weight

_SHARES = (0.02, 0.1, 0.25, 0.5, 0.75, 0.9, 0.98)
"""Of the rows whose grids a common ratio of the scales leaves unused at one side, or at the other."""
ZOOM_MAX = 2.0**0.5
_ZOOMS = ZOOM_MAX ** np.linspace(-1.5, 1, 11)
"""Scales that are tried, relative to the one at which the largest weight is the grid's largest; larger ones clip."""
_SHIFTS = 6
"""Powers of two that are tried for thresholds of different sizes."""
_COARSER = 2.0 ** -np.arange(0, 8.1, 0.25)
"""How much coarser a divisor may be so that the threshold is finer."""


@dataclass(frozen=True, eq=False)
class Side:
    """Numerator or divisor of all rows: weights per event, and the events.

    Attributes
    ----------
    weight : (size, n) float64 array
        Of all projections side by side.
    mean, variance : (n,) float64 array
        Of the events on the calibration.
    bits : int
    mode : {"mixed", "excitatory", "inhibitory"}
    spanned : float
        Percent of the weights of a row that the grid is to span.
    """

    weight: Floats
    mean: Floats
    variance: Floats
    bits: int
    mode: SignMode
    spanned: float = 100.0

    @cached_property
    def room(self) -> Floats:
        """Scale of every row at which the grid spans its weights; infinite for an empty row."""
        sizes = np.abs(self.weight)
        peaks = (
            sizes.max(1)
            if self.spanned == 100
            else [np.percentile(s[s > 0], self.spanned) if s.any() else 0.0 for s in sizes]
        )
        with np.errstate(divide="ignore"):
            return largest_weight(self.bits, self.mode) / np.asarray(peaks)

    def error(self, scale: Floats) -> Floats:
        """Expected squared error of every row's sum with the weights rounded at `scale` (size,)."""
        off = round_to_grid(self.weight * scale[:, None], self.bits, self.mode) / scale[:, None] - self.weight
        return off**2 @ self.variance + (off @ self.mean) ** 2


@dataclass(frozen=True, eq=False)
class Ratio:
    """Scales of all rows.

    Attributes
    ----------
    numerator, divisor : (size,) float64 array
        Grid units per float unit, S and R.
    threshold : (size,) float64 array
        K, whole numbers.
    shift : int
    """

    numerator: Floats
    divisor: Floats
    threshold: Floats
    shift: int


def choose_ratio(
    numerator: Side,
    divisor: Side,
    power: Floats,
    importance: Floats,
    largest: float,
    shifts: tuple[int, int],
    free: bool,
    search: bool,
) -> Ratio:
    """Scales with the smallest expected squared error of the quotients.

    Parameters
    ----------
    numerator, divisor : Side
    power, importance : (size,) float64 array
        E[q^2] and 1 / E[D^2] of every row.
    largest : float
        Most that a threshold may be, at least 1.
    shifts : (int, int)
        Smallest and largest power of two that the arithmetic can put between the sums and the quotient.
    free : bool
        Every row has its own threshold.
    search : bool
        Try scales beside the one that just holds the largest weight.
    """
    largest = np.floor(largest)
    zooms = _ZOOMS if search else np.ones(1)
    rooms = [np.where(np.isfinite(side.room), side.room, 1.0) for side in (numerator, divisor)]
    live = np.isfinite(numerator.room) & np.isfinite(divisor.room)
    if free:
        return _apart(numerator, divisor, rooms, live, (power, importance), largest, shifts, zooms)
    found: list[tuple[float, Ratio]] = []
    ratios = rooms[0][live] / rooms[1][live] if live.any() else np.ones(1)
    for wanted in np.unique(np.quantile(ratios, _SHARES)).tolist():
        shift = _shift(wanted, largest, shifts)
        threshold = min(max(round(wanted * 2.0**shift), 1), largest)
        ratio = threshold / 2.0**shift

        def error(scale: Floats, ratio: float = ratio) -> Floats:
            return numerator.error(scale * ratio) + power * divisor.error(scale)

        most = np.minimum(divisor.room, numerator.room / ratio)
        scale = _best(error, zooms * np.where(np.isfinite(most), most, 1.0)[:, None])
        total = float((error(scale) * importance).sum())
        found.append((total, Ratio(scale * ratio, scale, np.full(len(scale), float(threshold)), shift)))
    return min(found, key=lambda pair: pair[0])[1]


def _apart(
    numerator: Side,
    divisor: Side,
    rooms: list[Floats],
    live: NDArray[np.bool_],
    moments: tuple[Floats, Floats],
    largest: float,
    shifts: tuple[int, int],
    zooms: Floats,
) -> Ratio:
    """Scales of rows whose thresholds may differ: the best ones of each that leave its threshold K large enough.

    A quotient is floored to whole units, K of which are a threshold: a mean square of 1 / (3 K^2). One shift for all
    rows makes the thresholds of some too large, whose numerators get coarser, or of others small.
    """
    power, importance = moments
    up, down = (
        _best(side.error, zooms * room[:, None]) for side, room in zip((numerator, divisor), rooms, strict=True)
    )
    usual = float(np.median((up / down)[live])) if live.any() else 1.0
    up = np.where(np.isfinite(numerator.room), up, down * usual)  # an empty row takes the scale of the other side
    down = np.where(np.isfinite(divisor.room), down, up / usual)
    first, found = _shift(float((up / down).max()), largest, shifts), []
    for shift in range(first, min(first + _SHIFTS, shifts[1] + 1)):
        top = np.minimum(up, down * largest / 2.0**shift)
        unit = top * 2.0**shift

        def error(scale: Floats, unit: Floats = unit) -> Floats:
            return power * importance * divisor.error(scale) + (scale / unit) ** 2 / 3

        low = np.maximum(_best(error, _COARSER * down[:, None]), unit / largest)
        threshold = np.minimum(np.ceil(unit / low), largest)
        total = float((importance * numerator.error(top) + error(unit / threshold)).sum())
        found.append((total, Ratio(top, unit / threshold, threshold, shift)))
    return min(found, key=lambda pair: pair[0])[1]


def _best(error: Callable[[Floats], Floats], scales: Floats) -> Floats:
    """Of the scales (size, tried) of every row the one with the smallest error."""
    errors = np.stack([error(scales[:, i]) for i in range(scales.shape[1])], 1)
    return np.take_along_axis(scales, errors.argmin(1)[:, None], 1)[:, 0]


def _shift(ratio: float, largest: float, shifts: tuple[int, int]) -> int:
    """Largest shift with which `ratio` gives a threshold of at most `largest`."""
    return int(np.clip(np.floor(np.log2(largest / ratio)), *shifts))
