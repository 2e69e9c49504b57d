"""The arbiter: a slow, obviously right executor of a program.

It goes row by row and reads like docs/numeric-contract.md, which says where each line comes from. What one step of a
kind of neurons does stands in `simulators.neurons`.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..exporters.program.program import Population, Program, Projection
from .neurons import State, as_int32, step, wrap24_modulo

Integers = NDArray[np.int64]
Rows = dict[str, Integers]


def run_rows(program: Program, x: dict[str, NDArray[Any]], samples: str = "independent") -> dict[str, Rows]:
    """Run B samples, row by row.

    Parameters
    ----------
    program : Program
    x : dict of str to (T, B, *shape) integer array
        Events of every input.
    samples : {"independent", "stream"}
        Every sample starts from zero with nothing in flight; or they follow each other as on a chip that only resets
        the neurons at the first row of every sample: events on their way reach the next one, and neurons of level L
        run L rows early.

    Returns
    -------
    dict
        "u", "v" and "spikes", each a dict of population to (T, B, size) int64; v is the value after the reset.
    """
    steps, count = next(iter(x.values())).shape[:2]
    streamed = samples == "stream"
    early = program.depth if streamed else 0
    events = {name: _in_front(_laid(rows, streamed), early) for name, rows in x.items()}
    rows, batch = (steps * count, 1) if streamed else (steps, count)
    u, v = {}, {}
    for p in program.populations:
        events[p.name], u[p.name], v[p.name] = (np.zeros((early + rows, batch, p.size), np.int64) for _ in range(3))
    states: dict[str, State] = {}
    for row in range(-early, rows):
        for p in program.populations:  # by level, so that every feed-forward source has run
            if row < -p.level:
                continue
            if row % steps == 0 or p.name not in states:
                states[p.name] = State.zero((batch, p.size))
            a, divisor = (_arrive(program, p, port, events, row + early) for port in ("current", "divisor"))
            states[p.name], spikes = step(p, states[p.name], a, divisor)
            at = row + early
            u[p.name][at], v[p.name][at], events[p.name][at] = states[p.name].u, states[p.name].v, spikes
    found = {"u": u, "v": v, "spikes": {p.name: events[p.name] for p in program.populations}}
    return {kind: {n: _cut(r[early:], steps, count) for n, r in of.items()} for kind, of in found.items()}


def _arrive(program: Program, population: Population, port: str, events: Rows, at: int) -> Integers:
    """Sum of what all projections into a port bring in one row, (B, size)."""
    total = np.zeros_like(events[population.name][0])
    for q in program.into(population.name):
        if q.port == port:
            total = total + _bring(program, q, events[q.source], at)
    return as_int32(total)


def _bring(program: Program, q: Projection, events: Integers, at: int) -> Integers:
    """What one projection brings in one row; events from before the first row do not exist."""
    total = np.zeros((events.shape[1], program.source(q.target).size), np.int64)
    for delay, weights in program.synapses(q).by_delay.items():
        if at - delay >= 0:
            total = total + _shifted(q, (weights @ events[at - delay].T).T)
    return total


def _shifted(q: Projection, total: Integers) -> Integers:
    """The exponent acts on the sum, of each delay by itself; a convolution wraps at 24 bits and drops no bit."""
    shifted = total << q.weight_exp if q.weight_exp >= 0 else total >> -q.weight_exp
    return wrap24_modulo(shifted) if q.kind in ("convolution", "pooling") else as_int32(shifted)


def _laid(rows: NDArray[Any], streamed: bool) -> Integers:
    """Events (T, B, size), or all samples one behind the other, (B T, 1, size)."""
    steps, count = rows.shape[:2]
    flat = rows.reshape(steps, count, -1).astype(np.int64)
    return flat.swapaxes(0, 1).reshape(steps * count, 1, -1) if streamed else flat


def _in_front(rows: Integers, blank: int) -> Integers:
    return np.concatenate([np.zeros((blank, *rows.shape[1:]), np.int64), rows])


def _cut(rows: Integers, steps: int, count: int) -> Integers:
    if len(rows) == steps:
        return rows
    return rows.reshape(count, steps, -1).swapaxes(0, 1)
