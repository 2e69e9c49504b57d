"""A convolution as strips: an event adds, for each row of the kernel, one run of weights to one run of sums.

Sums lie as (rows, columns, channels), with columns on both sides for what hangs over. Along a row of outputs the taps
of a kernel run backwards, so they are stored in that order, and with a stride each remainder of the column (its phase)
has its own taps. Weights lie as (source channel, kernel row, phase, tap, channel).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...exporters.program.program import Projection
from ...exporters.program.synapses import out_shape, spatial
from .order import CODE_BITS
from .tables import Ints

CHANNELS = 8
"""Channels are padded to a multiple of it, one byte of the mask of synapses."""


@dataclass(frozen=True, eq=False)
class Strips:
    """Weights and places of a convolution.

    Attributes
    ----------
    weights : (...,) int16 array
    left, columns, channels : int
        Columns of sums before the first output, columns of sums, and padded channels.
    rows : (H + 1,) int64 array
        Where the entries of every source row start in the next two.
    row_sums, row_weights : (...,) int64 array
        Where an output row begins among the sums, and a kernel row among the weights of a source channel.
    column_sums, column_weights, lengths : (W,) int64 array
        The same for a source column, and the length of its strip.
    per_channel : int
        Weights of one source channel.
    codes : (pre,) int64 array
        Channel, row and column of every source neuron in the order of the program.
    fan_out : (pre,) int64 array
        Synapses of every source neuron; those over the border do not exist.
    """

    weights: NDArray[np.int16]
    left: int
    columns: int
    channels: int
    rows: Ints
    row_sums: Ints
    row_weights: Ints
    column_sums: Ints
    column_weights: Ints
    lengths: Ints
    per_channel: int
    codes: Ints
    fan_out: Ints


def cut_strips(q: Projection, source: tuple[int, ...]) -> Strips:
    """Cut the convolution `q` from a source of the shape `source`."""
    ins, height, width = spatial(source)
    outs, out_height, out_width = out_shape(q, source)
    taps_y, taps_x = q.weights.shape[2:]
    channels = -(-outs // CHANNELS) * CHANNELS
    x = np.arange(width)
    place, phase = np.divmod(x + q.padding[1], q.stride[1])
    taps = [np.arange(first, taps_x, q.stride[1])[::-1] for first in range(q.stride[1])]
    count = np.array([len(own) for own in taps])
    begin = np.cumsum(count) - count  # of a phase, in taps
    first = place - (count[phase] - 1)
    left = max(0, int(-first.min()))
    columns = left + max(out_width, int(place.max()) + 1)
    ordered = np.concatenate(taps)
    weights = np.zeros((ins, taps_y, taps_x, channels), np.int16)
    weights[..., :outs] = q.weights.transpose(1, 2, 3, 0)[:, :, ordered]
    exist = np.count_nonzero(q.weights, axis=0)  # per source channel and tap
    fan_out = np.zeros((ins, height, width), np.int64)
    reached = np.stack([_inside(x + q.padding[1] - tap, q.stride[1], out_width) for tap in range(taps_x)])
    starts, row_sums, row_weights = [0], [], []
    for y in range(height):
        for tap in range(taps_y):
            out, rest = divmod(y + q.padding[0] - tap, q.stride[0])
            if rest == 0 and 0 <= out < out_height:
                row_sums.append(out * columns * channels)
                row_weights.append(tap * taps_x * channels)
                fan_out[:, y] += exist[:, tap] @ reached
        starts.append(len(row_sums))
    c, y, x = np.indices((ins, height, width)).reshape(3, -1)
    return Strips(
        weights.ravel(),
        left,
        columns,
        channels,
        *(np.array(values, np.int64) for values in (starts, row_sums, row_weights)),
        (first + left) * channels,
        begin[phase] * channels,
        count[phase] * channels,
        taps_y * taps_x * channels,
        ((c << CODE_BITS) + y << CODE_BITS) + x,
        fan_out.ravel(),
    )


def _inside(places: Ints, stride: int, size: int) -> NDArray[np.int64]:
    """Whether a tap whose outputs would lie at ``places / stride`` has one there, 0 or 1."""
    out, rest = np.divmod(places, stride)
    return ((rest == 0) & (out >= 0) & (out < size)).astype(np.int64)
