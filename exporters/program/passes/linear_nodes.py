"""What a stateless NIR node is: a linear map of flattened rows and a bias; equations in exporters.nir.stateless."""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from typing import Any

import nir
import numpy as np
from scipy import sparse

from ...nir.shapes import integers, padding_of
from ..synapses import spatial
from .borders import convolution_between
from .linear import Dense, Elementwise, Floats, LinearMap, Sparse
from .populations import as_shape
from .windows import Pooling, Spatial

Affine = tuple[LinearMap, Floats | None]
"""A map and what is added to its result, (post,); None for nothing."""


def linear_node(node: Any) -> Affine:
    """Map and bias of a node of `LINEAR`, whose input_type and output_type say its shapes."""
    return _NODES[type(node)](node)


def _identity(node: Any) -> Affine:
    return Elementwise.identity(prod(_taken(node))), None


def _scale(node: Any) -> Affine:
    factor = np.broadcast_to(np.asarray(node.scale, np.float64), _taken(node))
    return Elementwise(factor.reshape(-1)), None


def _linear(node: Any) -> Affine:
    """Weight (..., out, in): axes in front go along with those of the input, so that the matrix has blocks."""
    weight = np.asarray(node.weight, np.float64)
    bias = np.asarray(node.bias, np.float64).reshape(-1) if isinstance(node, nir.Affine) else None
    if weight.ndim == 2:
        return Dense(weight), bias
    blocks = weight.reshape(-1, *weight.shape[-2:])
    return Sparse.of(sparse.block_diag(list(blocks), format="csr")), bias


def _convolution(node: Any) -> Affine:
    weight = np.asarray(node.weight, np.float64)
    n = weight.ndim - 2
    stride, dilation, padding = integers(node.stride, n), integers(node.dilation, n), padding_of(node.padding, n)
    reach = [d * (k - 1) for d, k in zip(dilation, weight.shape[2:], strict=True)]
    known = {"same": [r // 2 for r in reach], "valid": [0] * n}  # "same" puts the odd zero behind
    before = known[padding] if isinstance(padding, str) else padding
    if n == 1:
        weight, stride, dilation, before = weight[:, :, None], [1, *stride], [1, *dilation], [0, *before]
    taken, given = _spatial(node.input_type["input"]), _spatial(node.output_type["output"])
    stride, before, dilation = ((values[0], values[1]) for values in (stride, before, dilation))
    found = convolution_between(weight, taken, given, stride, before, dilation, int(node.groups))
    return found, np.repeat(np.asarray(node.bias, np.float64).reshape(-1), prod(given[1:]))


def _pool(node: Any) -> Affine:
    kernel, stride, padding = (
        (n[0], n[1]) for n in (integers(v, 2) for v in (node.kernel_size, node.stride, node.padding))
    )
    value = 1.0 / prod(kernel) if isinstance(node, nir.AvgPool2d) else 1.0
    return Pooling(np.array([value]), _spatial(node.input_type["input"]), stride, padding, kernel=kernel), None


def _taken(node: Any) -> tuple[int, ...]:
    return as_shape(node.input_type["input"])


def _spatial(stated: Any) -> Spatial:
    return spatial(as_shape(stated))


_NODES: dict[type, Callable[[Any], Affine]] = {
    nir.Affine: _linear,
    nir.Linear: _linear,
    nir.Scale: _scale,
    nir.Flatten: _identity,
    nir.Conv1d: _convolution,
    nir.Conv2d: _convolution,
    nir.SumPool2d: _pool,
    nir.AvgPool2d: _pool,
}

LINEAR = tuple(_NODES)
"""Nodes that only compute, and linearly."""
