"""A dense projection as products of tiles for the matrix unit: 16 columns of weights for 64 source neurons each."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from .shapes import CACHE_LINE, TILE_BYTES, TILE_ROWS


@dataclass(frozen=True, eq=False)
class Tiled:
    """Weights in tiles.

    Attributes
    ----------
    weights : (columns, depth, 16, 64) int8 array
        Tiles of 64 sources by 16 columns: four sources of every column side by side. The last columns overlap those
        before if `width` is no multiple of 16.
    width : int
        Sums of a row of events.
    stride : int
        Bytes of a row of events.
    """

    weights: NDArray[np.int8]
    width: int
    stride: int


def odd_lines(bytes_: int) -> int:
    """Bytes from a row to the next, if each has so many: an odd number of lines, or 16 rows meet in few cache sets."""
    return (-(-bytes_ // CACHE_LINE) | 1) * CACHE_LINE


def tile_dense(weights: NDArray[np.integer]) -> Tiled | None:
    """Tile (pre, post) weights of 8 bits."""
    hollow = outline_dense(*weights.shape)
    return None if hollow is None else replace(hollow, weights=_cut(weights.astype(np.int8)))


def outline_dense(pre: int, post: int) -> Tiled | None:
    """Tiles without weights in memory; none for fewer than 16 targets, which a tile would not be full of."""
    if post < TILE_ROWS:
        return None
    depth = -(-pre // TILE_BYTES)
    weights = np.broadcast_to(np.zeros((), np.int8), (-(-post // TILE_ROWS), depth, TILE_ROWS, TILE_BYTES))
    return Tiled(weights, post, odd_lines(pre))


def _cut(rows: NDArray[np.int8]) -> NDArray[np.int8]:
    """Cut (sources, columns) weights into tiles."""
    sources, width = rows.shape
    depth = -(-sources // TILE_BYTES)
    padded = np.zeros((depth * TILE_BYTES, width), np.int8)
    padded[:sources] = rows
    firsts = [min(first, width - TILE_ROWS) for first in range(0, width, TILE_ROWS)]
    cut = np.stack([padded[:, first : first + TILE_ROWS] for first in firsts])
    fours = cut.reshape(len(firsts), depth, TILE_ROWS, 4, TILE_ROWS).transpose(0, 1, 2, 4, 3)
    return np.ascontiguousarray(fours).reshape(len(firsts), depth, TILE_ROWS, TILE_BYTES)
