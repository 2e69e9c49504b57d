"""Batch normalisation with its running statistics: a factor and a shift per channel, folded where a layer precedes."""

from __future__ import annotations

from typing import Any

import nir
import numpy as np
from numpy.typing import NDArray

from ...models.errors import UnsupportedOp
from .membranes import Context, Leaf, array


def batch_norm(module: Any, context: Context) -> Leaf:
    """``factor * x + shift`` with ``factor = weight / sqrt(var + eps)`` and ``shift = bias - factor * mean``."""
    if module.running_mean is None:
        raise UnsupportedOp(
            "it has no running statistics (track_running_stats=False); its result depends on the batch."
        )
    variance, mean = (array(v).astype(np.float64) for v in (module.running_var, module.running_mean))
    factor = 1.0 / np.sqrt(variance + module.eps)
    if module.affine:
        factor = factor * array(module.weight)
    shift = -factor * mean + (array(module.bias) if module.affine else 0.0)
    if len(context.shape) == 1:
        node: Any = nir.Affine(np.diag(factor), shift)
    elif len(context.shape) == 2:
        node = nir.Conv1d(context.shape[1], np.diag(factor)[:, :, None], 1, 0, 1, 1, shift)
    else:
        node = nir.Conv2d(context.shape[1:], np.diag(factor)[:, :, None, None], 1, 0, 1, 1, shift)
    return Leaf(node, affine=(factor, shift))


def folded(node: Any, factor: NDArray[Any], shift: NDArray[Any]) -> Any:
    """Affine, Linear or convolution followed by ``factor * x + shift`` per output channel, in float64; else None."""
    if not isinstance(node, (nir.Affine, nir.Linear, nir.Conv1d, nir.Conv2d)):
        return None
    weight = np.asarray(node.weight, np.float64) * factor.reshape(-1, *[1] * (node.weight.ndim - 1))
    bias = np.asarray(getattr(node, "bias", 0.0), np.float64) * factor + shift
    if isinstance(node, (nir.Affine, nir.Linear)):
        affine = nir.Affine(weight, bias)
        affine.metadata = node.metadata  # a divisor divides what is scaled, and not the bias
        return affine
    return type(node)(node.input_shape, weight, node.stride, node.padding, node.dilation, node.groups, bias)
