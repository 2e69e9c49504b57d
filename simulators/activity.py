"""Counting what a run did: synaptic operations and neuron updates, exactly, from its spikes.

A synaptic operation is one event arriving at one existing synapse; zero weights are not synapses, and a graded event
counts once.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..exporters.program.program import Program, Projection


def synaptic_ops(program: Program, events: dict[str, NDArray[Any]]) -> dict[str, NDArray[np.int64]]:
    """Synaptic operations per projection, (T, B) int64, at the row in which the spikes arrive.

    Parameters
    ----------
    program : Program
    events : dict of str to (T, B, *shape) integer array
        Spikes of every population and events of every input.
    """
    return {p.name: (_arriving(p, events) != 0) @ p.fan_out for p in program.projections}


def updates(program: Program, events: dict[str, NDArray[Any]]) -> dict[str, NDArray[np.int64]]:
    """Neurons per population that had a synaptic event or a bias in a row, (T, B) int64; parameters as above."""
    active = {}
    for population in program.populations:
        touched = population.bias_mant != 0
        for projection in program.into(population.name):
            arriving = (_arriving(projection, events) != 0).astype(np.float32)
            touched = touched | (arriving @ (projection.weights.T != 0).astype(np.float32) > 0)
        steps_and_samples = next(iter(events.values())).shape[:2]
        active[population.name] = np.broadcast_to(touched, (*steps_and_samples, population.size)).sum(-1)
    return active


def _arriving(projection: Projection, events: dict[str, NDArray[Any]]) -> NDArray[Any]:
    """Events that reach the target in each row, (T, B, pre); nothing arrives from before the sample."""
    source = events[projection.source]
    source = source.reshape(*source.shape[:2], -1)
    shifted = np.zeros_like(source)
    shifted[projection.delay :] = source[: len(source) - projection.delay]
    return shifted
