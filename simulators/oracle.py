"""The arbiter: a slow, obviously right executor of a program.

Every line below is a line of the numeric contract; read it beside the docstring of `exporters.program.program`. The
arithmetic is that of lava-nc 0.10.0's fixed-point models (``lava/proc/lif/models.py``, ``lava/proc/dense/models.py``).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..exporters.program.program import STATE_LIMIT, Population, Program

Integers = NDArray[np.int64]


def run_rows(program: Program, x: dict[str, NDArray[Any]]) -> dict[str, dict[str, Integers]]:
    """Run B independent samples, row by row.

    Parameters
    ----------
    program : Program
    x : dict of str to (T, B, *shape) integer array
        Events of every input.

    Returns
    -------
    dict
        "u", "v" and "spikes", each a dict of population to (T, B, size) int64; v is the value after the reset.
    """
    steps, samples = next(iter(x.values())).shape[:2]
    events = {name: rows.reshape(steps, samples, -1).astype(np.int64) for name, rows in x.items()}
    u, v = {}, {}
    for p in program.populations:
        events[p.name], u[p.name], v[p.name] = (np.zeros((steps, samples, p.size), np.int64) for _ in range(3))
    for t in range(steps):
        for p in program.populations:  # by level, so that every feed-forward source has run
            a = sum((_arrive(program, q.name, events, t) for q in program.into(p.name)), np.zeros(p.size, np.int64))
            before = (u[p.name][t - 1], v[p.name][t - 1]) if t else (np.zeros_like(a), np.zeros_like(a))
            u[p.name][t], v[p.name][t], events[p.name][t] = step(p, *before, a)
    return {"u": u, "v": v, "spikes": {p.name: events[p.name] for p in program.populations}}


def step(p: Population, u: Integers, v: Integers, a: Integers) -> tuple[Integers, Integers, Integers]:
    """One step of a population: current, membrane after reset, spikes; all (B, size) int64."""
    u = wrap24(as_int32(decay(u, 4095 - p.du) + as_int32(a << 6)))
    v = np.clip(decay(v, 4096 - p.dv) + u + p.bias, -STATE_LIMIT, STATE_LIMIT)
    spikes = v > (p.vth << 6)
    return u, np.where(spikes, 0, v), spikes.astype(np.int64)


def decay(state: Integers, factor: int) -> Integers:
    """``state * factor / 4096`` rounded toward zero."""
    return np.sign(state) * ((np.abs(state) * factor) >> 12)


def wrap24(u: Integers) -> Integers:
    """One correction by 2**24, as Lava does it: +2**23 stays, -2**23 becomes +2**23."""
    return np.where(u > 2**23, u - 2**24, np.where(u <= -(2**23), u + 2**24, u))


def as_int32(values: Integers) -> Integers:
    """Wrap to 32 bits, the width of Lava's channels and of its current."""
    return (values + 2**31) % 2**32 - 2**31


def _arrive(program: Program, projection: str, events: dict[str, Integers], t: int) -> Integers:
    """Input of one projection in row t, (B, post); spikes from before the sample do not exist."""
    p = next(q for q in program.projections if q.name == projection)
    row = t - p.delay
    source = events[p.source][row] if row >= 0 else np.zeros_like(events[p.source][0])
    total = source @ p.weights.T.astype(np.int64)
    return as_int32(total << p.weight_exp if p.weight_exp >= 0 else total >> -p.weight_exp)
