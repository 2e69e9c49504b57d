"""One step of every kind of neurons, as docs/numeric-contract.md states it.

The arithmetic of lif, readout, ternary and threshold is that of lava-nc 0.10.0's fixed-point models
(``lava/proc/lif/models.py``); refractory times, soft resets, relays and divided inputs are anchored in the contract.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..exporters.program.population import STATE_LIMIT, Population
from ..exporters.program.reciprocals import QUOTIENT_LIMIT, RECIPROCAL_EXP, reciprocals

Integers = NDArray[np.int64]


@dataclass(frozen=True)
class State:
    """Current, membrane after the reset, and rows that are left of a refractory time; (B, size) each."""

    u: Integers
    v: Integers
    waiting: Integers

    @classmethod
    def zero(cls, shape: tuple[int, int]) -> State:
        """Return the state before the first row."""
        return cls(*(np.zeros(shape, np.int64) for _ in range(3)))


def step(p: Population, state: State, a: Integers, divisor: Integers) -> tuple[State, Integers]:
    """One row: the new state, and the events sent.

    Parameters
    ----------
    p : Population
    state : State
    a, divisor : (B, size) int64 array
        Sums at the two ports, 32 bits wide; only ei_gain has a divisor.
    """
    if p.kind == "relay":
        return State.zero(a.shape), a
    if p.kind == "ei_gain":
        a = quotient(p, a, divisor)
    u = wrap24(as_int32(decay(state.u, 4095 - p.du) + as_int32(a << 6)))
    charged = np.clip(decay(state.v, 4096 - p.dv) + u + p.bias, -STATE_LIMIT, STATE_LIMIT)
    free = state.waiting == 0
    v = np.where(free, charged, state.v)
    theta = np.asarray(p.vth, np.int64) << 6
    spikes = (free & (v > theta)).astype(np.int64)
    if p.kind == "ternary":
        spikes -= v < p.vth_low << 6
    after = v - theta if p.reset == "subtract" else np.zeros_like(v)
    waiting = np.where(spikes != 0, p.refractory, np.maximum(state.waiting - 1, 0))
    return State(u, np.where(spikes != 0, after, v), waiting), spikes


def quotient(p: Population, a: Integers, divisor: Integers) -> Integers:
    """``a * 2**quotient_exp / divisor``, with the divisor's reciprocal from a look-up of its leading bits."""
    d = np.maximum(divisor, p.divisor_min)
    e = floor_log2(d)
    if p.reciprocal_bits == 0:
        e = e + (d * d > 1 << (2 * e + 1))  # the nearest power of two by ratio
        q = (a << p.quotient_exp) >> e
    else:
        mantissa = ((d << p.reciprocal_bits) >> e) - (1 << p.reciprocal_bits)
        q = ((a * reciprocals(p.reciprocal_bits)[mantissa]) << p.quotient_exp) >> (e + RECIPROCAL_EXP)
    return np.clip(q, -QUOTIENT_LIMIT, QUOTIENT_LIMIT)


def floor_log2(values: Integers) -> Integers:
    """Position of the leading one of integers from 1 to 2**52, exactly."""
    return (np.frexp(values.astype(np.float64))[1] - 1).astype(np.int64)


def decay(state: Integers, factor: Any) -> Integers:
    """``state * factor / 4096`` rounded toward zero."""
    return np.sign(state) * ((np.abs(state) * factor) >> 12)


def wrap24(u: Integers) -> Integers:
    """One correction by 2**24, as Lava does it: +2**23 stays, -2**23 becomes +2**23."""
    return np.where(u > 2**23, u - 2**24, np.where(u <= -(2**23), u + 2**24, u))


def wrap24_modulo(values: Integers) -> Integers:
    """Wrap to 24 bits, as Lava's convolutions do."""
    return (values + 2**23) % 2**24 - 2**23


def as_int32(values: Integers) -> Integers:
    """Wrap to 32 bits, the width of Lava's channels and of its current."""
    return (values + 2**31) % 2**32 - 2**31
