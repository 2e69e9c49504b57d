"""Zeros around inputs and kernels: a program pads both sides alike, whatever a node or two windows in a row ask for."""

from __future__ import annotations

import numpy as np

from ..projection import Pair
from .linear import Floats
from .windows import Convolution, Spatial


def convolution_between(
    kernel: Floats, source: Spatial, target: Spatial, stride: Pair, before: Pair, dilation: Pair, groups: int
) -> Convolution:
    """Convolution from `source` to `target` with `before` zeros above and left; as many below and right as it takes.

    A program pads both sides alike. Where that does not give the target's places, zeros at the kernel's edges shift
    its taps or end it earlier.
    """
    padding = []
    apart = list(dilation)
    for axis in (0, 1):
        side, places = source[axis + 1], target[axis + 1]
        found = _edges(kernel.shape[2 + axis], side, places, stride[axis], before[axis], dilation[axis])
        if found is None:  # zeros between the taps can shift it by any amount
            kernel, apart[axis] = _spread(kernel, axis, dilation[axis]), 1
            found = _edges(kernel.shape[2 + axis], side, places, stride[axis], before[axis], 1)
        assert found is not None
        around = [(0, 0)] * 4
        around[2 + axis] = found[:2]
        kernel = np.pad(kernel, around)
        padding.append(found[2])
    return Convolution(kernel, source, stride, (padding[0], padding[1]), (apart[0], apart[1]), groups)


def _edges(taps: int, side: int, places: int, stride: int, before: int, dilation: int) -> tuple[int, int, int] | None:
    """Zeros in front of and behind the taps, and padding of both sides, that give so many places."""
    for front in range(side + taps + places * stride):
        padding = before + front * dilation
        spare = side + 2 * padding - dilation * (taps + front - 1) - 1
        if spare // stride + 1 < places:
            continue
        behind = max(0, -((places * stride - 1 - spare) // dilation))
        if (spare - behind * dilation) // stride + 1 == places:
            return front, behind, padding
    return None


def _spread(kernel: Floats, axis: int, dilation: int) -> Floats:
    """Taps `dilation` apart, with zeros in between."""
    shape = list(kernel.shape)
    shape[2 + axis] = (shape[2 + axis] - 1) * dilation + 1
    spread = np.zeros(shape)
    spread[(slice(None),) * (2 + axis) + (slice(None, None, dilation),)] = kernel
    return spread
