"""`place` and `check_fit`: put a program on a chip, and say which rules it keeps."""

from __future__ import annotations

from ...exporters.program.program import Program
from ...models.errors import CapacityError, ConfigError
from ..chips.chip import Chip
from ..chips.profile import load_chip
from .loads import bits_of_index, count_destinations, grow
from .placement import Core, Placement
from .rules import Finding, findings
from .sequential import cut

STRATEGIES = {"sequential": cut}


def place(program: Program, chip: str | Chip = "loihi1-davies2018", strategy: str = "sequential") -> Placement:
    """Put every neuron of `program` on a core of `chip`.

    Parameters
    ----------
    program : Program
    chip : str or Chip
        Name of a profile, or a path to one. A chip without limits takes every population on one core.
    strategy : {"sequential"}
        Populations in program order, neurons in order (see `sequential`).

    Raises
    ------
    ConfigError
        For an unknown chip or strategy.
    CapacityError
        Naming every rule that the network breaks, with actual, limit and remedy.
    """
    placement = draft(program, chip, strategy)
    broken = [finding for finding in findings(placement) if not finding.ok]
    if broken:
        raise misfit(placement, broken)
    return placement


def check_fit(program: Program, chip: str | Chip = "loihi1-davies2018", strategy: str = "sequential") -> list[Finding]:
    """Check every rule of `place` at every place, kept or broken, without raising for broken ones."""
    return findings(draft(program, chip, strategy))


def draft(program: Program, chip: str | Chip = "loihi1-davies2018", strategy: str = "sequential") -> Placement:
    """Make a placement that may break rules; arguments as in `place`."""
    if strategy not in STRATEGIES:
        raise ConfigError(f"Placement strategy {strategy!r} is unknown; known are {', '.join(STRATEGIES)}.")
    profile = load_chip(chip) if isinstance(chip, str) else chip
    limits = {name: limit.value for name, limit in profile.limits.items()}
    starts, index_bits = STRATEGIES[strategy](program, limits), bits_of_index(limits.get("neurons", 1))
    cores: list[Core] = []
    for p in program.populations:
        sent = count_destinations(program, p.name, starts)
        for start, stop in zip(starts[p.name], [*starts[p.name][1:], p.size], strict=True):
            grown = grow(program, p.name, sent, start, stop, index_bits)
            loads = {name: int(rows[-1]) for name, rows in grown.items()}
            cores.append(Core(len(cores), p.name, start, stop, loads))
    return Placement(program, profile, strategy, tuple(cores))


def misfit(placement: Placement, broken: list[Finding]) -> CapacityError:
    """Build the error that lists the broken rules."""
    return CapacityError(
        f"This network does not fit {placement.chip.name}:",
        [f"{finding.sentence} {finding.remedy}" for finding in broken],
    )
