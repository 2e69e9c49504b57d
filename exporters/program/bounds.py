"""Static bounds: what states can reach at most, whatever the input, so that nothing overflows unseen."""

from __future__ import annotations

import numpy as np

from ...models.errors import NumericRangeError
from .program import READOUT_LIMIT, Array, Input, Population, Program, Projection


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
    current = (
        64 * largest_input(program, population) * longest_memory((4095 - int(np.min(population.du))) / 4096, steps)
    )
    bias = int(np.abs(population.bias).max(initial=0))
    return (current + bias) * longest_memory((4096 - int(np.min(population.dv))) / 4096, steps)


def require_readouts_in_range(program: Program, steps: int) -> None:
    """Refuse a run in which a readout's membrane could leave its register.

    Raises
    ------
    NumericRangeError
        Naming every readout population whose membrane could pass `READOUT_LIMIT` within `steps` rows.
    """
    reach = {p.name: largest_membrane(program, p, steps) for p in program.populations if p.kind == "readout"}
    bad = [
        f"population {name!r} can reach {value:.0f} in {steps} rows, limit {READOUT_LIMIT}"
        for name, value in reach.items()
        if value > READOUT_LIMIT
    ]
    if bad:
        raise NumericRangeError("Samples are too long for the readout; lower with calibration of this length:", bad)


def largest_sum(weights: Array, port: Input | None) -> int:
    """Largest magnitude of ``weights @ events`` over all events that the source can send.

    Parameters
    ----------
    weights : (post, pre) integer array
    port : Input or None
        The source, if it is an input; populations send binary spikes.
    """
    weights = weights.astype(np.int64)
    if port is not None and port.kind == "graded":  # events of both signs
        return int(np.abs(weights).sum(1).max(initial=0)) * ((1 << port.bits) - 1)
    return int(max(weights.clip(min=0).sum(1).max(initial=0), -weights.clip(max=0).sum(1).min(initial=0)))


def _reach(program: Program, projection: Projection) -> int:
    synapses, events = program.synapses(projection), program.events(projection.source)
    positive, negative = (
        np.bincount(synapses.post, (sign * synapses.weight).clip(min=0), synapses.shape[0]) for sign in (1, -1)
    )
    total = positive + negative if events.signed else np.maximum(positive, negative)
    total = int(total.max(initial=0)) * ((1 << events.bits) - 1)
    # A right shift floors, so a negative sum can grow by one unit.
    return total << projection.weight_exp if projection.weight_exp >= 0 else (total >> -projection.weight_exp) + 1
