"""What the rules of the report look at."""

from __future__ import annotations

from dataclasses import dataclass

from ...exporters.program.losses import Loss
from .activity import Activity, Port
from .layers import Layer

DEAD = 0.95
"""Share of neurons without a spike from which a layer is dead."""


@dataclass(frozen=True)
class Classes:
    """Samples that are right in float and in integers, and those that only one of both has right."""

    samples: int
    floats: int
    integers: int
    lost: int
    won: int


@dataclass(frozen=True)
class Evidence:
    """What the rules look at.

    Attributes
    ----------
    layers : tuple of Layer
    ports : tuple of Port
    losses : tuple of Loss
        Of the program.
    classes : Classes or None
        None without classes.
    thresholds : dict of str to (float, float, float, int)
        Smallest, median and largest float threshold, and the neuron furthest from the median.
    scale : str
        How the scale of the weights was chosen.
    """

    layers: tuple[Layer, ...]
    ports: tuple[Port, ...]
    losses: tuple[Loss, ...]
    classes: Classes | None
    thresholds: dict[str, tuple[float, float, float, int]]
    scale: str = ""

    def silent(self, layer: Layer, integers: bool) -> bool:
        """Whether nothing at all reaches `layer`."""
        rates: dict[str, float] = {port.name: port.active for port in self.ports}
        rates |= {row.name: run.rate for row in self.layers if (run := run_of(row, integers)) is not None}
        known = [rates[source] for source in layer.sources if source in rates]
        return bool(known) and not any(known)

    def starved(self, layer: Layer) -> bool:
        """Whether all that feeds `layer` in integers is dead, so that only its float run can judge it."""
        rows = {row.name: row for row in self.layers}
        active = {port.name: port.active for port in self.ports}
        known = [s for s in layer.sources if s in active or s in rows]
        return bool(known) and all(
            active[s] == 0 if s in active else self.dead(rows[s], integers=True) and s != layer.name for s in known
        )

    def dead(self, layer: Layer, integers: bool) -> bool:
        """Whether `layer` does not spike."""
        run = run_of(layer, integers)
        return layer.spiking and run is not None and run.dead >= DEAD * layer.size


def unjudged(seen: Evidence) -> dict[str, tuple[str, ...]]:
    """Layers that are dead in float though something reaches them, with the layers that get nothing behind them."""
    spiking = [row for row in seen.layers if row.spiking and row.floats is not None]
    silent = {row.name for row in spiking if seen.silent(row, integers=False)}
    dead = {row.name for row in seen.layers if seen.dead(row, integers=False) and row.name not in silent}
    return {name: tuple(sorted(silent)) for name in sorted(dead)} if silent else {}


def run_of(layer: Layer, integers: bool) -> Activity | None:
    """The integer run or the float run."""
    return layer.integers if integers else layer.floats
