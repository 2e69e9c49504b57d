"""Chips as a user names them: placing a network on every profile that takes it, and describing rules and profiles."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from ..exporters.program.program import Program
from ..models.errors import CapacityError
from ..simulators.chips.chip import ABILITIES
from ..simulators.chips.profile import Chip, Quantity, list_chips, load_chip
from ..simulators.placement import Finding, Placement, place
from ..simulators.placement.fitting import draft
from ..simulators.placement.rules import findings
from ..simulators.pricing import require_energies
from .reporting.readable import number_of


@dataclass(frozen=True)
class Placements:
    """A program on several chips.

    Attributes
    ----------
    fitting : dict of str to Placement
    misfits : dict of str to str
        Profiles that the program does not fit, with the reason.
    """

    fitting: dict[str, Placement]
    misfits: dict[str, str]

    @property
    def counted(self) -> Placement | None:
        """The placement to hand to `simulate`: the first one on a mesh."""
        return next((placed for placed in self.fitting.values() if placed.chip.mesh), None)


def place_all(program: Program, chips: list[str] | None = None) -> Placements:
    """Place `program` on every shipped profile that prices and takes it, or on those named, which have to.

    Raises
    ------
    ConfigError
        For an unknown chip.
    UnsupportedOp
        If a chip that was named has no energies.
    CapacityError
        If it does not fit a chip that was named.
    """
    if chips:
        for name in chips:
            require_energies(load_chip(name))
        return Placements({placed.chip.name: placed for placed in (place(program, name) for name in chips)}, {})
    fitting, misfits = {}, {}
    for chip in (chip for chip in map(load_chip, list_chips()) if chip.energy):
        name = chip.name
        try:
            fitting[name] = place(program, chip)
        except CapacityError as error:
            misfits[name] = " ".join(error.violations)
    return Placements(fitting, misfits)


def describe_fit(program: Program, chip: str) -> tuple[dict[str, Any], Placement, list[Finding]]:
    """Every rule with actual and limit, what is used of the chip, and the cores of every population.

    Without a mesh there are no cores and no tiles: None.
    """
    placement = draft(program, chip)
    found = findings(placement)
    limits = {name: int(limit.value) for name, limit in placement.chip.limits.items()}
    meshed = placement.chip.mesh is not None
    content = {
        "chip": placement.chip.name,
        "program_hash": program.content_hash,
        "fits": all(finding.ok for finding in found),
        "rules": [asdict(finding) for finding in found],
        "cores": len(placement.cores) if meshed else None,
        "tiles": placement.tiles if meshed else None,
        "occupancy": placement.occupancy,
        "limits": limits,
        "units": {name: limit.unit for name, limit in placement.chip.limits.items()},
        "populations": {
            p.name: {
                "neurons": p.size,
                "cores": len(placement.starts(p.name)) if meshed else None,
                "synaptic_memory_bits": sum(
                    core.loads["synaptic_memory_bits"] for core in placement.cores[placement.cores_of(p.name)]
                ),
            }
            for p in program.populations
        },
    }
    return content, placement, found


def describe_chip(chip: Chip) -> dict[str, Any]:
    """Everything a profile holds, every number with unit, kind and source."""
    numbers: dict[str, Quantity] = {f"limit {name}": quantity for name, quantity in chip.limits.items()}
    if chip.mesh:
        numbers |= {f"mesh {name}": quantity for name, quantity in chip.mesh.sources.items()}
    numbers |= {f"energy {name}": quantity for name, quantity in chip.energy.items()}
    numbers |= {f"time {name}": quantity for name, quantity in chip.time.items()}
    if chip.barrier:
        numbers |= {f"barrier from {number_of(tiles, 'tile')}": quantity for tiles, quantity in chip.barrier.points}
    return {
        "name": chip.name,
        "title": chip.title,
        "source": chip.source,
        "graded_spikes": chip.has("graded_spikes"),
        "abilities": {
            name: {"meaning": ABILITIES[name]} | asdict(ability) for name, ability in sorted(chip.abilities.items())
        },
        "barrier_between_points": chip.barrier.between if chip.barrier else None,
        "numbers": {name: asdict(quantity) for name, quantity in numbers.items()},
        "not_included": list(chip.not_included),
    }
