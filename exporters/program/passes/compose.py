"""Two linear maps, one after the other, as one: exactly, borders included, or not at all."""

from __future__ import annotations

from math import gcd, prod

import numpy as np

from ....models.errors import UnsupportedOp
from .borders import convolution_between
from .linear import Dense, Elementwise, Floats, LinearMap, Sparse
from .windows import Convolution, Window

LARGEST_MATRIX = 2**25
"""Most weights of a matrix or kernel that multiplying out may make; 0.25 GB in float64."""


def compose(outer: LinearMap, inner: LinearMap) -> LinearMap:
    """Return the map ``outer(inner(x))``.

    Raises
    ------
    UnsupportedOp
        If no form holds it: factors that differ within a channel beside a window, two windows that do not meet on one
        shape or whose borders do not come out, or more weights than `LARGEST_MATRIX`.
    """
    if isinstance(inner, Elementwise):
        return _scaled(outer.scaled_columns(inner.values), outer)
    if isinstance(outer, Elementwise):
        return _scaled(inner.scaled_rows(outer.values), inner)
    if isinstance(outer, Window) and isinstance(inner, Window):
        return _windows(outer, inner)
    if isinstance(outer, Sparse) and isinstance(inner, Sparse):
        return Sparse.of(outer.matrix @ inner.matrix)
    _require_size("matrix", outer.shape[0], inner.shape[1])
    if isinstance(outer, (Dense, Sparse)):
        return Dense(inner.apply_transposed(_rows(outer)))
    return Dense(outer.apply(_rows(inner).T).T)


def _scaled(found: LinearMap | None, window: LinearMap) -> LinearMap:
    if found is None:
        raise UnsupportedOp(
            f"factors that differ within a channel are no part of a {type(window).__name__.lower()}, which shares its "
            "weights; scale whole channels, or the neurons behind it"
        )
    return found


def _require_size(what: str, *shape: int) -> None:
    if prod(shape) > LARGEST_MATRIX:
        size = " x ".join(map(str, shape))
        raise UnsupportedOp(
            f"multiplied out they are a {what} of {size} weights, limit {LARGEST_MATRIX}; put neurons in between"
        )


def _rows(matrix: LinearMap) -> Floats:
    return matrix.matrix.toarray() if isinstance(matrix, Sparse) else matrix.values


def _windows(outer: Window, inner: Window) -> Convolution:
    """Kernel of both windows: an outer tap at k meets the inner tap at j where the input is ``stride k + j``."""
    if inner.out_shape != outer.in_shape:
        raise UnsupportedOp(
            f"the first gives {inner.out_shape} and the second takes {outer.in_shape} (channels, height, width); "
            "do not reshape between two windows"
        )
    for axis in (0, 1):
        _require_border(outer, inner, axis)
    step = (inner.stride[0] * outer.dilation[0], inner.stride[1] * outer.dilation[1])
    kernel, groups = _product(outer.as_convolution(), inner.as_convolution(), step)
    stride = (outer.stride[0] * inner.stride[0], outer.stride[1] * inner.stride[1])
    before = [o * s + i for o, s, i in zip(outer.padding, inner.stride, inner.padding, strict=True)]
    return convolution_between(kernel, inner.in_shape, outer.out_shape, stride, (before[0], before[1]), (1, 1), groups)


def _require_border(outer: Window, inner: Window, axis: int) -> None:
    """Refuse where the outer window takes a zero for what the inner window would compute from a part of the input."""
    side, between = inner.in_shape[axis + 1], outer.in_shape[axis + 1]
    places = np.arange(outer.places[axis])[:, None] * outer.stride[axis] - outer.padding[axis]
    seen = np.unique(places + np.arange(outer.size[axis]) * outer.dilation[axis])
    beyond = seen[(seen < 0) | (seen >= between)]
    first = beyond[:, None] * inner.stride[axis] - inner.padding[axis]
    met = first + np.arange(inner.size[axis]) * inner.dilation[axis]
    if ((met >= 0) & (met < side)).any():
        raise UnsupportedOp(
            f"the padding of the second stands for zeros where the window of the first still meets its input of {side} "
            f"{('rows', 'columns')[axis]}; choose sizes that the first divides, leave the padding out, or put neurons "
            "in between"
        )


def _product(outer: Convolution, inner: Convolution, step: tuple[int, int]) -> tuple[Floats, int]:
    """Kernel and groups of both; taps of the outer kernel lie `step` apart, those of the inner its dilation."""
    groups = gcd(outer.groups, inner.groups)
    extent = [
        (k - 1) * s + (j - 1) * d + 1 for k, s, j, d in zip(outer.size, step, inner.size, inner.dilation, strict=True)
    ]
    shape = (len(outer.values), inner.in_shape[0] // groups, *extent)
    _require_size("kernel", *shape)
    kernel = np.zeros(shape)
    for ky, kx in np.ndindex(*outer.size):
        for jy, jx in np.ndindex(*inner.size):
            at = ky * step[0] + jy * inner.dilation[0], kx * step[1] + jx * inner.dilation[1]
            kernel[:, :, at[0], at[1]] += _mixed(outer, inner, (ky, kx), (jy, jx), groups)
    return kernel, groups


def _mixed(outer: Convolution, inner: Convolution, k: tuple[int, int], j: tuple[int, int], groups: int) -> Floats:
    """Weights (out, in / groups) of one pair of taps: the product of both channel matrices, group by group."""
    after, before = outer.values[:, :, k[0], k[1]], inner.values[:, :, j[0], j[1]]
    if inner.groups == inner.in_shape[0] == len(before):  # a channel each: a factor for every input of the outer
        factors = before[:, 0].reshape(outer.groups, 1, -1)
        return (after.reshape(outer.groups, -1, after.shape[1]) * factors).reshape(after.shape)
    if outer.groups == outer.in_shape[0] == len(after):
        return after * before
    left, right = (_blocks(channels, window.groups, groups) for channels, window in ((after, outer), (before, inner)))
    return (left @ right).reshape(len(after), -1)


def _blocks(channels: Floats, groups: int, coarse: int) -> Floats:
    """Channel matrix (coarse, out / coarse, in / coarse) of a kernel tap (out, in / groups)."""
    fine = channels.reshape(coarse, groups // coarse, -1, channels.shape[1])
    block = np.zeros((*fine.shape[:3], groups // coarse, fine.shape[3]))
    for i in range(groups // coarse):
        block[:, i, :, i] = fine[:, i]
    return block.reshape(coarse, -1, prod(block.shape[3:]))
