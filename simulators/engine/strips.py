"""A convolution as strips: an event adds, for each row of the kernel, one run of weights to one run of sums.

Sums lie as (rows, columns, channels), as the neurons do. Along a row of outputs the taps of a kernel run backwards.
Which they are depends on where the column lies between two outputs of a stride, and on how near it is to a border, so
that all strips that occur are laid down one by one.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...exporters.program.projection import Projection
from ...exporters.program.synapses import out_shape, spatial
from .order import CODE_BITS
from .shapes import LANES
from .tables import Ints

NARROW = 64
"""Up to so many weights all strips of a convolution are equally long, and all sources have equally many: a loop that
ends where the processor does not expect it costs more than to add zeros."""


@dataclass(frozen=True, eq=False)
class Strips:
    """Weights and places of a convolution.

    Attributes
    ----------
    weights : (lines, line) int16 array
        All strips, by source channel, row of the kernel, and kind of column; padded to `LANES` with weights that are 0.
    per_channel : int
        Strips of one source channel.
    columns : (W, 3) int64 array
        Of every source column: where its strips begin in a row of sums, its kind among the strips of a row of the
        kernel, and how many weights of a strip are looked at.
    rows : (H + 1,) int64 array
        Where the entries of every source row start.
    entries : (..., 2) int64 array
        Where an output row begins among the sums, and a row of the kernel among the strips of a source channel.
    codes : (pre,) int32 array
        Channel, row and column of every source neuron in the order of the program.
    """

    weights: NDArray[np.int16]
    per_channel: int
    columns: Ints
    rows: Ints
    entries: Ints
    codes: NDArray[np.int32]


def cut_strips(q: Projection, source: tuple[int, ...]) -> Strips:
    """Cut the convolution `q` from a source of the shape `source`."""
    ins, height, width = spatial(source)
    outs, out_height, out_width = out_shape(q, source)
    taps_y, taps_x = q.weights.shape[2:]
    first, count = _columns(width, taps_x, q.stride[1], q.padding[1], out_width, outs)
    kinds, kind = np.unique(
        np.stack([np.arange(width) + q.padding[1] - first * q.stride[1], count]), axis=1, return_inverse=True
    )
    line = _padded(int(count.max()) * outs)
    weights = np.zeros((ins, taps_y + 1, kinds.shape[1], line), np.int16)  # and a row of a kernel that is not there
    for number, (offset, places) in enumerate(kinds.T):
        for place in range(places):
            tap = offset - place * q.stride[1]
            if 0 <= tap < taps_x:
                own = q.weights[:, :, :, tap].transpose(1, 2, 0)
                weights[:, :taps_y, number, place * outs : (place + 1) * outs] = own
    entries = []
    for y in range(height):
        outputs = [(*divmod(y + q.padding[0] - tap, q.stride[0]), tap) for tap in range(taps_y)]
        entries.append([(out, tap) for out, rest, tap in outputs if rest == 0 and 0 <= out < out_height])
    if line <= NARROW:
        most = max(map(len, entries))
        entries = [own + [(0, taps_y)] * (most - len(own)) for own in entries]
    c, y, x = np.indices((ins, height, width)).reshape(3, -1)
    return Strips(
        weights.reshape(-1, line),
        (taps_y + 1) * kinds.shape[1],
        np.stack([first * outs, kind.reshape(-1), _padded(count * outs)], axis=1),
        np.cumsum([0, *map(len, entries)]),
        np.array([(out * out_width * outs, tap * kinds.shape[1]) for own in entries for out, tap in own], np.int64),
        (((c << CODE_BITS) + y << CODE_BITS) + x).astype(np.int32),
    )


def _columns(width: int, taps: int, stride: int, padding: int, out_width: int, outs: int) -> tuple[Ints, Ints]:
    """First output, and number of outputs, that the strip of every source column has weights for."""
    x = np.arange(width) + padding
    last = np.minimum(x // stride, out_width - 1)
    first = np.maximum(-((taps - 1 - x) // stride), 0)
    count = np.maximum(last - first + 1, 0)
    most = int(count.max())
    if _padded(most * outs) <= NARROW:
        return np.minimum(first, out_width - most), np.full(width, most)
    return np.where(count > 0, first, 0), count


def _padded(length: int | Ints) -> int | Ints:
    return -(-length // LANES) * LANES


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
