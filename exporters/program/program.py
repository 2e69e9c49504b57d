"""The integer program: what every backend executes, bit for bit.

Integers only, discrete time. docs/numeric-contract.md says in pseudo-code what a step of every kind of population and
projection does; for those that lava-nc has, it is lava-nc's fixed-point arithmetic word for word.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from .layout import content_hash, write_program
from .losses import Loss
from .population import READOUT_LIMIT, STATE_LIMIT, VTH_MAX, Array, Population
from .ports import Input, Output
from .projection import Projection, SignMode

if TYPE_CHECKING:
    from .synapses import Synapses

__all__ = [
    "READOUT_LIMIT",
    "STATE_LIMIT",
    "VTH_MAX",
    "Array",
    "Events",
    "Input",
    "Output",
    "Population",
    "Program",
    "Projection",
    "SignMode",
]


class Events(NamedTuple):
    """What one event of a source can be: an integer of `bits` bits, negative too if it is `signed`."""

    bits: int
    signed: bool

    @property
    def graded(self) -> bool:
        """Whether an event has to be sent with its value."""
        return self.signed or self.bits > 1

    @property
    def dtype(self) -> type[np.integer]:
        """Smallest type that recorded events are kept in."""
        return np.int32 if self.bits > 1 else np.int8


@dataclass(frozen=True, eq=False)
class Program:
    """A whole network in integers; build it through `make_program`, which checks it.

    Attributes
    ----------
    inputs, populations, projections, outputs : tuple
        Populations are in execution order: by level, then by name.
    losses : tuple of Loss
        What the export rounded or dropped on the way here. Not part of the content hash.
    settings : dict of str to (value, origin)
        Choices made while lowering (dt_s, integration, spike_op, reset, ...). Not part of the content hash.
    """

    inputs: tuple[Input, ...]
    populations: tuple[Population, ...]
    projections: tuple[Projection, ...]
    outputs: tuple[Output, ...]
    losses: tuple[Loss, ...] = ()
    settings: dict[str, tuple[str | float, str]] = field(default_factory=dict)

    def into(self, population: str) -> tuple[Projection, ...]:
        """Projections that end in `population`, in the order of the program."""
        return tuple(p for p in self.projections if p.target == population)

    def source(self, name: str) -> Input | Population:
        """Return the input or population called `name`."""
        return self._sources[name]

    def level(self, name: str) -> int:
        """Level of an input (0) or population."""
        return self.levels[name]

    def hops(self, projection: Projection) -> int:
        """Synaptic delay that aligns the rows of the slowest synapse: level(target) - level(source) - 1 + delay."""
        return self.level(projection.target) - self.level(projection.source) - 1 + projection.max_delay

    def events(self, source: str) -> Events:
        """What the events of an input or population are; those of a relay are its source's."""
        found = self.source(source)
        if isinstance(found, Input):
            return Events(found.bits, found.kind == "graded")
        if found.kind == "relay":
            return self.events(self.into(source)[0].source)
        return Events(1, found.kind == "ternary")

    def synapses(self, projection: Projection) -> Synapses:
        """Every existing synapse of `projection`, listed."""
        if projection.name not in self._listed:
            from .synapses import list_synapses

            shapes = self.source(projection.source).shape, self.source(projection.target).shape
            self._listed[projection.name] = list_synapses(projection, *shapes)
        return self._listed[projection.name]

    @cached_property
    def levels(self) -> dict[str, int]:
        """Level of every input and population."""
        return {**{port.name: 0 for port in self.inputs}, **{p.name: p.level for p in self.populations}}

    @cached_property
    def fed(self) -> tuple[Input, ...]:
        """Inputs that a user gives: all but those of the kind "bias"."""
        return tuple(port for port in self.inputs if port.kind != "bias")

    @cached_property
    def fed_names(self) -> frozenset[str]:
        """Their names."""
        return frozenset(port.name for port in self.fed)

    @cached_property
    def depth(self) -> int:
        """Largest level."""
        return max(p.level for p in self.populations)

    @cached_property
    def longest_sample(self) -> int:
        """Most rows of a sample in which no readout can leave its register."""
        from .bounds import longest_sample

        return longest_sample(self)

    @cached_property
    def content_hash(self) -> str:
        """SHA-256 of everything that decides a result (see `layout.content_hash`)."""
        return content_hash(self)

    def save(self, path: str | Path) -> None:
        """Write the program as one file, which `load_program` reads."""
        write_program(self, path)

    @cached_property
    def _sources(self) -> dict[str, Input | Population]:
        return {s.name: s for s in (*self.inputs, *self.populations)}

    @cached_property
    def _listed(self) -> dict[str, Synapses]:
        return {}
