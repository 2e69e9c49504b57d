"""One step of every kind of neurons, as ``simulators/neurons.py`` has it, on float tensors that hold its integers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ..program.population import STATE_LIMIT, Population
from ..program.reciprocals import QUOTIENT_LIMIT, RECIPROCAL_EXP, reciprocals
from .straight import Share, clipped, decayed, wrapped, wrapped24


@dataclass(frozen=True)
class State:
    """Current, membrane after the reset, and rows that are left of a refractory time; (B, size) each."""

    u: Tensor
    v: Tensor
    waiting: Tensor

    @classmethod
    def zero(cls, like: Tensor) -> State:
        """Return the state before the first row."""
        return cls(*(torch.zeros_like(like) for _ in range(3)))


@dataclass(frozen=True, eq=False)
class Registers:
    """Registers of a population as tensors of whole numbers, in the dtype in which its states are exact.

    Attributes
    ----------
    p : Population
        Its kind, reset, refractory time, decays and what divides; the registers below overrule its own.
    theta, theta_low, bias : Tensor, shape () or (size,)
        ``vth << 6``, ``vth_low << 6`` and the bias as it is added to v.
    unit : Tensor, shape () or (size,)
        Float membrane of one unit of v.
    spike : callable
        Spike function of ``models.surrogates``: distance and comparison to 0 or 1.
    wraps : bool
        Whether the current could leave 24 bits; then the dtype is float64.
    saturates : bool
        Whether the membrane could leave 24 bits.
    """

    p: Population
    theta: Tensor
    theta_low: Tensor
    bias: Tensor
    unit: Tensor
    spike: Callable[[Tensor, str], Tensor]
    wraps: bool
    saturates: bool

    @property
    def dtype(self) -> torch.dtype:
        """Float32 where the static bounds allow it, else float64."""
        return self.theta.dtype

    @cached_property
    def current_share(self) -> Share | None:
        """Share of the current that a row keeps."""
        return Share.of(4095 - np.asarray(self.p.du), self.theta.device)

    @cached_property
    def membrane_share(self) -> Share | None:
        """Share of the membrane that a row keeps."""
        return Share.of(4096 - np.asarray(self.p.dv), self.theta.device)


def step(r: Registers, state: State, a: Tensor, divisor: Tensor | None) -> tuple[State, Tensor]:
    """One row: the new state, and the events sent.

    The spike's derivative is the surrogate's at the distance from the threshold in float units; the spike inside the
    reset is a constant for the backward pass (as in `models.neurons.LIF`).

    Parameters
    ----------
    r : Registers
    state : State
    a, divisor : Tensor, shape (B, size)
        Sums at the two ports, 32 bits wide; None where there is no divisor.
    """
    p = r.p
    if divisor is not None:
        a = quotient(p, a, divisor).to(r.dtype)
    u = _current(r, state.u, a)
    kept = 0.0 if r.membrane_share is None else decayed(state.v, r.membrane_share)
    charged = kept + (u + r.bias)
    if r.saturates:
        charged = clipped(charged, STATE_LIMIT)
    v = torch.where(state.waiting == 0, charged, state.v) if p.refractory else charged
    if p.kind == "readout":
        return State(u, v, state.waiting), torch.zeros_like(v)
    spikes = r.spike(r.unit * (v - r.theta), ">")
    if p.kind == "ternary":
        spikes = spikes - r.spike(r.unit * (r.theta_low - v), ">")
    if p.refractory:
        spikes = spikes * (state.waiting == 0)
    fired = spikes.detach().abs() if p.kind == "ternary" else spikes.detach()
    after = torch.addcmul(v, r.theta if p.reset == "subtract" else v, fired, value=-1)  # v - v is 0, v - 0 is v
    waiting = state.waiting
    if p.refractory:
        waiting = torch.where(fired != 0, p.refractory, (waiting - 1).clamp(min=0))
    return State(u, after, waiting), spikes


def quotient(p: Population, a: Tensor, divisor: Tensor) -> Tensor:
    """``a * 2**quotient_exp / divisor`` with the divisor's reciprocal from a look-up of its leading bits, float64.

    Backward it is the exact quotient; the guard and the clipping are taken for the identity, as E-I Prop does.
    """
    a, divisor = a.double(), divisor.double()
    with torch.no_grad():
        d, bits = divisor.clamp(min=p.divisor_min), p.reciprocal_bits
        fraction, e = torch.frexp(d)  # d = fraction 2**e with a fraction of 1/2 to below 1
        if bits:
            leading = (fraction * 2.0 ** (bits + 1)).long() - 2**bits  # the bits behind the leading one
            product = a * _look_up(bits)[leading]
            q = torch.ldexp(product, p.quotient_exp - RECIPROCAL_EXP + 1 - e)
        else:
            whole = d.long()
            # The nearest power of two by ratio: above 2**(e - 1/2) it is 2**e. No double holds the square of 32 bits.
            above = whole * whole > torch.ones_like(whole) << (2 * e.long() - 1)
            q = torch.ldexp(a, p.quotient_exp + 1 - e - above.to(e.dtype))
        value = q.floor().clamp(-QUOTIENT_LIMIT, QUOTIENT_LIMIT)
    return _Quotient.apply(a, divisor, value, d, 2.0**p.quotient_exp)  # type: ignore[return-value]


class _Quotient(torch.autograd.Function):
    """`value` forward, ``scale * a / divisor`` backward, at the guarded divisor."""

    @staticmethod
    def forward(ctx: Any, a: Tensor, divisor: Tensor, value: Tensor, guarded: Tensor, scale: float) -> Tensor:
        """Return `value`."""
        ctx.save_for_backward(a, guarded)
        ctx.scale = scale
        return value

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, Tensor, None, None, None]:
        """Gradients of numerator and divisor."""
        a, guarded = ctx.saved_tensors
        by_a = grads[0] * ctx.scale / guarded
        return by_a, -by_a * a / guarded, None, None, None


def _current(r: Registers, u: Tensor, a: Tensor) -> Tensor:
    new = a * 64
    if r.wraps:
        new = wrapped(new, 32)
    if r.current_share is not None:
        new = decayed(u, r.current_share) + new
    return wrapped24(wrapped(new, 32)) if r.wraps else new


@cache
def _look_up(bits: int) -> Tensor:
    return torch.from_numpy(reciprocals(bits).astype(np.float64))
