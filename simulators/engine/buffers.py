"""The flat arrays that kernels read and write, and the shapes in which people see them."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...exporters.program.inputs import Events
from ...exporters.program.program import Program
from .order import as_outside
from .tables import Inputs, Results, Tables

if TYPE_CHECKING:
    from .prepared import Prepared


def flat_inputs(program: Program, events: Events) -> Inputs:
    """Rows of all spike and bias inputs side by side, and of all graded ones; a single one is not copied."""
    spikes = [events[port.name] for port in program.inputs if port.kind != "graded"]
    values = [events[port.name] for port in program.inputs if port.kind == "graded"]
    return Inputs(_side_by_side(spikes, np.uint8), _side_by_side(values, np.int32))


def _side_by_side(events: list[NDArray[Any]], dtype: type[np.generic]) -> NDArray[Any]:
    if not events:
        return np.zeros(0, dtype)
    if len(events) > 1:
        return np.concatenate([e.reshape(*e.shape[:2], -1) for e in events], axis=2, dtype=dtype).reshape(-1)
    return np.ascontiguousarray(events[0], dtype).reshape(-1)


class Extent(NamedTuple):
    """What the size of results depends on.

    Attributes
    ----------
    neurons, valued : int
        All neurons, and those whose events carry values.
    projections, segments, kept : int
        Of the tables.
    reads_membrane : bool
        Whether an output needs the membranes of the last row.
    """

    neurons: int
    valued: int
    projections: int
    segments: int
    kept: int
    reads_membrane: bool


def extent_of(program: Program, tables: Tables) -> Extent:
    """Extent of a program and its tables."""
    own = tables.populations
    valued = int(own["size"][own["valued"] != 0].sum())
    membrane = any(o.readout == "membrane" for o in program.outputs)
    neurons = int(tables.populations["size"].sum())
    return Extent(neurons, valued, len(tables.projections), tables.segments, tables.kept, membrane)


def result_rooms(
    extent: Extent, steps: int, samples: int, spikes: bool, state: bool
) -> tuple[tuple[int, type[np.generic]], ...]:
    """Size and type of the members of a Results; what nobody reads has no room."""
    neurons, rows = extent.neurons, steps * samples
    return (
        (neurons * samples, np.int64),  # counts
        (neurons * samples if extent.reads_membrane else 0, np.int32),  # last
        (extent.projections * rows, np.int64),  # ops
        (extent.segments * rows, np.int64),  # updates
        (extent.kept * rows, np.int64),  # tallies
        (neurons * rows if spikes or extent.valued else 0, np.uint8),  # spikes
        (extent.valued * rows, np.int32),  # values
        (neurons * rows if state else 0, np.int32),  # u
        (neurons * rows if state else 0, np.int32),  # v
    )


def new_results(extent: Extent, steps: int, samples: int, spikes: bool, state: bool) -> Results:
    """Allocate what the kernels write."""
    return Results(*[np.zeros(*room) for room in result_rooms(extent, steps, samples, spikes, state)])


def by_population(prepared: Prepared, flat: NDArray[Any], *rows: int) -> dict[str, NDArray[Any]]:
    """Views (*rows, *shape) of a buffer that holds population after population; none if it has no room."""
    if not flat.size:
        return {}
    length = prod(rows)
    return {
        name: as_outside(flat[first * length : stop * length].reshape(*rows, -1), shape, prepared.images.get(name))
        for name, first, stop, shape in prepared.populations
    }
