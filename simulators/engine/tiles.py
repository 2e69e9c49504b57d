"""A projection as products of tiles for the matrix unit: which events stand in a row, and which weights in a column.

A dense projection has one row of events for every row of a sample. A convolution has one for every group of outputs
side by side: the events under the kernels of all of them, one row of the kernel after the other; the columns are the
channels of the first output of the group, then of the second, which is the order in which the engine holds them. The
more outputs a group has, the fewer rows have to be gathered, and the more weights are zeros in between.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ...exporters.program.projection import Projection
from ...exporters.program.synapses import out_shape, spatial
from .shapes import BLOCK, PANEL_ROWS, TILE_BYTES, TILE_ROWS
from .tables import Ints

GROUPS = (1, 2, 4, 8, 16)
"""Outputs side by side in a group."""
WEIGHTS_MAX = 1 << 20
"""Bytes of the weights of a group; more would leave the second cache."""
LINE_COST, PRODUCT_COST, STORE_COST = 8, 16, 32
"""Cycles, about, to copy and look at 64 events, to multiply two tiles, and to store one: they only choose the group."""


@dataclass(frozen=True, eq=False)
class Tiled:
    """Weights in tiles, and where the events of a row come from.

    Attributes
    ----------
    weights : (columns, depth, 16, 64) int8 array
        Tiles of 64 sources by 16 columns: four sources of every column side by side. The last columns overlap those
        before if `width` is no multiple of 16.
    width : int
        Sums of a row of events.
    window : int
        Rows of a sample that are summed at once.
    stride : int
        Bytes of a row of events.
    exist : (64 depth + 1, width) bool array
        Which weights are synapses, and a row of none; empty for dense projections, whose rows of weights have masks.
    spots : (pre,) int32 array
        Place of every source neuron on the map; empty for dense projections, as all that follows.
    bases : (groups,) int32 array
        Where on the map the kernels of a group begin.
    map : int
        Bytes of the map.
    taps, lines, pitch : int
        Rows of the kernel, lines of 64 bytes for what is under one of them, and bytes from one row of the map to the
        next.
    """

    weights: NDArray[np.int8]
    width: int
    window: int
    stride: int
    exist: NDArray[np.bool_]
    spots: NDArray[np.int32]
    bases: NDArray[np.int32]
    map: int = 0
    taps: int = 0
    lines: int = 0
    pitch: int = 0


NONE = np.zeros(0, np.int32)


def is_fused(tiled: Tiled) -> bool:
    """Whether neurons can be updated panel by panel: a row of the sample has several, of whole blocks of neurons."""
    return tiled.map > 0 and tiled.window == 1 and PANEL_ROWS * tiled.width % BLOCK == 0


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
    return Tiled(weights, post, PANEL_ROWS, _stride(depth), np.zeros((0, post), bool), NONE, NONE)


def tile_convolution(q: Projection, shape: tuple[int, ...], places: Ints, weights: NDArray[np.integer]) -> Tiled | None:
    """Tile the convolution `q` of a source of the shape `shape`.

    Parameters
    ----------
    q : Projection
    shape : tuple of int
    places : (pre,) int64 array
        Index in the program of every source neuron in the order of the engine.
    weights : (outs, ins, taps, taps) integer array
        Of 8 bits.
    """
    ins, height, width = spatial(shape)
    outs, out_height, out_width = out_shape(q, shape)
    best = _group(q, ins, outs, out_height, out_width)
    if best is None:
        return None
    across = width + 2 * q.padding[1]
    taps, taps_x = q.weights.shape[2:]
    seen = (best - 1) * q.stride[1] + taps_x
    run = seen * ins
    lines = -(-run // TILE_BYTES)
    kernel = np.zeros((taps, seen, ins, best, outs), np.int8)
    for place in range(best):
        first = place * q.stride[1]
        kernel[:, first : first + taps_x, :, place] = weights.transpose(2, 3, 1, 0)
    rows = np.zeros((taps, lines * TILE_BYTES, best * outs), np.int8)
    rows[:, :run] = kernel.reshape(taps, run, -1)
    rows = rows.reshape(-1, best * outs)
    tiles = _cut(rows)
    exist = np.zeros((tiles.shape[1] * TILE_BYTES + 1, best * outs), bool)
    exist[: len(rows)] = rows != 0
    c, y, x = np.unravel_index(places, (ins, height, width))
    spots = ((y + q.padding[0]) * across + x + q.padding[1]) * ins + c
    y, x = np.indices((out_height, out_width // best)).reshape(2, -1)
    bases = (y * q.stride[0] * across + x * best * q.stride[1]) * ins
    return Tiled(
        tiles,
        best * outs,
        max(1, PANEL_ROWS // len(bases)),
        _stride(tiles.shape[1]),
        exist,
        spots.astype(np.int32),
        bases.astype(np.int32),
        (height + 2 * q.padding[0]) * across * ins,
        taps,
        lines,
        across * ins,
    )


def _group(q: Projection, ins: int, outs: int, rows: int, columns: int) -> int | None:
    """How many outputs make a group: the cheapest that fills a tile, if there is one."""
    taps, taps_x = q.weights.shape[2:]
    costs = {}
    for group in GROUPS:
        lines = -(-((group - 1) * q.stride[1] + taps_x) * ins // TILE_BYTES)
        depth, wide = taps * lines, -(-group * outs // TILE_ROWS)
        if columns % group or group * outs < TILE_ROWS:
            continue
        if group > 1 and depth * TILE_BYTES * wide * TILE_ROWS > WEIGHTS_MAX:
            continue
        high = -(-rows * columns // group // TILE_ROWS)
        lay = rows * columns // group * depth * LINE_COST
        costs[group] = lay + high * wide * (depth * PRODUCT_COST + STORE_COST)
    return min(costs, key=lambda group: costs[group]) if costs else None


def _stride(lines: int) -> int:
    """Bytes from a row of events to the next: an odd number of lines, so that 16 rows do not meet in one cache set."""
    return (lines | 1) * TILE_BYTES


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
