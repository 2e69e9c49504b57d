"""Who sends to which core, over how many hops: static tables of a placement."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .placement import ENTRY_TILE, Ints, Placement


def fan_out(placement: Placement, source: str) -> Ints:
    """Synapses of every neuron of an input or population in every core, (size, cores) int64."""
    program, cores = placement.program, len(placement.cores)
    table = np.zeros(program.source(source).size * cores, np.int64)
    for projection in program.projections:
        if projection.source == source:
            synapses = program.synapses(projection)
            core = placement.core_of(projection.target)[synapses.post]
            table += np.bincount(synapses.pre * cores + core, minlength=len(table))
    return table.reshape(-1, cores)


def hops(placement: Placement, tiles: NDArray[np.int64]) -> tuple[Ints, Ints]:
    """Hops east-west and north-south from each of `tiles` to the tile of every core, (tiles, cores) int64 each.

    Tile t lies at ``x = t % width``, ``y = t // width``; routes go along x first. Without a mesh nothing travels.
    """
    width = placement.chip.mesh.width if placement.chip.mesh else 1
    to = placement.tile_of_core
    x = np.abs(tiles[:, None] % width - to % width)
    y = np.abs(tiles[:, None] // width - to // width)
    return x, y


def entry_hops(placement: Placement) -> tuple[Ints, Ints]:
    """Hops from the tile where inputs enter to every core, (cores,) int64 each."""
    x, y = hops(placement, np.array([ENTRY_TILE]))
    return x[0], y[0]


def used_routes(placement: Placement) -> tuple[Ints, Ints]:
    """Hops east-west and north-south of every route that some message can take, (routes,) int64 each."""
    x, y = hops(placement, placement.tile_of_core)
    used = np.zeros(x.shape, bool)
    for p in placement.program.populations:
        cores = placement.cores_of(p.name)
        used[cores] = np.logical_or.reduceat(fan_out(placement, p.name) > 0, placement.starts(p.name), axis=0)
    from_entry = np.zeros(len(placement.cores), bool)
    for port in placement.program.inputs:
        from_entry |= (fan_out(placement, port.name) > 0).any(0)
    entry_x, entry_y = entry_hops(placement)
    return np.concatenate([x[used], entry_x[from_entry]]), np.concatenate([y[used], entry_y[from_entry]])
