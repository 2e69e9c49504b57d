"""Every synapse of a projection, whatever form stores it: what counting, placing and the oracle look at."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from math import prod
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from .projection import Pair, Projection

if TYPE_CHECKING:
    from scipy import sparse

Shape = tuple[int, ...]
Ints = NDArray[np.int64]
Columns = tuple[NDArray[np.integer], NDArray[np.integer], NDArray[np.integer]]


@dataclass(frozen=True, eq=False)
class Synapses:
    """Synapses with a weight other than zero, by target neuron, then by source neuron.

    Attributes
    ----------
    shape : (post, pre)
    post, pre, weight, delay : (synapses,) int64 array
        Target neuron, source neuron (both of flattened populations), weight, and row offset.
    """

    shape: Pair
    post: Ints
    pre: Ints
    weight: Ints
    delay: Ints

    @cached_property
    def fan_out(self) -> Ints:
        """Synapses of every source neuron, (pre,)."""
        return np.bincount(self.pre, minlength=self.shape[1]).astype(np.int64)

    @cached_property
    def fan_in(self) -> Ints:
        """Synapses of every target neuron, (post,)."""
        return np.bincount(self.post, minlength=self.shape[0]).astype(np.int64)

    @cached_property
    def by_delay(self) -> dict[int, sparse.csr_array]:
        """Weights of the synapses of each delay, (post, pre) int64."""
        return {int(d): self._matrix(self.weight, self.delay == d) for d in np.unique(self.delay)}

    @cached_property
    def existing(self) -> sparse.csr_array:
        """1 for every synapse, (post, pre) int64."""
        return self._matrix(np.ones_like(self.weight), slice(None))

    def _matrix(self, values: Ints, which: NDArray[np.bool_] | slice) -> sparse.csr_array:
        from scipy import sparse  # 0.2 s, which a run on the engine does not need

        return sparse.csr_array((values[which], (self.post[which], self.pre[which])), self.shape, np.int64)


def list_synapses(projection: Projection, source: Shape, target: Shape) -> Synapses:
    """List the synapses of `projection` between populations of the shapes `source` and `target`."""
    shape = (prod(target), prod(source))
    if projection.kind in ("dense", "sparse"):  # already by target, then source
        found = _matrix(projection, shape[1])
    else:
        post, pre, weight = (_convolution if projection.kind == "convolution" else _pooling)(projection, source)
        exist = np.flatnonzero(weight)
        order = exist[np.lexsort((pre[exist], post[exist]))]
        found = (post[order], pre[order], weight[order], np.full(len(order), projection.delay))
    return Synapses(shape, *(column.astype(np.int64, copy=False) for column in found))


def spatial(shape: Shape) -> tuple[int, int, int]:
    """Shape (C, H, W) of a population; (C, L) is (C, 1, L)."""
    return (shape[0], shape[1], shape[2]) if len(shape) == 3 else (shape[0], 1, shape[1])


def window(projection: Projection) -> Pair:
    """Size of a convolution's or pooling's kernel, vertical and horizontal."""
    if projection.kind == "pooling":
        return projection.kernel
    return (projection.weights.shape[2], projection.weights.shape[3])


def out_shape(projection: Projection, source: Shape) -> tuple[int, int, int]:
    """Shape (C, H, W) of what a convolution or pooling gives."""
    channels, height, width = spatial(source)
    p = projection
    rows, columns = places((height, width), window(p), p.stride, p.padding, p.dilation)
    return (channels if p.kind == "pooling" else len(p.weights)), rows, columns


def places(sides: Pair, size: Pair, stride: Pair, padding: Pair, dilation: Pair) -> Pair:
    """Positions of a window of `size` taps on an image, vertical and horizontal; what is left over is not read."""
    rows, columns = (
        (side + 2 * zeros - apart * (taps - 1) - 1) // step + 1
        for side, zeros, apart, taps, step in zip(sides, padding, dilation, size, stride, strict=True)
    )
    return rows, columns


def _matrix(p: Projection, sources: int) -> tuple[NDArray[np.integer], ...]:
    """Columns of a dense or sparse projection."""
    weight = p.weights.reshape(-1)
    exist = np.flatnonzero(weight)
    if p.indptr is None or p.indices is None:
        post, pre = np.divmod(exist, sources)
    else:
        post, pre = np.repeat(np.arange(len(p.indptr) - 1), np.diff(p.indptr))[exist], p.indices[exist]
    delay = p.delay.reshape(-1)[exist] if isinstance(p.delay, np.ndarray) else np.full(len(exist), p.delay)
    return post, pre, weight[exist], delay


def _convolution(p: Projection, source: Shape) -> Columns:
    outs, ins = p.weights.shape[:2]
    o, i = (axis.reshape(-1, 1) for axis in np.indices((outs, ins)))
    place, post, pre = _windows(p, source)
    channel = o // (outs // p.groups) * ins + i
    _, rows, columns = out_shape(p, source)
    weight = p.weights.reshape(outs * ins, -1)[:, place]
    return _joined(o * (rows * columns) + post, channel * _area(source) + pre, weight)


def _pooling(p: Projection, source: Shape) -> Columns:
    channel = np.arange(source[0])[:, None]
    _, post, pre = _windows(p, source)
    _, rows, columns = out_shape(p, source)
    post, pre = channel * (rows * columns) + post, channel * _area(source) + pre
    return _joined(post, pre, np.full(post.shape, p.weights[0]))


def _joined(*columns: NDArray[np.integer]) -> Columns:
    post, pre, weight = (column.reshape(-1) for column in columns)
    return post, pre, weight


def _area(source: Shape) -> int:
    return prod(spatial(source)[1:])


def _windows(p: Projection, source: Shape) -> Columns:
    """Place in the kernel, output place and input place of every synapse between one pair of channels."""
    _, height, width = spatial(source)
    _, rows, columns = out_shape(p, source)
    ky, kx, y, x = (axis.reshape(-1) for axis in np.indices((*window(p), rows, columns)))
    row = y * p.stride[0] - p.padding[0] + ky * p.dilation[0]
    column = x * p.stride[1] - p.padding[1] + kx * p.dilation[1]
    inside = (row >= 0) & (row < height) & (column >= 0) & (column < width)
    place, post, pre = ky * window(p)[1] + kx, y * columns + x, row * width + column
    return place[inside], post[inside], pre[inside]
