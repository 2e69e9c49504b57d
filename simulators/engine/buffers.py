"""The flat arrays that kernels read and write, and the shapes in which people see them."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...exporters.program.inputs import Events
from ...exporters.program.program import Program
from .prepared import Prepared
from .tables import Results


def flat_inputs(program: Program, events: Events) -> tuple[NDArray[np.uint8], NDArray[np.int32]]:
    """Rows of all spike inputs side by side, and of all graded ones; a single one is not copied."""
    spikes = [_rows(events[port.name]) for port in program.inputs if port.kind == "spikes"]
    values = [_rows(events[port.name]) for port in program.inputs if port.kind == "graded"]
    return _side_by_side(spikes, np.uint8), _side_by_side(values, np.int32)


def _rows(events: NDArray[Any]) -> NDArray[Any]:
    return events.reshape(*events.shape[:2], -1)


def _side_by_side(rows: list[NDArray[Any]], dtype: type) -> NDArray[Any]:
    if not rows:
        return _read_only(np.zeros(0, dtype))
    joined = rows[0] if len(rows) == 1 else np.concatenate(rows, axis=2)
    return _read_only(np.ascontiguousarray(joined, dtype).reshape(-1))


def _read_only(array: NDArray[Any]) -> NDArray[Any]:
    """A view that cannot be written: to Numba that is a type of its own, so there is one kind of input, not two."""
    view = array.view()
    view.flags.writeable = False
    return view


def new_results(prepared: Prepared, steps: int, samples: int, spikes: bool, state: bool) -> Results:
    """Allocate what the kernels write; what nobody reads has no room."""
    neurons, rows = prepared.tables.bias.size, steps * samples
    return Results(
        counts=np.zeros(neurons * samples, np.int64),
        last=np.zeros(neurons * samples if prepared.reads_membrane else 0, np.int32),
        ops=np.zeros(len(prepared.projections) * rows, np.int64),
        updates=np.zeros(prepared.tables.segments * rows, np.int64),
        spikes=np.zeros(neurons * rows if spikes else 0, np.uint8),
        u=np.zeros(neurons * rows if state else 0, np.int32),
        v=np.zeros(neurons * rows if state else 0, np.int32),
    )


def by_population(prepared: Prepared, flat: NDArray[Any], *rows: int) -> dict[str, NDArray[Any]]:
    """Views (*rows, *shape) of a buffer that holds population after population; none if it has no room."""
    if not flat.size:
        return {}
    length = prod(rows)
    return {
        name: flat[first * length : (first + prod(shape)) * length].reshape(*rows, *shape)
        for name, first, shape in prepared.populations
    }
