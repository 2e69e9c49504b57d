"""Nodes that slide a window: Conv1d, Conv2d, SumPool2d, AvgPool2d (torch's definitions, zero padding)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from ...models.errors import InputError

Rows = NDArray[np.float64]
Function = Callable[[Rows], Rows]


def convolution(name: str, node: Any) -> Function:
    """Cross-correlation ``y[o, p] = b[o] + sum_{c, k} W[o, c, k] x[c, stride p + dilation k - padding]``.

    Conv1d on (B, C, L), Conv2d on (B, C, H, W). With `groups` g, output channels o of group i see only the input
    channels of group i. Padding "valid" is none; "same" pads dilation (k - 1) zeros, the odd one behind.

    Raises
    ------
    InputError
        For an unknown padding, "same" with a stride, or groups that do not divide the output channels.
    """
    weight = np.asarray(node.weight, np.float64)
    n, groups = weight.ndim - 2, int(node.groups)
    stride, dilation = _tuple(node.stride, n), _tuple(node.dilation, n)
    reach = [d * (k - 1) for d, k in zip(dilation, weight.shape[2:], strict=True)]
    pads = _pads(name, node.padding, reach, stride)
    if groups < 1 or len(weight) % groups:
        raise InputError(f"Node {name!r} has {len(weight)} output channels, which {groups} groups do not divide.")
    kernels = np.split(weight, groups)
    bias = np.asarray(getattr(node, "bias", 0.0), np.float64).reshape(-1, *[1] * n)
    axes = [1, *range(2 + n, 2 + 2 * n)]

    def apply(x: Rows) -> Rows:
        windows = _windows(x, [r + 1 for r in reach], stride, pads, dilation)
        parts = zip(np.split(windows, groups, axis=1), kernels, strict=True)
        out = [np.moveaxis(np.tensordot(w, k, (axes, [1, *range(2, 2 + n)])), -1, 1) for w, k in parts]
        return np.concatenate(out, axis=1) + bias

    return apply


def pool(node: Any, mean: bool) -> Function:
    """SumPool2d: sum over each window of (B, C, H, W); AvgPool2d: that over kh kw, padding counted as zeros."""
    kernel, stride, padding = (_tuple(v, 2) for v in (node.kernel_size, node.stride, node.padding))
    pads = [(p, p) for p in padding]
    divisor = kernel[0] * kernel[1] if mean else 1
    return lambda x: _windows(x, kernel, stride, pads, [1, 1]).sum((-2, -1)) / divisor


def _windows(x: Rows, extent: list[int], stride: list[int], pads: list[Any], dilation: list[int]) -> Rows:
    """View (B, C, *positions, *kernel) of the padded x."""
    n = len(extent)
    if x.ndim != 2 + n:
        raise ValueError(f"{2 + n} axes (B, C, ...) are needed")
    padded = np.pad(x, [(0, 0), (0, 0), *pads])
    view = sliding_window_view(padded, extent, axis=tuple(range(2, 2 + n)))
    return view[(..., *(slice(None, None, s) for s in stride), *(slice(None, None, d) for d in dilation))]


def _pads(name: str, padding: Any, reach: list[int], stride: list[int]) -> list[tuple[int, int]]:
    said = padding.decode() if isinstance(padding, bytes) else padding
    if not isinstance(said, str) and np.asarray(said).dtype.kind not in "SUO":
        return [(p, p) for p in _tuple(said, len(reach))]
    said = str(np.asarray(said).item()) if not isinstance(said, str) else str(said)
    if said == "valid":
        return [(0, 0)] * len(reach)
    if said == "same" and all(s == 1 for s in stride):
        return [(r // 2, r - r // 2) for r in reach]
    raise InputError(
        f"Node {name!r} has padding {said!r} at a stride of {tuple(stride)}; known are numbers, 'valid', and "
        "'same' at a stride of 1. Write the padding as numbers."
    )


def _tuple(value: Any, n: int) -> list[int]:
    values = np.broadcast_to(np.asarray(value), (n,))
    return [int(v) for v in values]
