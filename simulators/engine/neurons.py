"""Compiled steps of the neurons of one population: docs/numeric-contract.md, kind by kind.

Numba widens integer arithmetic to 64 bits unless every single result is cast back; hence the many casts.
"""

from __future__ import annotations

import numpy as np

from ...exporters.program.program import STATE_LIMIT
from ...exporters.program.reciprocals import RECIPROCAL_EXP, reciprocals
from ..neurons import QUOTIENT_LIMIT
from .compiled import kernel
from .lists import append
from .membranes import (
    advance,
    advance_current,
    advance_current_soft,
    advance_small,
    advance_small_soft,
    advance_soft,
    decay,
)
from .shapes import BLOCK
from .vectors import prefer_wide_vectors

LIMIT = np.int32(STATE_LIMIT)
HALF, WRAP = np.int32(2**23), np.int32(2**24)
RECIPROCALS = np.concatenate([reciprocals(bits) for bits in (2, 3, 4)])
"""The look-ups of 2, 3 and 4 bits one behind the other; that of b bits begins at ``2**b - 4``."""


@kernel
def update_plain(tables, p, place, stop, a, at, up, work, first, sleeps):
    """One step of neurons that share their registers: the contract's lines for u, v and the spikes.

    Parameters
    ----------
    tables, p, work : Tables, the population's record, and Workspace
    place, stop : int
        Its neurons from `place` to before `stop` are updated; `place` is a multiple of 64.
    a : int16 or int32
        Summed input, from `at` on, to be shifted left by `up`; what lies behind it is read too, to no effect.
    first : int
        The neurons that fire are listed in ``work.rows`` from there on.
    sleeps : int
        Whether 64 neurons of which none has been touched are left alone.

    Returns
    -------
    int
        Where the list ends.
    """
    prefer_wide_vectors()
    u, v, bias, rows, touched, silent = work.u, work.v, tables.bias, work.rows, work.touched, work.silent
    last, up = first, np.int32(up)
    for n in range(np.uint64(place), np.uint64(stop), np.uint64(BLOCK)):
        to, of = np.uint64(p.state) + n, np.uint64(at) + n - np.uint64(place)
        if sleeps and _sleep(p, to, touched[np.uint64(p.word) + n // np.uint64(BLOCK)], v, silent):
            continue
        biased = np.uint64(p.state) + (n & np.uint64(p.biased))
        if p.keep_u == 0 and not p.wraps:
            if p.subtract:
                spikes = advance_small_soft(a, of, up, u, v, to, bias, biased, p.keep_u, p.keep_v, p.theta)
            else:
                spikes = advance_small(a, of, up, u, v, to, bias, biased, p.keep_u, p.keep_v, p.theta)
        elif p.keep_u == 0:
            if p.subtract:
                spikes = advance_soft(a, of, up, u, v, to, bias, biased, p.keep_u, p.keep_v, p.theta)
            else:
                spikes = advance(a, of, up, u, v, to, bias, biased, p.keep_u, p.keep_v, p.theta)
        elif p.subtract:
            spikes = advance_current_soft(a, of, up, u, v, to, bias, biased, p.keep_u, p.keep_v, p.theta)
        else:
            spikes = advance_current(a, of, up, u, v, to, bias, biased, p.keep_u, p.keep_v, p.theta)
        if np.uint64(stop) - n < np.uint64(BLOCK):
            spikes &= (np.uint64(1) << (np.uint64(stop) - n)) - np.uint64(1)
        last = append(rows, last, n, spikes)
        if sleeps:
            silent[to // np.uint64(BLOCK)] = np.int32(-1) if p.subtract and spikes != 0 else np.int32(0)
    return last


@kernel
def _sleep(p, to, mark, v, silent):
    """Let 64 neurons from `to` on sleep, if no event wakes them; else bring them up to date.

    Without a bias, what is not above its threshold only decays. After a spike of which something may be left, no one
    knows that.
    """
    block = to // np.uint64(BLOCK)
    behind = silent[block]
    if mark == 0 and behind >= 0:
        silent[block] = np.int32(behind + 1)
        return True
    if behind > 0:
        decay(v, to, p.keep_v, behind)
    return False


@kernel
def wake(p, work):
    """Bring all neurons of a population up to date, to take the next step whatever arrives."""
    v, silent = work.v, work.silent
    for to in range(np.uint64(p.state), np.uint64(p.state + p.size), np.uint64(BLOCK)):
        behind = silent[to // np.uint64(BLOCK)]
        if behind > 0:
            decay(v, to, p.keep_v, behind)
        silent[to // np.uint64(BLOCK)] = -1


@kernel
def let_sleep(p, sleeps, work):
    """Let neurons of population `p` be left alone from this row on, or wake all of them, if that is something new."""
    if work.asleep[p.source] != sleeps:
        wake(p, work)
        work.asleep[p.source] = sleeps


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
def wrapped(x):
    """Wrap 32 bits at 24, to -2**23 + 1 .. 2**23."""
    x = np.int32(x)
    return np.int32(x - WRAP) if x > HALF else (np.int32(x + WRAP) if x <= -HALF else x)


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
    n, i = np.uint64(p.size), np.uint64(p.state)
    for j in range(n):
        theta = tables.theta[i + j]
        x = np.int32(_decayed(u[i + j], tables.keep_u[i + j]) + np.int32(a[j] << 6))
        x = wrapped(x)
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
