"""The flat arrays that kernels read and write, and the shapes in which people see them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...exporters.program.inputs import Events
from ...exporters.program.program import Population, Program
from .tables import Results, Tables


def flat_inputs(program: Program, events: Events) -> tuple[NDArray[np.uint8], NDArray[np.int32]]:
    """Rows of all spike inputs side by side, and of all graded ones; a single one is not copied."""
    spikes = [_rows(events[port.name]) for port in program.inputs if port.kind == "spikes"]
    values = [_rows(events[port.name]) for port in program.inputs if port.kind == "graded"]
    return _side_by_side(spikes, np.uint8), _side_by_side(values, np.int32)


def _rows(events: NDArray[Any]) -> NDArray[Any]:
    return events.reshape(*events.shape[:2], -1)


def _side_by_side(rows: list[NDArray[Any]], dtype: type) -> NDArray[Any]:
    if not rows:
        return np.zeros(0, dtype)
    joined = rows[0] if len(rows) == 1 else np.concatenate(rows, axis=2)
    return np.ascontiguousarray(joined, dtype).reshape(-1)


def new_results(tables: Tables, steps: int, samples: int, spikes: bool, state: bool) -> Results:
    """Allocate what the kernels write; spikes and states only if they are recorded."""
    rows, neurons = steps * samples, tables.bias.size
    return Results(
        counts=np.zeros(samples * neurons, np.int32),
        last=np.zeros(samples * neurons, np.int32),
        ops=np.zeros(len(tables.projections) * rows, np.int64),
        updates=np.zeros(tables.segments * rows, np.int64),
        spikes=np.zeros(neurons * rows if spikes else 0, np.uint8),
        u=np.zeros(neurons * rows if state else 0, np.int32),
        v=np.zeros(neurons * rows if state else 0, np.int32),
    )


def by_population(program: Program, flat: NDArray[Any], steps: int, samples: int) -> dict[str, NDArray[Any]]:
    """Views (T, B, *shape) of a recorded buffer; none if nothing was recorded."""
    rows = steps * samples if flat.size else 0
    return {
        p.name: flat[neurons.start * rows : neurons.stop * rows].reshape(steps, samples, *p.shape)
        for p, neurons in _neurons(program)
        if rows
    }


def by_sample(program: Program, flat: NDArray[Any], samples: int) -> dict[str, NDArray[Any]]:
    """Views (B, size) of a buffer that holds all neurons of a sample side by side."""
    return {p.name: flat.reshape(samples, -1)[:, neurons] for p, neurons in _neurons(program)}


def _neurons(program: Program) -> Iterator[tuple[Population, slice]]:
    """Every population with its neurons in the flattened network."""
    first = 0
    for p in program.populations:
        yield p, slice(first, first + p.size)
        first += p.size
