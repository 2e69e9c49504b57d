"""Compiled steps of the neurons of one population: docs/numeric-contract.md, kind by kind.

Numba widens integer arithmetic to 64 bits unless every single result is cast back; hence the many casts.
"""

from __future__ import annotations

import numpy as np

from ...exporters.program.program import STATE_LIMIT
from ...exporters.program.reciprocals import RECIPROCAL_EXP, reciprocals
from ..neurons import QUOTIENT_LIMIT
from .compiled import kernel
from .vectors import prefer_wide_vectors

LIMIT = np.int32(STATE_LIMIT)
HALF, WRAP = np.int32(2**23), np.int32(2**24)
RECIPROCALS = np.concatenate([reciprocals(bits) for bits in (2, 3, 4)])
"""The look-ups of 2, 3 and 4 bits one behind the other; that of b bits begins at ``2**b - 4``."""


@kernel
def update_neurons(a, u, v, bias, first, size, keep_u, keep_v, theta, fired):
    """One step of the neurons ``first .. first + size - 1``: the contract's lines for u, v and the spikes.

    `a` holds their summed input and `fired` their spikes, both from 0 on. All in 32-bit lanes.
    """
    prefer_wide_vectors()
    n, i = np.uint64(size), np.uint64(first)
    if keep_u == 0:
        for j in range(n):
            u[i + j] = np.int32(a[j] << 6)
    else:
        for j in range(n):
            u[i + j] = np.int32(_decayed(u[i + j], keep_u) + np.int32(a[j] << 6))
    for j in range(n):
        x = u[i + j]
        x = np.int32(x - WRAP) if x > HALF else (np.int32(x + WRAP) if x <= -HALF else x)
        u[i + j] = x
        w = np.int32(np.int32(_decayed(v[i + j], keep_v) + x) + bias[i + j])
        w = min(max(w, np.int32(-LIMIT)), LIMIT)
        spike = w > theta
        v[i + j] = np.int32(0) if spike else w
        fired[j] = np.uint8(spike)


@kernel
def _decayed(x, keep):
    """``x * keep / 4096`` rounded toward zero, for ``|x| < 2**31`` and ``keep <= 4096``.

    Taken in two parts it is exact and never leaves 32 bits: ``(x >> 12) * keep + ((x & 4095) * keep >> 12)``.
    """
    sign = np.int32(x >> 31)
    size = np.int32(np.int32(x ^ sign) - sign)
    high = np.int32(np.int32(size >> 12) * keep)
    low = np.int32(np.int32(np.int32(size & 4095) * keep) >> 12)
    return np.int32(np.int32(np.int32(high + low) ^ sign) - sign)


@kernel
def update_any(tables, p, a, u, v, waiting, fired, events):
    """One step of neurons with registers of their own, a soft reset, a refractory time or a second threshold.

    Parameters
    ----------
    tables, p : Tables and the population's record
    a : (size,) int32
        Summed input.
    u, v, waiting : (neurons,) int32
        Of all neurons; those of this population are read and written.
    fired, events : (size,) uint8, int32
        Whether a neuron sends an event, and its value.
    """
    n, i = np.uint64(p.size), np.uint64(p.first)
    for j in range(n):
        theta = tables.theta[i + j]
        x = np.int32(_decayed(u[i + j], tables.keep_u[i + j]) + np.int32(a[j] << 6))
        x = np.int32(x - WRAP) if x > HALF else (np.int32(x + WRAP) if x <= -HALF else x)
        w = np.int32(np.int32(_decayed(v[i + j], tables.keep_v[i + j]) + x) + tables.bias[i + j])
        w = min(max(w, np.int32(-LIMIT)), LIMIT)
        rest = waiting[i + j]
        w = w if rest == 0 else v[i + j]
        spike = rest == 0 and w > theta
        event = np.int32(1) if spike else (np.int32(-1) if w < p.theta_low else np.int32(0))
        after = np.int32(w - theta) if p.subtract else np.int32(0)
        u[i + j] = x
        v[i + j] = w if event == 0 else after
        waiting[i + j] = np.int32(p.refractory) if event != 0 else max(np.int32(rest - 1), np.int32(0))
        fired[j] = np.uint8(event != 0)
        events[j] = event


@kernel
def divide(a, divisor, size, divisor_min, bits, quotient_exp):
    """Replace the sums `a` by their quotients, with the reciprocal of the divisor from its leading bits."""
    for j in range(size):
        d = max(np.int64(divisor[j]), np.int64(divisor_min))
        e = np.int64(0)
        for half in (16, 8, 4, 2, 1):  # position of the leading one
            if d >> (e + half) != 0:
                e += half
        if bits == 0:
            e += np.int64(d * d > np.int64(1) << (2 * e + 1))
            q = (np.int64(a[j]) << quotient_exp) >> e
        else:
            mantissa = ((d << bits) >> e) - (np.int64(1) << bits)
            entry = np.int64(RECIPROCALS[(1 << bits) - 4 + mantissa])
            q = ((np.int64(a[j]) * entry) << quotient_exp) >> (e + RECIPROCAL_EXP)
        a[j] = np.int32(min(max(q, np.int64(-QUOTIENT_LIMIT)), np.int64(QUOTIENT_LIMIT)))
