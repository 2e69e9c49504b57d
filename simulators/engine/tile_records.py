"""Records of the projections that the matrix unit sums, as the kernels read them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from .packing import Packed
from .record_types import BYTES, TILE
from .words import WORD
from .workspace import ahead_room, reached_room


def tile_records(parts: list[Packed], blocks: Sequence[int], behind: int) -> dict[str, NDArray[np.generic]]:
    """Tables of the projections by tiles.

    Parameters
    ----------
    parts : list of Packed
    blocks : sequence of int
        Block that the target of each belongs to; blocks run one after the other, so they share their room.
    behind : int
        Where the sums ahead may begin, behind those of a population.
    """
    own = [(part, part.tiled, block) for part, block in zip(parts, blocks, strict=True) if part.tiled is not None]
    table, spots, first = np.zeros(len(own), TILE), [np.zeros(0, np.int32)], 0
    for record, (part, tiled, _) in zip(table, own, strict=True):
        record["groups"] = max(1, tiled.bases.size)
        record["columns"], record["depth"] = tiled.weights.shape[:2]
        for name in ("window", "width", "stride", "map", "taps", "lines", "pitch"):
            record[name] = getattr(tiled, name)
        record["words"] = -(-tiled.exist.shape[1] // WORD) if tiled.map else 0
        record["least"] = _break_even(part, record) if part.form == BYTES else 1
        for name in ("spots", "bases"):
            record[name] = first
            spots.append(getattr(tiled, name))
            first += spots[-1].size
    sizes = np.array([tiled.weights.size for _, tiled, _ in own], np.int64)
    table["weights"] = np.cumsum(sizes) - sizes
    for block in {block for *_, block in own}:
        inside = np.array([other == block for *_, other in own])
        for name, room in (("ahead", ahead_room(table[inside])), ("reached", reached_room(table[inside]))):
            table[name][inside] = np.cumsum(room) - room + (behind if name == "ahead" else 0)
    return {"tile_records": table, "spots": np.concatenate(spots)}


def _break_even(part: Packed, record: NDArray[np.void]) -> int:
    """Events in a window from which on tiles move fewer bytes of weights than rows do."""
    tiles = record["columns"] * record["depth"] * 1024
    return int(tiles // part.rows.shape[1]) + 1
