"""What a chip profile holds: abilities and quantities with provenance, limits, mesh, barrier."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

Kind = Literal["specified", "simulated", "measured", "estimated"]


@dataclass(frozen=True)
class Quantity:
    """A number with its provenance.

    Attributes
    ----------
    value : float
    unit : str
    kind : {"specified", "simulated", "measured", "estimated"}
        "specified" is a property of the design, such as the size of a memory.
    source : str
    """

    value: float
    unit: str
    kind: Kind
    source: str


ABILITIES = {
    "graded_spikes": "a spike carries a value",
    "soft_reset": "a spike can take the threshold off the membrane instead of setting it to zero",
    "registers_per_neuron": "neurons of a core have decays and thresholds of their own",
    "refractory": "a neuron can rest for some steps after a spike",
    "ternary": "a neuron has a second, negative threshold and sends spikes of both signs",
    "divided_input": "a neuron has two sums and divides one by the other",
    "stateless": "a membrane can keep nothing of the step before (decay 4096)",
}
"""What a chip may have or lack, with what it means."""


@dataclass(frozen=True)
class Ability:
    """Whether a chip has one of `ABILITIES`, with its provenance as of a `Quantity`."""

    value: bool
    kind: Kind
    source: str


@dataclass(frozen=True)
class Mesh:
    """Tiles of cores in a rectangle; messages go east or west first, then north or south.

    Attributes
    ----------
    width, height : int
        In tiles.
    cores_per_tile : int
    sources : dict of str to Quantity
        The three numbers with their provenance.
    """

    width: int
    height: int
    cores_per_tile: int
    sources: dict[str, Quantity]


@dataclass(frozen=True)
class Barrier:
    """Time that all cores need to agree that a step is over, by the number of tiles that take part.

    Attributes
    ----------
    between : {"linear", "steps"}
        Between two points the time grows linearly, or stays that of the last point.
    points : tuple of (int, Quantity)
        Tiles, ascending, and the time in ns from there on.
    """

    between: Literal["linear", "steps"]
    points: tuple[tuple[int, Quantity], ...]

    def at(self, tiles: int) -> Quantity:
        """Barrier time with `tiles` tiles; outside the points it is that of the nearest one."""
        known = [count for count, _ in self.points]
        last = self.points[max(sum(count <= tiles for count in known) - 1, 0)][1]
        if self.between == "steps" or tiles in known:
            return last
        value = float(np.interp(tiles, known, [quantity.value for _, quantity in self.points]))
        return Quantity(value, last.unit, last.kind, f"{last.source}; linear in the number of tiles, {tiles} here")


@dataclass(frozen=True)
class Chip:
    """A chip profile.

    Attributes
    ----------
    name, title, source : str
    abilities : dict of str to Ability
        Every one of `ABILITIES`.
    limits : dict of str to Quantity
        Per core "neurons", "synaptic_memory_bits", "in_axons", "out_axons"; per chip "cores"; per synapse
        "synaptic_delay" in steps. What is absent is unlimited.
    mesh : Mesh or None
        None: the profile knows no cores, and nothing travels.
    energy : dict of str to Quantity
        Energy of one event of every component, in pJ; empty: the profile cannot price.
    time : dict of str to Quantity
        Time of one event, in ns; empty: the profile has no timing.
    barrier : Barrier or None
    not_included : tuple of str
        What the profile cannot price.
    """

    name: str
    title: str
    source: str
    abilities: dict[str, Ability]
    limits: dict[str, Quantity]
    mesh: Mesh | None
    energy: dict[str, Quantity]
    time: dict[str, Quantity]
    barrier: Barrier | None
    not_included: tuple[str, ...]

    def has(self, ability: str) -> bool:
        """Whether the chip has one of `ABILITIES`."""
        return self.abilities[ability].value
