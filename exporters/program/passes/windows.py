"""Linear maps that slide a window over channels, in the form in which a program stores them: never unrolled."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from math import prod

import numpy as np
from numpy.typing import NDArray

from ..projection import Pair
from ..synapses import places
from .linear import Floats, LinearMap, Numbers

Spatial = tuple[int, int, int]
"""Channels, height, width; a row of L places is (C, 1, L)."""


@dataclass(frozen=True, eq=False)
class Window(LinearMap):
    """What convolution and pooling share.

    Attributes
    ----------
    in_shape : (C, H, W)
    stride, padding, dilation : (int, int)
        Vertical and horizontal; zeros on both sides.
    """

    in_shape: Spatial
    stride: Pair = (1, 1)
    padding: Pair = (0, 0)
    dilation: Pair = (1, 1)

    @property
    @abstractmethod
    def size(self) -> Pair:
        """Taps of the window, vertical and horizontal."""

    @property
    @abstractmethod
    def out_shape(self) -> Spatial:
        """Shape (C, H, W) of what the map gives."""

    @abstractmethod
    def as_convolution(self) -> Convolution:
        """Return the same map with a kernel."""

    @property
    def shape(self) -> tuple[int, int]:
        """(post, pre)."""
        return (prod(self.out_shape), prod(self.in_shape))

    @property
    def places(self) -> Pair:
        """Positions of the window, vertical and horizontal."""
        return places(self.in_shape[1:], self.size, self.stride, self.padding, self.dilation)

    def taps(self, padded: Numbers) -> Iterator[tuple[int, int, Numbers]]:
        """Every tap (ky, kx) with the view (..., C, rows, columns) of padded input that it meets."""
        rows, columns = self.places
        for ky in range(self.size[0]):
            for kx in range(self.size[1]):
                top, left = ky * self.dilation[0], kx * self.dilation[1]
                down = slice(top, top + self.stride[0] * (rows - 1) + 1, self.stride[0])
                right = slice(left, left + self.stride[1] * (columns - 1) + 1, self.stride[1])
                yield ky, kx, padded[..., down, right]

    def padded(self, x: Numbers) -> Numbers:
        """Input (..., pre) as (..., C, H, W) with zeros around it."""
        (top, left), lead = self.padding, x.shape[:-1]
        around = [(0, 0)] * (len(lead) + 1) + [(top, top), (left, left)]
        return np.pad(x.reshape(*lead, *self.in_shape), around)

    def without_padding(self, padded: Numbers) -> Numbers:
        """Inverse of `padded`: cut the border off and flatten."""
        (top, left), (_, height, width) = self.padding, self.in_shape
        inner = padded[..., top : top + height, left : left + width]
        return inner.reshape(*padded.shape[:-3], -1)


@dataclass(frozen=True, eq=False)
class Convolution(Window):
    """Cross-correlation as torch has it; `values` is the kernel (out, in / groups, kh, kw).

    Attributes
    ----------
    groups : int
        Output channels of group i see only the input channels of group i.
    """

    groups: int = 1

    @property
    def size(self) -> Pair:
        """Taps of the kernel."""
        return (self.values.shape[2], self.values.shape[3])

    @property
    def out_shape(self) -> Spatial:
        """One channel for every kernel."""
        return (len(self.values), *self.places)

    @property
    def row(self) -> NDArray[np.int64]:
        """Output channel."""
        return np.arange(len(self.values)).reshape(-1, 1, 1, 1)

    def apply(self, x: Numbers) -> Numbers:
        """Return M x."""
        lead = x.shape[:-1]
        kernel = self._by_group()
        out = np.zeros((*lead, *kernel.shape[:2], prod(self.places)), np.result_type(x, self.values))
        for ky, kx, seen in self.taps(self.padded(x)):
            grouped = seen.reshape(*lead, self.groups, kernel.shape[2], -1)
            out += kernel[..., ky, kx] @ grouped
        return out.reshape(*lead, -1)

    def apply_transposed(self, y: Numbers) -> Numbers:
        """Return M^T y."""
        lead = y.shape[:-1]
        kernel = self._by_group()
        given = y.reshape(*lead, *kernel.shape[:2], -1)
        padded = self.padded(np.zeros((*lead, prod(self.in_shape)), np.result_type(y, self.values)))
        for ky, kx, seen in self.taps(padded):
            seen += (kernel[..., ky, kx].swapaxes(-1, -2) @ given).reshape(seen.shape)
        return self.without_padding(padded)

    def scaled_rows(self, factor: Floats) -> Convolution | None:
        """Multiply every output channel; None if `factor` differs within one."""
        channel = per_channel(factor, self.out_shape)
        return None if channel is None else self.with_values(self.values * channel[:, None, None, None])

    def scaled_columns(self, factor: Floats) -> Convolution | None:
        """Multiply every input channel; None if `factor` differs within one."""
        channel = per_channel(factor, self.in_shape)
        if channel is None:
            return None
        scaled = self._by_group() * channel.reshape(self.groups, 1, -1, 1, 1)
        return self.with_values(scaled.reshape(self.values.shape))

    def as_convolution(self) -> Convolution:
        """Return it as it is."""
        return self

    def _by_group(self) -> Numbers:
        """Kernel (groups, out / groups, in / groups, kh, kw)."""
        return self.values.reshape(self.groups, -1, *self.values.shape[1:])


@dataclass(frozen=True, eq=False)
class Pooling(Window):
    """Sum over a window of each channel times one weight, `values` (1,).

    Attributes
    ----------
    kernel : (int, int)
    """

    kernel: Pair = (1, 1)

    @property
    def size(self) -> Pair:
        """Taps of the window."""
        return self.kernel

    @property
    def out_shape(self) -> Spatial:
        """The channels of the input."""
        return (self.in_shape[0], *self.places)

    @property
    def row(self) -> NDArray[np.int64]:
        """All synapses are one row."""
        return np.zeros(1, np.int64)

    def apply(self, x: Numbers) -> Numbers:
        """Return M x."""
        total = sum(seen for _, _, seen in self.taps(self.padded(x)))
        return (total * self.values[0]).reshape(*x.shape[:-1], -1)

    def apply_transposed(self, y: Numbers) -> Numbers:
        """Return M^T y."""
        lead = y.shape[:-1]
        padded = self.padded(np.zeros((*lead, prod(self.in_shape)), np.result_type(y, self.values)))
        for _, _, seen in self.taps(padded):
            seen += y.reshape(*lead, *self.out_shape) * self.values[0]
        return self.without_padding(padded)

    def scaled_rows(self, factor: Floats) -> Window | None:
        """Multiply the weight; factors per channel need a kernel for each; None if they differ within one."""
        if np.ptp(factor) == 0:
            return self.with_values(self.values * factor[0])
        return self.as_convolution().scaled_rows(factor)

    def scaled_columns(self, factor: Floats) -> Window | None:
        """As `scaled_rows`: every channel is its own."""
        if np.ptp(factor) == 0:
            return self.with_values(self.values * factor[0])
        return self.as_convolution().scaled_columns(factor)

    def as_convolution(self) -> Convolution:
        """Return the same map with one kernel a channel."""
        channels = self.in_shape[0]
        kernel = np.full((channels, 1, *self.kernel), self.values[0])
        return Convolution(kernel, self.in_shape, self.stride, self.padding, self.dilation, channels)


def per_channel(factor: Floats, shape: Spatial) -> Floats | None:
    """One factor a channel from one a neuron, or None if a channel's neurons differ."""
    channels = factor.reshape(shape[0], -1)
    return channels[:, 0] if (channels == channels[:, :1]).all() else None
