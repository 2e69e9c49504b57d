"""Records of the projections that the matrix unit sums, as the kernels read them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ...exporters.program.program import Program
from .packing import Packed
from .record_types import TILE
from .records import firsts
from .shapes import PANEL_ROWS
from .tiles import odd_lines
from .workspace import ahead_room

SUM_BYTES = 4


def least_events(columns: int, depth: int) -> int:
    """Events of 16 rows from which on a product of so many columns and tiles takes less time than rows of weights.

    As measured on a Sapphire Rapids processor: a product of 32 rows takes 94 ns for every two columns to start and to
    end and 21.5 ns for each of their tiles; laying a row of events 10 ns, and 2 ns more for every tile; 16 columns of a
    row of weights take 0.145 ns.
    """
    panel_ns = -(-columns // 2) * (94 + 21.5 * depth) + PANEL_ROWS * (10 + 2 * depth)
    return int(panel_ns / (0.145 * columns)) // 2 + 1


def tile_records(program: Program, parts: list[Packed], blocks: Sequence[int], behind: int) -> NDArray[np.void]:
    """Records of the projections by tiles.

    Parameters
    ----------
    program : Program
    parts : list of Packed
    blocks : sequence of int
        Block that the target of each belongs to. Blocks run one after the other, so they share their room; but sums of
        inputs stay for the next samples.
    behind : int
        Where the sums ahead may begin, behind all others.
    """
    own = [(part, part.tiled, block) for part, block in zip(parts, blocks, strict=True) if part.tiled is not None]
    spiking = [port for port in program.inputs if port.kind != "graded"]
    begins = dict(zip([port.name for port in spiking], firsts(port.size for port in spiking).tolist(), strict=True))
    table = np.zeros(len(own), TILE)
    table["pitch"] = sum(port.size for port in spiking)
    for record, (part, tiled, _) in zip(table, own, strict=True):
        record["columns"], record["depth"] = tiled.weights.shape[:2]
        record["apart"] = odd_lines(SUM_BYTES * tiled.width) // SUM_BYTES
        record["width"], record["stride"] = tiled.width, tiled.stride
        record["fed"] = begins.get(part.projection.source, -1)
        record["least"] = least_events(*tiled.weights.shape[:2])
    table["weights"] = firsts(tiled.weights.size for _, tiled, _ in own)
    fed = table["fed"] >= 0
    table["ahead"][fed] = behind + firsts(ahead_room(table[fed]))
    behind += int(ahead_room(table[fed]).sum())
    for block in {block for *_, block in own}:
        inside = np.array([other == block for *_, other in own]) & ~fed
        table["ahead"][inside] = behind + firsts(ahead_room(table[inside]))
    return table
