"""Convolutions and poolings on Lava: a stock Conv where it can hold them, else a matrix where that is the same."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ..program.passes.stored import weight_of
from ..program.program import STATE_LIMIT, Program, Projection
from ..program.synapses import window

FIELD_LIMIT = 127
"""Largest size, stride, padding, dilation and number of groups of a Conv: its model keeps them in 8 bits, signed."""
PAIR_LIMIT = 64
"""Pairs of channels that a Conv goes through one by one in every step; above it a matrix is faster."""


def unrolled(program: Program, q: Projection) -> Projection:
    """Return `q` as a sparse projection if a Conv cannot hold it or would be slow; `q` itself otherwise."""
    if q.kind not in ("convolution", "pooling") or not sums_stay_in_24_bits(program, q):
        return q
    if fits_conv(program, q) and _pairs(program, q) <= PAIR_LIMIT:
        return q
    synapses = program.synapses(q)
    starts = np.concatenate([[0], np.cumsum(synapses.fan_in)])
    plain = Projection(q.name, q.source, q.target, synapses.weight.astype(np.int16))
    registers = {name: getattr(q, name) for name in ("weight_exp", "sign_mode", "weight_bits", "delay", "port")}
    return replace(plain, kind="sparse", indptr=starts, indices=synapses.pre.astype(np.int32), **registers)


def fits_conv(program: Program, q: Projection) -> bool:
    """Whether a Conv's registers are wide enough for `q`."""
    return max(*window(q), *q.stride, *q.padding, *q.dilation, _groups(program, q)) <= FIELD_LIMIT


def sums_stay_in_24_bits(program: Program, q: Projection) -> bool:
    """Whether no sum of `q` wraps: a convolution's wraps at 24 bits, a matrix's does not."""
    total = largest_sum(program, q)
    return (total << q.weight_exp if q.weight_exp >= 0 else total >> -q.weight_exp) <= STATE_LIMIT


def largest_sum(program: Program, q: Projection) -> int:
    """Largest magnitude of a neuron's sum of weights times events, before the exponent."""
    source = program.source(q.source)
    return weight_of(q, source.shape, source.size).largest_sum(*program.events(q.source))


def _groups(program: Program, q: Projection) -> int:
    return program.source(q.source).shape[0] if q.kind == "pooling" else q.groups


def _pairs(program: Program, q: Projection) -> int:
    return program.source(q.source).shape[0] if q.kind == "pooling" else q.weights.shape[0] * q.weights.shape[1]
