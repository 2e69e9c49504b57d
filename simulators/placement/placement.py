"""Which neurons live on which core, and where that core lies."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from ...exporters.program.program import Program
from ..chips.chip import Chip

Ints = NDArray[np.int64]
ENTRY_TILE = 0
"""Tile at which the inputs' spikes enter the mesh: an assumption, Loihi's entry points are not published."""


@dataclass(frozen=True)
class Core:
    """Neurons ``start .. stop - 1`` of one flattened population.

    Attributes
    ----------
    index : int
        Position on the chip; tile ``index // cores_per_tile``.
    population : str
    start, stop : int
    loads : dict of str to int
        "neurons", "synaptic_memory_bits", "in_axons", "out_axons" (see `loads.grow`).
    """

    index: int
    population: str
    start: int
    stop: int
    loads: dict[str, int]


@dataclass(frozen=True, eq=False)
class Placement:
    """A program on a chip; build it through `place`, which checks that it fits.

    Attributes
    ----------
    program : Program
    chip : Chip
    strategy : str
    cores : tuple of Core
        Populations in program order, the neurons of each in order. Inputs come from outside and have no core.
    """

    program: Program
    chip: Chip
    strategy: str
    cores: tuple[Core, ...]

    @property
    def tiles(self) -> int:
        """Tiles in use; 0 on a chip without a mesh."""
        return len(set(self.tile_of_core.tolist())) if self.chip.mesh else 0

    @cached_property
    def tile_of_core(self) -> Ints:
        """Tile of every core, (cores,) int64; all 0 on a chip without a mesh."""
        mesh = self.chip.mesh
        return np.arange(len(self.cores)) // (mesh.cores_per_tile if mesh else max(len(self.cores), 1))

    def cores_of(self, population: str) -> slice:
        """Cores of a population; they follow each other."""
        found = [core.index for core in self.cores if core.population == population]
        return slice(found[0], found[-1] + 1)

    def core_of(self, population: str) -> Ints:
        """Core of every neuron of the flattened population, (size,) int64."""
        cores = self.cores[self.cores_of(population)]
        return np.repeat([core.index for core in cores], [core.stop - core.start for core in cores])

    def starts(self, population: str) -> list[int]:
        """First neuron of every core of a population."""
        return [core.start for core in self.cores[self.cores_of(population)]]

    @property
    def occupancy(self) -> dict[str, float]:
        """Share of every limit in use: per core the mean over used cores, and "cores" of the chip."""
        limits = {name: quantity.value for name, quantity in self.chip.limits.items()}
        used = {
            name: float(np.mean([core.loads[name] for core in self.cores]) / limit)
            for name, limit in limits.items()
            if name in self.cores[0].loads
        }
        return used | ({"cores": len(self.cores) / limits["cores"]} if "cores" in limits else {})

    @cached_property
    def layout(self) -> str:
        """SHA-256, hexadecimal, of program, cores and mesh: placements that share it give the same counts."""
        mesh = self.chip.mesh
        sides = (mesh.width, mesh.height, mesh.cores_per_tile) if mesh else None
        cores = [(core.population, core.start, core.stop) for core in self.cores]
        return hashlib.sha256(json.dumps([self.program.content_hash, cores, sides]).encode()).hexdigest()
