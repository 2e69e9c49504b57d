"""Nodes that only compute: Affine, Linear, Scale, Threshold, Flatten (equations: docstrings of nir 1.0.8)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .divisors import divisor_of, quotient

Rows = NDArray[np.float64]
Function = Callable[[Rows], Rows]


def linear(node: Any) -> Function:
    """Affine ``W x + b`` and Linear ``W x`` over the last axis; axes of W before (out, in) go along with those of x.

    With a divisor M in the metadata ``W x / (M x) + b`` (see `divisors`).
    """
    weight = np.swapaxes(np.asarray(node.weight, np.float64), -1, -2)
    bias = np.asarray(getattr(node, "bias", 0.0), np.float64)
    if (divisor := divisor_of(node)) is not None:
        return lambda x: quotient(x @ weight, x @ divisor.weight.T, divisor.gain) + bias
    if weight.ndim == 2:
        return lambda x: x @ weight + bias
    return lambda x: (x[..., None, :] @ weight)[..., 0, :] + bias


def scale(node: Any) -> Function:
    """Scale ``s * x``, element by element."""
    factor = np.asarray(node.scale, np.float64)
    return lambda x: factor * x


def threshold(node: Any, spike_op: str) -> Function:
    """Threshold: 1 where ``x > threshold`` (or ``>=``, as the neurons), else 0; no state."""
    limit = np.asarray(node.threshold, np.float64)
    fires = np.greater if spike_op == ">" else np.greater_equal
    return lambda x: fires(x, limit).astype(np.float64)


def flatten(node: Any) -> Function:
    """Flatten axes start_dim to end_dim of (B, *shape) into one; both count without the batch axis."""
    start, end = int(node.start_dim), int(node.end_dim)

    def apply(x: Rows) -> Rows:
        shape = x.shape[1:]
        first, last = (n + len(shape) if n < 0 else n for n in (start, end))
        if first >= len(shape):
            return x
        merged = int(np.prod(shape[first : last + 1]))
        return x.reshape(len(x), *shape[:first], merged, *shape[last + 1 :])

    return apply
