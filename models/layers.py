"""Layers without a membrane: a factor, a threshold, a delay, and a layer of one step applied to all steps."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import linear

from .ei import stabilise
from .surrogates import surrogate_by_name


class OverTime(nn.Module):
    """Apply a layer of one step to every step: (T, B, *shape) -> (T, B, *new shape).

    Convolutions and pooling take one leading axis; time and batch are one axis to them, as no step knows another.

    Parameters
    ----------
    layer : nn.Module
        Takes (N, *shape).
    """

    def __init__(self, layer: nn.Module) -> None:
        super().__init__()
        self.layer = layer

    def forward(self, x: Tensor) -> Tensor:
        """Return the layer's result of every step, (T, B, *new shape)."""
        return self.layer(x.flatten(0, 1)).unflatten(0, (x.shape[0], x.shape[1]))


class LinearPerPosition(nn.Module):
    """A trained matrix of its own at every position of the leading axes of the neurons' shape.

    Parameters
    ----------
    weight : Tensor, shape (*positions, out, in)
    bias : Tensor, shape (*positions, out), optional
    """

    def __init__(self, weight: Tensor, bias: Tensor | None = None) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.as_tensor(weight).clone())
        self.bias = None if bias is None else nn.Parameter(torch.as_tensor(bias).clone())

    def forward(self, x: Tensor) -> Tensor:
        """Map (..., *positions, in) to (..., *positions, out)."""
        y = (self.weight @ x[..., None])[..., 0]
        return y if self.bias is None else y + self.bias


class DividedLinear(nn.Module):
    """``W x / (M x) + b`` over the last axis: an E-I circuit (see `ei`) of which N and D are known, not their parts.

    A divisor of 0 becomes the smallest positive one of that time step and sample; without any, the quotient is 0.

    Parameters
    ----------
    weight : Tensor, shape (out, in)
        Trained numerator W.
    divisor : Tensor, shape (out, in), >= 0
        Trained divisor M.
    divisor_gain : Tensor, shape (out,), > 0
        What the rows of W and M were scaled by; divisors are compared without it.
    bias : Tensor, shape (out,)
    """

    divisor_gain: Tensor

    def __init__(self, weight: Tensor, divisor: Tensor, divisor_gain: Tensor, bias: Tensor) -> None:
        super().__init__()
        self.weight, self.divisor, self.bias = (nn.Parameter(part.clone()) for part in (weight, divisor, bias))
        self.register_buffer("divisor_gain", divisor_gain.clone())

    def forward(self, x: Tensor) -> Tensor:
        """Map (..., in) to (..., out)."""
        divisor = stabilise(linear(x, self.divisor) / self.divisor_gain) * self.divisor_gain
        return linear(x, self.weight) / divisor + self.bias

    @torch.no_grad()
    def clamp_(self) -> None:
        """Keep the divisor from turning negative; call it after every optimiser step."""
        self.divisor.clamp_(min=0)


class Scale(nn.Module):
    """Trained factor per element.

    Parameters
    ----------
    factor : Tensor, shape of the input without time and batch
    """

    def __init__(self, factor: Tensor) -> None:
        super().__init__()
        self.factor = nn.Parameter(torch.as_tensor(factor).clone())

    def forward(self, x: Tensor) -> Tensor:
        """Return ``factor * x``."""
        return self.factor * x


class Threshold(nn.Module):
    """Spikes without memory: 1 where the input is beyond a trained threshold.

    Parameters
    ----------
    threshold : Tensor, shape of the input without time and batch
    spike_op : {">", ">="}
    surrogate : {"sigmoid", "arctan"}
    """

    def __init__(self, threshold: Tensor, spike_op: str = ">", surrogate: str = "sigmoid") -> None:
        super().__init__()
        self.threshold = nn.Parameter(torch.as_tensor(threshold).clone())
        self.spike_op = spike_op
        self._spike = surrogate_by_name(surrogate)

    def forward(self, x: Tensor) -> Tensor:
        """Return 0 or 1 per element."""
        return self._spike(x - self.threshold, self.spike_op)


class Delay(nn.Module):
    """``y[t] = x[t - steps]``, zero before; every element has its own delay.

    Parameters
    ----------
    steps : int Tensor, shape of the input without time and batch, >= 0
    """

    steps: Tensor

    def __init__(self, steps: Any) -> None:
        super().__init__()
        self.register_buffer("steps", torch.as_tensor(steps, dtype=torch.int64).clone())

    def forward(self, x: Tensor) -> Tensor:
        """Delay (T, B, *shape)."""
        at = torch.arange(len(x), device=x.device).view(-1, *[1] * (x.ndim - 1)) - self.steps
        rows = torch.gather(x, 0, at.clamp(min=0).expand_as(x))
        return torch.where(at >= 0, rows, torch.zeros_like(rows))

    def step(self, x: Tensor, state: dict[str, Any], early: int = 0) -> tuple[Tensor, dict[str, Any]]:
        """Delay one row (B, *shape) by `early` steps less; `state` is what the step before returned, empty at first."""
        rows = [x, *state.get("rows", [])][: int(self.steps.max()) + 1]
        past = torch.stack(rows)
        steps = (self.steps - early).expand_as(x)
        out = torch.gather(past, 0, steps.clamp(max=len(rows) - 1)[None])[0]
        return torch.where(steps < len(rows), out, torch.zeros_like(out)), {"rows": rows}
