"""Static bounds: what states can reach at most, whatever the input, so that nothing overflows unseen."""

from __future__ import annotations

from bisect import bisect_right
from functools import partial

import numpy as np

from ...models.errors import NumericRangeError
from .passes.stored import weight_of
from .program import READOUT_LIMIT, Population, Program, Projection

MOST_ROWS = 1 << 40
"""No sample is longer."""


def longest_memory(keep: float, steps: int | None) -> float:
    """Largest factor by which a constant input can grow in a state that keeps `keep` of itself per step.

    It is the geometric sum over `steps` rows, or over infinitely many where `steps` is None.
    """
    if keep >= 1.0:
        return np.inf if steps is None else float(steps)
    return (1.0 - keep**steps) / (1.0 - keep) if steps is not None else 1.0 / (1.0 - keep)


def largest_input(program: Program, population: Population) -> int:
    """Largest magnitude of the summed input of one step, in units of the accumulator, before the shift by 6."""
    return sum(_reach(program, projection) for projection in program.into(population.name))


def largest_membrane(program: Program, population: Population, steps: int) -> float:
    """Largest magnitude of v after `steps` rows without a spike."""
    return _membrane(population, largest_input(program, population), steps)


def _membrane(population: Population, largest: int, steps: int) -> float:
    current = 64 * largest * longest_memory((4095 - int(np.min(population.du))) / 4096, steps)
    bias = int(np.abs(population.bias).max(initial=0))
    return (current + bias) * longest_memory((4096 - int(np.min(population.dv))) / 4096, steps)


def longest_sample(program: Program) -> int:
    """Most rows of a sample in which no readout's membrane can leave its register; `MOST_ROWS` if it never can."""
    most = MOST_ROWS
    for p in program.populations:
        if p.kind == "readout":
            reach = partial(_membrane, p, largest_input(program, p))
            most = min(most, bisect_right(range(1, MOST_ROWS + 1), READOUT_LIMIT, key=reach))
    return most


def require_readouts_in_range(program: Program, steps: int) -> None:
    """Refuse a run in which a readout's membrane could leave its register.

    Raises
    ------
    NumericRangeError
        Naming every readout population whose membrane could pass `READOUT_LIMIT` within `steps` rows.
    """
    if steps <= program.longest_sample:
        return
    bad = [
        f"population {p.name!r} can reach {reach:.0f} in {steps} rows, limit {READOUT_LIMIT}"
        for p in program.populations
        if p.kind == "readout" and (reach := largest_membrane(program, p, steps)) > READOUT_LIMIT
    ]
    if bad:
        raise NumericRangeError("Samples are too long for the readout; lower with calibration of this length:", bad)


def _reach(program: Program, p: Projection) -> int:
    source, events = program.source(p.source), program.events(p.source)
    total = weight_of(p, source.shape, source.size).largest_sum(*events)
    # A right shift floors the sum of every delay, so a negative one can grow by one unit.
    return total << p.weight_exp if p.weight_exp >= 0 else (total >> -p.weight_exp) + len(p.delays)
