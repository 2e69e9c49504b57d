"""Convolutions and pooling in forms whose shapes strict ``nir.read`` gets right.

nir 1.0.8 takes the input channels of a convolution from its weight, which is wrong for groups, and the kernel's height
for its width. Grouped kernels become block-diagonal ones, rectangular kernels get zeros around them.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from typing import Any

import nir
import numpy as np
from numpy.typing import NDArray
from torch import nn

from ...models.errors import UnsupportedOp

Shape = tuple[int, ...]


def convolution(weight: NDArray[Any], bias: NDArray[Any], module: Any, shape_in: Shape, shape_out: Shape) -> Any:
    """Return the nir.Conv1d or nir.Conv2d of a torch convolution.

    Parameters
    ----------
    weight, bias : arrays
        Shape (O, I/groups, *kernel) and (O,).
    module : nn.Conv1d or nn.Conv2d
        For stride, padding, dilation and groups.
    shape_in, shape_out : tuple of int
        (channels, *space), without time and batch.

    Raises
    ------
    UnsupportedOp
        If no form of it is typed rightly by nir 1.0.8.
    """
    if module.padding_mode != "zeros":
        raise UnsupportedOp(f"NIR pads with zeros, not padding_mode={module.padding_mode!r}.")
    dense = _block_diagonal(weight, module.groups)
    padding = module.padding if isinstance(module.padding, str) else tuple(module.padding)
    forms = [(dense, padding, tuple(module.dilation))]
    if dense.ndim == 4 and padding != "same":
        forms += _square_forms(dense, (0, 0) if padding == "valid" else padding, tuple(module.dilation))
    for form in forms:
        node = _node(*form, tuple(module.stride), bias, shape_in)
        if tuple(node.output_type["output"]) == shape_out:
            return node
    raise UnsupportedOp(
        f"nir 1.0.8 takes the kernel's height {weight.shape[2]} for its width {weight.shape[3]} and would read another "
        f"output shape than {shape_out}; zeros around the kernel cannot mend that where one side is even and the other "
        "odd. Use a kernel whose sides are both even or both odd."
    )


def pool(module: nn.AvgPool2d) -> nir.NIRNode:
    """Return nir.AvgPool2d, or nir.SumPool2d for ``divisor_override=1``.

    Raises
    ------
    UnsupportedOp
        For settings that NIR's pooling does not have.
    """
    kernel, stride, padding = (np.array(_pair(v)) for v in (module.kernel_size, module.stride, module.padding))
    divisor = module.divisor_override
    if module.ceil_mode or (divisor is None and padding.any() and not module.count_include_pad):
        raise UnsupportedOp("ceil_mode=True and count_include_pad=False have no NIR equivalent.")
    if divisor == 1:
        return nir.SumPool2d(kernel, stride, padding)
    if divisor not in (None, int(kernel.prod())):
        raise UnsupportedOp(f"divisor_override={divisor} has no NIR equivalent; 1 (a sum) has.")
    return nir.AvgPool2d(kernel, stride, padding)


def _node(weight: Any, padding: Any, dilation: Shape, stride: Shape, bias: Any, shape_in: Shape) -> Any:
    if weight.ndim == 3:
        plain = padding if isinstance(padding, str) else padding[0]
        return nir.Conv1d(shape_in[1], weight, stride[0], plain, dilation[0], 1, bias)
    return nir.Conv2d(shape_in[1:], weight, stride, padding, dilation, 1, bias)


def _block_diagonal(weight: NDArray[Any], groups: int) -> NDArray[Any]:
    """(O, I/groups, *kernel) -> (O, I, *kernel), zero where a group does not see a channel."""
    if groups == 1:
        return weight
    outputs, inputs = weight.shape[0] // groups, weight.shape[1]
    dense = np.zeros((weight.shape[0], inputs * groups, *weight.shape[2:]), weight.dtype)
    for g in range(groups):
        rows, columns = slice(g * outputs, (g + 1) * outputs), slice(g * inputs, (g + 1) * inputs)
        dense[rows, columns] = weight[rows]
    return dense


def _square_forms(weight: NDArray[Any], padding: Shape, dilation: Shape) -> Iterator[tuple[NDArray[Any], Shape, Shape]]:
    """Every small square kernel that computes the same; windows start where they did, as padding grows with it."""
    spread = np.zeros((*weight.shape[:2], *(d * (k - 1) + 1 for d, k in zip(dilation, weight.shape[2:], strict=True))))
    spread[:, :, :: dilation[0], :: dilation[1]] = weight
    for kernel, steps in ((weight, dilation), (spread.astype(weight.dtype), (1, 1))):
        height, width = kernel.shape[2:]
        for side in (max(height, width), max(height, width) + 1):
            for top, left in product(range(side - height + 1), range(side - width + 1)):
                around = ((0, 0), (0, 0), (top, side - height - top), (left, side - width - left))
                yield np.pad(kernel, around), (padding[0] + steps[0] * top, padding[1] + steps[1] * left), steps


def _pair(value: Any) -> tuple[int, int]:
    return (int(value), int(value)) if isinstance(value, int) else (int(value[0]), int(value[1]))
