"""Counting what a run did: spikes, synaptic operations and neuron updates, exactly, from its events.

A synaptic operation is one event arriving at one existing synapse; zero weights are not synapses, and a graded event
counts once.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..exporters.program.program import Program, Projection

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
        {p.name: events[p.name].sum(0, dtype=np.int64) for p in program.populations},
        synaptic_ops(program, events),
        updates(program, events),
    )


def synaptic_ops(program: Program, events: dict[str, NDArray[Any]]) -> dict[str, Counts]:
    """Synaptic operations per projection, (T, B) int64, at the row in which the spikes arrive."""
    return {p.name: (_arriving(p, events) != 0) @ p.fan_out for p in program.projections}


def updates(program: Program, events: dict[str, NDArray[Any]]) -> dict[str, Counts]:
    """Neurons per population that had a synaptic event or a bias in a row, (T, B) int64."""
    return {name: rows.sum(-1, dtype=np.int64) for name, rows in touched(program, events).items()}


def touched(program: Program, events: dict[str, NDArray[Any]]) -> dict[str, NDArray[np.bool_]]:
    """Whether a neuron had a synaptic event or a bias in a row, (T, B, size) bool per population."""
    found = {}
    for population in program.populations:
        rows = population.bias_mant != 0
        for projection in program.into(population.name):
            arriving = (_arriving(projection, events) != 0).astype(np.float32)
            rows = rows | (arriving @ (projection.weights.T != 0).astype(np.float32) > 0)
        steps_and_samples = next(iter(events.values())).shape[:2]
        found[population.name] = np.broadcast_to(rows, (*steps_and_samples, population.size))
    return found


def _arriving(projection: Projection, events: dict[str, NDArray[Any]]) -> NDArray[Any]:
    """Events that reach the target in each row, (T, B, pre); nothing arrives from before the sample."""
    source = events[projection.source]
    source = source.reshape(*source.shape[:2], -1)
    shifted = np.zeros_like(source)
    shifted[projection.delay :] = source[: max(0, len(source) - projection.delay)]
    return shifted
