"""Integer arithmetic on float tensors: the exact value forward, the gradient of the smooth function backward.

Float32 holds every integer up to 2**24 and float64 up to 2**53; who calls these says which of them suffices.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

WHOLE_FLOAT32 = 2**24
"""Float32 holds all integers up to here."""


class _Straight(torch.autograd.Function):
    """`value` forward, the gradient of `x` times `slope` backward; call it through `straight`."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, value: Tensor, slope: Tensor | float) -> Tensor:
        """Return `value`."""
        ctx.slope = slope
        return value

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, None, None]:
        """Multiply the incoming gradient by the slope."""
        (gradient,) = grads
        return gradient if isinstance(ctx.slope, float) and ctx.slope == 1.0 else gradient * ctx.slope, None, None


def straight(x: Tensor, value: Tensor, slope: Tensor | float = 1.0) -> Tensor:
    """Return `value` as if it were ``slope * x`` (the straight-through estimator).

    Parameters
    ----------
    x, value : Tensor, same shape and dtype
        `value` has to be computed without a gradient.
    slope : float or Tensor
        Derivative that the backward pass takes for that of `value` by `x`.
    """
    return _Straight.apply(x, value, slope)  # type: ignore[return-value]


def rounded(x: Tensor) -> Tensor:
    """Nearest integer, half to even; its derivative is taken for 1."""
    return straight(x, x.detach().round())


def shifted(x: Tensor, exponent: int) -> Tensor:
    """``x << exponent``, or ``x >> -exponent`` (floor) where it is negative."""
    if exponent >= 0:
        return x * 2.0**exponent
    return straight(x, torch.floor(x.detach() * 2.0**exponent), 2.0**exponent)


def clipped(x: Tensor, limit: float) -> Tensor:
    """Saturation; its derivative is taken for 1."""
    return straight(x, x.detach().clamp(-limit, limit))


class Share(NamedTuple):
    """Share ``f / 4096`` of a state that a row keeps.

    Attributes
    ----------
    factor : Tensor, shape () or (size,), float64
    power : bool
        Whether all factors are powers of two or zero, so that a float32 product is exact.
    """

    factor: Tensor
    power: bool

    @classmethod
    def of(cls, numerator: NDArray[np.integer], device: torch.device) -> Share | None:
        """Share ``numerator / 4096``; None where nothing is kept."""
        factor = numerator / 4096
        power = bool(np.isin(np.frexp(factor)[0], (0, 0.5)).all())
        return cls(torch.as_tensor(factor, device=device), power) if factor.any() else None


def decayed(x: Tensor, share: Share) -> Tensor:
    """``x * f / 4096`` rounded toward zero, for integers of less than 2**40."""
    value, factor = x.detach(), share.factor.to(x.dtype)
    product = value * factor if share.power or x.dtype == torch.float64 else (value.double() * share.factor)
    return straight(x, product.trunc().to(x.dtype), factor)


def wrapped24(x: Tensor) -> Tensor:
    """One correction by 2**24: +2**23 stays, -2**23 becomes +2**23."""
    value = x.detach()
    return straight(x, torch.where(value > 2**23, value - 2**24, torch.where(value <= -(2**23), value + 2**24, value)))


def wrapped(x: Tensor, bits: int) -> Tensor:
    """Wrap to `bits` bits, as integers of that width do."""
    half = 2.0 ** (bits - 1)
    return straight(x, torch.remainder(x.detach() + half, 2 * half) - half)
