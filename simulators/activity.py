"""Counting what a run did: spikes, synaptic operations and neuron updates, exactly, from its events.

A synaptic operation is one event arriving at one existing synapse; zero weights are not synapses, and a graded event
counts once.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..exporters.program.program import Program

Counts = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Activity:
    """Counts of a run, as `Trace` holds them.

    Attributes
    ----------
    counts : dict of population to (B, *shape) int64 array
    synaptic_ops : dict of projection to (T, B) int64 array
    updates : dict of population to (T, B) int64 array
    """

    counts: dict[str, Counts]
    synaptic_ops: dict[str, Counts]
    updates: dict[str, Counts]


def count_activity(program: Program, events: dict[str, NDArray[Any]]) -> Activity:
    """Count a run whose events are all known.

    Parameters
    ----------
    program : Program
    events : dict of str to (T, B, *shape) integer array
        Spikes of every population and events of every input.
    """
    return Activity(
        {p.name: np.count_nonzero(events[p.name], 0).astype(np.int64) for p in program.populations},
        synaptic_ops(program, events),
        updates(program, events),
    )


def synaptic_ops(program: Program, events: dict[str, NDArray[Any]]) -> dict[str, Counts]:
    """Synaptic operations per projection, (T, B) int64, at the row in which the spikes arrive."""
    counts = {}
    for q in program.projections:
        matrices = program.synapses(q).by_delay.items()
        rows = [_arriving(events[q.source], delay) @ np.diff(matrix.tocsc().indptr) for delay, matrix in matrices]
        counts[q.name] = sum(rows, np.zeros(events[q.source].shape[:2], np.int64))
    return counts


def updates(program: Program, events: dict[str, NDArray[Any]]) -> dict[str, Counts]:
    """Neurons per population that had a synaptic event or a bias in a row, (T, B) int64."""
    return {name: rows.sum(-1, dtype=np.int64) for name, rows in touched(program, events).items()}


def touched(program: Program, events: dict[str, NDArray[Any]]) -> dict[str, NDArray[np.bool_]]:
    """Whether a neuron had a synaptic event or a bias in a row, (T, B, size) bool per population."""
    found = {}
    for population in program.populations:
        rows = population.bias_mant != 0
        for projection in program.into(population.name):
            for delay, matrix in program.synapses(projection).by_delay.items():
                arriving = _arriving(events[projection.source], delay)
                reached = (matrix != 0).astype(np.float32) @ arriving.reshape(-1, matrix.shape[1]).T.astype(np.float32)
                rows = rows | (reached.T.reshape(*arriving.shape[:2], -1) > 0)
        steps_and_samples = next(iter(events.values())).shape[:2]
        found[population.name] = np.broadcast_to(rows, (*steps_and_samples, population.size))
    return found


def _arriving(events: NDArray[Any], delay: int) -> NDArray[np.bool_]:
    """Which events reach the target in each row, (T, B, pre); nothing arrives from before the sample."""
    source = events.reshape(*events.shape[:2], -1) != 0
    shifted = np.zeros_like(source)
    shifted[delay:] = source[: max(0, len(source) - delay)]
    return shifted
