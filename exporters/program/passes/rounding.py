"""Rounding weights so that their errors cancel in the sums of the events that come together.

A row's weights are rounded one after the other, and the ones still to come are moved so that they make up for the error
as well as they can: with H = E[x x'] the mean square d' H d over the rest is smallest there (optimal brain surgeon,
Hassibi and Stork 1992; column by column over a Cholesky factor of H^-1, Frantar et al., GPTQ, arXiv 2210.17323).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..grid import round_to_grid
from ..program import SignMode
from .linear import Floats
from .moments import Together

_BLOCK = 32
"""Columns after which the move is passed on to the rest, all at once."""


def compensated(
    values: Floats, units: Floats, moments: Together, weight_bits: int, mode: SignMode
) -> NDArray[np.int16]:
    """Grid weights whose errors make up for each other; of every row the nearest ones where these are better.

    Parameters
    ----------
    values : (rows, ...) array
    units : array
        Grid units per float unit, broadcastable.
    moments : Together
    weight_bits : int
    mode : {"mixed", "excitatory", "inhibitory"}
    """
    exact = values * units
    nearest = round_to_grid(exact, weight_bits, mode)
    groups, fan_in, _ = moments.products.shape
    sought = [
        _one_group(w, order, upper, weight_bits, mode)
        for w, (order, upper) in zip(exact.reshape(groups, -1, fan_in), moments.cascades, strict=True)
    ]
    found = np.stack(sought).reshape(exact.shape)
    better = moments.mean_square(found - exact) < moments.mean_square(nearest - exact)
    return np.where(better.reshape(-1, *[1] * (exact.ndim - 1)), found, nearest)


def _one_group(
    weights: Floats, order: NDArray[np.int64], upper: Floats, weight_bits: int, mode: SignMode
) -> NDArray[np.int16]:
    """Round (rows, fan-in) column by column in `order`; columns lie in a piece in memory."""
    left, found = weights.T[order], np.zeros(weights.T.shape, np.int16)
    for start in range(0, len(order), _BLOCK):
        block = slice(start, min(start + _BLOCK, len(order)))
        here, moves = left[block], np.zeros_like(left[block])
        for column, row in enumerate(upper[block, block]):
            found[order[start + column]] = whole = round_to_grid(here[column], weight_bits, mode)
            moves[column] = (here[column] - whole) / row[column]
            here[column + 1 :] -= row[column + 1 :, None] * moves[column]
        left[block.stop :] -= upper[block, block.stop :].T @ moves
    return found.T
