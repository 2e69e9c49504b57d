"""The flat arrays that kernels read and write, and the shapes in which people see them."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...exporters.program.inputs import Events
from ...exporters.program.program import Program
from .order import Image, as_outside
from .prepared import Prepared
from .tables import Results


def flat_inputs(program: Program, prepared: Prepared, events: Events) -> tuple[NDArray[np.uint8], NDArray[np.int32]]:
    """Rows of all spike and bias inputs side by side, and of all graded ones; a single one is copied only if turned."""
    turned = {name: _turned(rows, prepared.images.get(name)) for name, rows in events.items()}
    spikes = [turned[port.name] for port in program.inputs if port.kind != "graded"]
    values = [turned[port.name] for port in program.inputs if port.kind == "graded"]
    return (
        _read_only(_side_by_side(spikes, np.uint8)) if spikes else NO_SPIKES,
        _read_only(_side_by_side(values, np.int32)) if values else NO_VALUES,
    )


def _turned(rows: NDArray[Any], image: Image | None) -> NDArray[Any]:
    """Rows of an input place by place, if it is held so."""
    return rows if image is None else np.moveaxis(rows.reshape(*rows.shape[:2], *image), 2, -1)


def _side_by_side(events: list[NDArray[Any]], dtype: type) -> NDArray[Any]:
    if len(events) > 1:
        return np.concatenate([e.reshape(*e.shape[:2], -1) for e in events], axis=2, dtype=dtype)
    return np.ascontiguousarray(events[0], dtype)


def _read_only(array: NDArray[Any]) -> NDArray[Any]:
    """A flat view that cannot be written: to Numba that is another type, so there is one kind of input, not two."""
    view = array.reshape(-1)
    view.setflags(write=False)
    return view


NO_BYTES, NO_INTEGERS = np.zeros(0, np.uint8), np.zeros(0, np.int32)
NO_SPIKES, NO_VALUES = _read_only(NO_BYTES), _read_only(NO_INTEGERS)
"""Buffers and inputs without room, the same ones in every run."""


def new_results(prepared: Prepared, steps: int, samples: int, spikes: bool, state: bool) -> Results:
    """Allocate what the kernels write; what nobody reads has no room."""
    neurons, rows = prepared.neurons, steps * samples
    valued = sum(stop - first for name, first, stop, _ in prepared.populations if name in prepared.valued)
    return Results(
        counts=np.zeros(neurons * samples, np.int64),
        last=np.zeros(neurons * samples, np.int32) if prepared.reads_membrane else NO_INTEGERS,
        ops=np.zeros(len(prepared.projections) * rows, np.int64),
        updates=np.zeros(prepared.tables.segments * rows, np.int64),
        spikes=np.zeros(neurons * rows, np.uint8) if spikes or prepared.valued else NO_BYTES,
        values=np.zeros(valued * rows, np.int32),
        u=np.zeros(neurons * rows, np.int32) if state else NO_INTEGERS,
        v=np.zeros(neurons * rows, np.int32) if state else NO_INTEGERS,
    )


def by_population(prepared: Prepared, flat: NDArray[Any], *rows: int) -> dict[str, NDArray[Any]]:
    """Views (*rows, *shape) of a buffer that holds population after population; none if it has no room."""
    if not flat.size:
        return {}
    length = prod(rows)
    return {
        name: as_outside(flat[first * length : stop * length].reshape(*rows, -1), shape, prepared.images.get(name))
        for name, first, stop, shape in prepared.populations
    }
