"""Spike functions: an exact step forward, a smooth derivative backward.

The forward pass is the Heaviside step of ``distance = v - theta`` under ``>`` or ``>=``. Because IEEE subtraction has
gradual underflow, ``v - theta > 0`` holds exactly when ``v > theta`` does, so passing the distance loses nothing.
The backward pass replaces the Dirac pulse by a bell of height 1 at the threshold.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from .errors import ConfigError

SPIKE_OPS = (">", ">=")


def _step(distance: Tensor, spike_op: str) -> Tensor:
    fired = distance > 0 if spike_op == ">" else distance >= 0
    return fired.to(distance.dtype)


class SigmoidSpike(torch.autograd.Function):
    """Step forward, derivative of a steep sigmoid backward; call it through `sigmoid_spike`."""

    @staticmethod
    def forward(ctx: Any, distance: Tensor, spike_op: str, alpha: float) -> Tensor:
        """Return 1 where the membrane potential is beyond the threshold, 0 elsewhere."""
        ctx.save_for_backward(distance)
        ctx.alpha = alpha
        return _step(distance, spike_op)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, None, None]:
        """Multiply the incoming gradient by ``alpha sig(alpha d) (1 - sig(alpha d))``."""
        (distance,) = ctx.saved_tensors
        sigmoid = torch.sigmoid(ctx.alpha * distance)
        return grads[0] * (ctx.alpha * sigmoid * (1 - sigmoid)), None, None


class ArctanSpike(torch.autograd.Function):
    """Step forward, derivative of an arctan backward; call it through `arctan_spike`."""

    @staticmethod
    def forward(ctx: Any, distance: Tensor, spike_op: str, alpha: float) -> Tensor:
        """Return 1 where the membrane potential is beyond the threshold, 0 elsewhere."""
        ctx.save_for_backward(distance)
        ctx.alpha = alpha
        return _step(distance, spike_op)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, None, None]:
        """Multiply the incoming gradient by ``(alpha / 2) / (1 + (pi alpha d / 2)^2)``."""
        (distance,) = ctx.saved_tensors
        return grads[0] * (ctx.alpha / 2 / (1 + (math.pi / 2 * ctx.alpha * distance).square())), None, None


def sigmoid_spike(distance: Tensor, spike_op: str = ">", alpha: float = 4.0) -> Tensor:
    """Spike with the sigmoid surrogate of DeepEISNN (arXiv 2509.23253; its code uses alpha = 4).

    Parameters
    ----------
    distance : Tensor, any shape
        Membrane potential minus threshold, in the units of the membrane potential.
    spike_op : {">", ">="}
        Whether a membrane potential equal to the threshold stays silent or fires.
    alpha : float
        Steepness; the derivative at the threshold is ``alpha / 4``.

    Returns
    -------
    Tensor, same shape and dtype
        0 or 1.
    """
    return SigmoidSpike.apply(distance, spike_op, alpha)  # type: ignore[return-value]


def arctan_spike(distance: Tensor, spike_op: str = ">", alpha: float = 2.0) -> Tensor:
    """Spike with the arctan surrogate of STL-SNN (arXiv 2206.06129; its code uses alpha = 2).

    Parameters and result are those of `sigmoid_spike`; the derivative at the threshold is ``alpha / 2``.
    """
    return ArctanSpike.apply(distance, spike_op, alpha)  # type: ignore[return-value]


SURROGATES: dict[str, Callable[[Tensor, str], Tensor]] = {"sigmoid": sigmoid_spike, "arctan": arctan_spike}


def surrogate_by_name(name: str) -> Callable[[Tensor, str], Tensor]:
    """Return the spike function called `name`.

    Raises
    ------
    ConfigError
        If there is none of that name.
    """
    if name not in SURROGATES:
        raise ConfigError(f"Unknown surrogate {name!r}. Choose one of: {', '.join(SURROGATES)}.")
    return SURROGATES[name]
