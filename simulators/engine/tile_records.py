"""Records of the projections that the matrix unit sums, as the kernels read them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from .packing import Packed
from .record_types import TILE
from .shapes import TILE_SIZE
from .workspace import ahead_room


def tile_records(parts: list[Packed], blocks: Sequence[int], behind: int) -> NDArray[np.void]:
    """Records of the projections by tiles.

    Parameters
    ----------
    parts : list of Packed
    blocks : sequence of int
        Block that the target of each belongs to; blocks run one after the other, so they share their room.
    behind : int
        Where the sums ahead may begin, behind those of a population.
    """
    own = [(part, part.tiled, block) for part, block in zip(parts, blocks, strict=True) if part.tiled is not None]
    table = np.zeros(len(own), TILE)
    for record, (part, tiled, _) in zip(table, own, strict=True):
        record["columns"], record["depth"] = tiled.weights.shape[:2]
        record["width"], record["stride"] = tiled.width, tiled.stride
        # Events of a panel from which on tiles move fewer bytes of weights than rows do.
        record["least"] = record["columns"] * record["depth"] * TILE_SIZE // part.rows.shape[1] + 1
    sizes = np.array([tiled.weights.size for _, tiled, _ in own], np.int64)
    table["weights"] = np.cumsum(sizes) - sizes
    for block in {block for *_, block in own}:
        inside = np.array([other == block for *_, other in own])
        room = ahead_room(table[inside])
        table["ahead"][inside] = np.cumsum(room) - room + behind
    return table
