"""A convolution as strips: an event adds, for each row of the kernel, a few runs of weights to as many runs of sums.

Sums lie as (rows, columns, channels), as the neurons do. At a stride of 1 the taps of a row of the kernel, backwards,
meet outputs side by side and are one strip; near a border it has zeros for the outputs that are not there. At larger
strides every tap is a strip of its own. So all strips of a convolution are equally long: a loop that ends where the
processor does not expect it costs more than the sums.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray

from ...exporters.program.projection import Projection
from ...exporters.program.synapses import out_shape, spatial
from .shapes import AT_ONCE, LANES
from .tables import Ints


@dataclass(frozen=True, eq=False)
class Strips:
    """Weights and places of a convolution.

    Attributes
    ----------
    weights : (lines, line) int16 array
        All strips, by source channel, row of the kernel, and kind; padded to `LANES` with weights that are 0.
    channels, rows, columns : (C, AT_ONCE), (H, AT_ONCE), (W, AT_ONCE) int32 array
        For every channel, row and column of the source: number to be added to that of the class, to where its strips
        go, and to which they are; then zeros. Of a class are places whose strips lie alike.
    classes : (classes, AT_ONCE + 2 most) int32 array
        Number of strips and zeros, where they go, and which of a channel they are.
    most : int
        Strips of an event, a multiple of `AT_ONCE`.
    """

    weights: NDArray[np.int16]
    channels: NDArray[np.int32]
    rows: NDArray[np.int32]
    columns: NDArray[np.int32]
    classes: NDArray[np.int32]
    most: int


Meeting = tuple[int, int]
"""An output, or where its sum lies, and the tap or strip by which a source meets it."""


def cut_strips(q: Projection, source: tuple[int, ...]) -> Strips:
    """Cut the convolution `q` from a source of the shape `source`."""
    _, height, width = spatial(source)
    outs, out_height, out_width = out_shape(q, source)
    taps_y, taps_x = q.weights.shape[2:]
    if q.stride[1] == 1:
        strips, columns = _runs(q.weights, width, q.padding[1], out_width)
    else:
        strips = q.weights.transpose(1, 2, 3, 0)
        columns = [_met(x + q.padding[1], taps_x, q.stride[1], out_width) for x in range(width)]
    ins, _, kinds, length = strips.shape
    weights = np.zeros((ins, taps_y, kinds, -(-length // LANES) * LANES), np.int16)
    weights[..., :length] = strips
    rows = [_met(y + q.padding[0], taps_y, q.stride[0], out_height) for y in range(height)]
    return Strips(
        weights.reshape(-1, weights.shape[-1]),
        *_places(
            [[(out * out_width * outs, tap * kinds) for out, tap in own] for own in rows],
            [[(out * outs, kind) for out, kind in own] for own in columns],
            np.arange(ins) * taps_y * kinds,
        ),
    )


def _places(
    rows: list[list[Meeting]], columns: list[list[Meeting]], channels: Ints
) -> tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.int32], NDArray[np.int32], int]:
    """Attributes of `Strips` behind the weights."""
    (kinds_y, of_y, first_y), (kinds_x, of_x, first_x) = _alike(rows), _alike(columns)
    most = max((len(a) * len(b) for a in kinds_y for b in kinds_x), default=0)
    most = max(-(-most // AT_ONCE), 1) * AT_ONCE
    classes = np.zeros((len(kinds_y) * len(kinds_x), AT_ONCE + 2 * most), np.int32)
    for record, (a, b) in zip(classes, product(kinds_y, kinds_x), strict=True):
        both = [(to_y + to_x, tap + kind) for to_y, tap in a for to_x, kind in b]
        record[0] = len(both)
        for n, (to, number) in enumerate(both):
            record[AT_ONCE + n], record[AT_ONCE + most + n] = to, number
    tables = [np.zeros((len(size), AT_ONCE), np.int32) for size in (channels, rows, columns)]
    tables[0][:, 2] = channels
    tables[1][:, 0], tables[1][:, 1] = of_y * len(kinds_x) * classes.shape[1], first_y
    tables[2][:, 0], tables[2][:, 1] = of_x * classes.shape[1], first_x
    return *tables, classes, most


def _alike(lines: list[list[Meeting]]) -> tuple[list[tuple[Meeting, ...]], Ints, Ints]:
    """Kinds of lines (rows or columns), the kind of each, and where its first output lies, from which others count."""
    first = np.array([own[0][0] if own else 0 for own in lines], np.int64)
    relative = [tuple((out - at, tap) for out, tap in own) for own, at in zip(lines, first, strict=True)]
    kinds = list(dict.fromkeys(relative))
    return kinds, np.array([kinds.index(own) for own in relative], np.int64), first


def _met(place: int, taps: int, stride: int, size: int) -> list[Meeting]:
    """Outputs, of so many, that a source meets at `place` (with padding), and the tap of each."""
    outputs = [(*divmod(place - tap, stride), tap) for tap in range(taps)]
    return [(out, tap) for out, rest, tap in outputs if rest == 0 and 0 <= out < size]


def _runs(
    weights: NDArray[np.int16], width: int, padding: int, out_width: int
) -> tuple[NDArray[np.int16], list[list[Meeting]]]:
    """Strips of whole rows of a kernel, (source channels, rows, kinds, length), and first output and kind by column."""
    outs, ins, taps_y, taps = weights.shape
    most = min(taps, out_width)
    first = np.clip(np.arange(width) + padding - taps + 1, 0, out_width - most)
    offsets, kind = np.unique(np.arange(width) + padding - first, return_inverse=True)
    strips = np.zeros((ins, taps_y, offsets.size, most, outs), np.int16)
    for number, offset in enumerate(offsets):
        for place in range(most):
            if 0 <= offset - place < taps:
                strips[:, :, number, place] = weights[:, :, :, offset - place].transpose(1, 2, 0)
    return strips.reshape(ins, taps_y, offsets.size, -1), [[own] for own in zip(first, kind.ravel(), strict=True)]


def fan_out(q: Projection, source: tuple[int, ...]) -> Ints:
    """Synapses of every source neuron of the convolution `q`, (pre,); those over the border do not exist."""
    _, height, width = spatial(source)
    _, *outside = out_shape(q, source)
    exist = np.count_nonzero(q.weights, axis=0)  # per source channel and tap
    inside = [
        np.stack([_inside(np.arange(size) + padding - tap, stride, outs) for tap in range(taps)])
        for size, padding, stride, outs, taps in zip(
            (height, width), q.padding, q.stride, outside, q.weights.shape[2:], strict=True
        )
    ]
    return np.einsum("cij,iy,jx->cyx", exist, *inside, optimize=True).ravel()


def _inside(places: Ints, stride: int, size: int) -> Ints:
    """Whether a tap whose outputs would lie at ``places / stride`` has one there, 0 or 1."""
    out, rest = np.divmod(places, stride)
    return ((rest == 0) & (out >= 0) & (out < size)).astype(np.int64)
