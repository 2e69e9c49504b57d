"""A population's scale: S grid units per float unit of every weight, and one exponent e for all sums.

A weight is ``round(W S)`` on the grid, a threshold ``round(theta S 2^e)``, the membrane's unit ``1 / (S 2^(e + 6))``.
All neurons share one S, or each (each channel) has its own, because its threshold and bias take it up (`groups`). A
projection whose weights are small beside the others' takes a finer grid, ``S 2^f``, and so much smaller an exponent.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from ..grid import grid_range, grid_step
from ..program import SignMode
from .groups import Groups
from .network import Floats

BIAS_MANTISSA_MAX = 4095
BIAS_EXPONENT_MAX = 7


@dataclass(frozen=True, eq=False)
class Scale:
    """Scale of every group and exponent.

    Attributes
    ----------
    s : (groups,) array
    e : int
    groups : Groups
    finer : dict of str to int
        Projections on a finer grid: ``round(W s 2^f)``, shifted by ``e - f``.
    """

    s: Floats
    e: int
    groups: Groups
    finer: dict[str, int] = field(default_factory=dict)

    @property
    def membrane(self) -> Floats:
        """Integer units of v per float unit, of every neuron."""
        return (self.s * 2.0 ** (self.e + 6))[self.groups.of_neuron]

    def of(self, projection: str) -> tuple[Floats, int]:
        """Grid units per float unit of every row of one projection, and its exponent."""
        finer = self.finer.get(projection, 0)
        return (self.s * 2.0**finer)[self.groups.of_row[projection]], self.e - finer


def sign_mode(weights: Floats) -> SignMode:
    """Mode of the finest grid for weights of these signs."""
    if (weights >= 0).all():
        return "excitatory"
    return "inhibitory" if (weights <= 0).all() else "mixed"


def lossless_exponent(weight_bits: int, mode: SignMode) -> int:
    """Smallest exponent whose right shift drops only bits that the grid leaves zero."""
    return -(grid_step(weight_bits, mode).bit_length() - 1)


def largest_weight(weight_bits: int, mode: SignMode) -> int:
    """Largest magnitude on the grid that weights of this mode can use."""
    low, high = grid_range(weight_bits, mode)
    return -low if mode == "inhibitory" else high
