"""The grid on which a chip can hold a weight.

Loihi keeps the most significant bits of a magnitude of 8 bits; with mixed signs the sign takes the place of the
lowest bit, so the grid then has step 2 (lava-nc 0.10.0, ``lava/utils/weightutils.py``).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .pieces import pieces
from .program import Array, SignMode


def grid_step(weight_bits: int, sign_mode: SignMode) -> int:
    """Distance of neighbouring weights; 1 for 8 bits of one sign, 2 for 8 bits of mixed sign."""
    return 1 << (8 - weight_bits + (sign_mode == "mixed"))


def grid_range(weight_bits: int, sign_mode: SignMode) -> tuple[int, int]:
    """Smallest and largest weight on the grid."""
    step = grid_step(weight_bits, sign_mode)
    largest = 255 // step * step
    if sign_mode == "mixed":
        return -256, largest
    return (0, largest) if sign_mode == "excitatory" else (-largest, 0)


def on_grid(weights: Array, weight_bits: int, sign_mode: SignMode) -> bool:
    """Whether every weight lies on the grid."""
    low, high = grid_range(weight_bits, sign_mode)
    if weights.size and (weights.min() < low or weights.max() > high):
        return False
    off = grid_step(weight_bits, sign_mode) - 1  # steps are powers of two
    return not any((piece & off).any() for piece in pieces(weights, np.int16))


def round_to_grid(weights: NDArray[np.floating], weight_bits: int, sign_mode: SignMode) -> NDArray[np.int16]:
    """Nearest grid weight, half to even, clipped to the grid's range that is symmetric about zero."""
    step = grid_step(weight_bits, sign_mode)
    low, high = grid_range(weight_bits, sign_mode)
    rounded = np.rint(weights / step) * step
    return np.clip(rounded, max(low, -high) if sign_mode == "mixed" else low, high).astype(np.int16)
