"""From the rows of the report to findings: one readable rule for each way in which a layer can fail."""

from __future__ import annotations

from collections.abc import Iterator

from .activity import Activity, Port
from .coarse import coarse, lost_accuracy, out_of_line, rounded_away
from .evidence import Evidence
from .findings import Finding
from .layers import Layer

DIED = 0.1
"""Share of neurons that take part in float and are silent in integers, from which it is told."""
MOST = 0.5
"""The same, from which the layer does not work."""
FULL = 0.75
"""Share of pairs of neuron and sample with a spike in every row, from which a layer saturates."""
OVERSHOOT = 32.0
"""Membrane of the median spike, in thresholds, from which spikes tell no more than the sign of the input; one to ten in
trained networks."""
AT_LIMIT = 1e-3
"""Share of membranes at the end of their register."""
CLIPPED = 1e-3
"""Share of the input's values cut at the end of their range."""


def find_causes(seen: Evidence) -> list[Finding]:
    """Apply every rule."""
    found = [finding for port in seen.ports for finding in _input(port)]
    saturating: set[str] = set()
    for layer in seen.layers:
        died = list(_dead(layer, seen))
        full = [] if any(f.severity == "error" for f in died) else list(_saturating(layer, saturating))
        saturating |= {f.layer for f in full if f.severity == "error"}
        found += [*died, *full, *out_of_line(layer, seen)]
        if not died and not full:
            found += [*coarse(layer, seen)]
    return found + list(lost_accuracy(seen, found))


def _input(port: Port) -> Iterator[Finding]:
    if port.active == 0:
        yield Finding(
            "error", port.name, "input", "no event at all", "the data is zero, or rounds to zero",
            f"0 of all values become an event at {port.scale:g} events per unit", "check the data and its encoding",
        )  # fmt: skip
    if port.clipped > CLIPPED:
        yield Finding(
            "warning", port.name, "input", "values are clipped", "the data exceeds what the calibration data held",
            f"{port.clipped:.2%} of the values are beyond {(1 << port.bits) - 1} events, at {port.scale:g} per unit",
            "calibrate on data that spans the same range",
        )  # fmt: skip


def _dead(layer: Layer, seen: Evidence) -> Iterator[Finding]:
    floats, integers = layer.floats, layer.integers
    if not layer.spiking:
        return
    if floats is not None and seen.dead(layer, integers=False):
        if not seen.silent(layer, integers=False):
            yield _never_alive(layer, floats)
        return
    if integers is None or seen.starved(layer):
        return  # what feeds it is dead: that layer is told
    if floats is None:
        if seen.dead(layer, integers=True):
            yield _never_alive(layer, integers)
        return
    if seen.dead(layer, integers=True) or (layer.died or 0) > DIED * layer.size:
        yield _died(layer, floats, integers, seen)


def _never_alive(layer: Layer, run: Activity) -> Finding:
    reach = "" if run.reach is None else f"; its largest membrane is {run.reach:.3g} of a threshold"
    return Finding(
        "error", layer.name, "dead", f"{run.dead} of {layer.size} neurons never spike",
        "the thresholds are too high for what arrives" if run.reach is None or run.reach < 1
        else "nearly all its neurons stay below their thresholds",
        f"{run.backend}: rate {run.rate:.2g}{reach}",
        "lower the thresholds or raise the weights of this layer, and train on; rounding is not the reason",
    )  # fmt: skip


def _died(layer: Layer, floats: Activity, integers: Activity, seen: Evidence) -> Finding:
    worst = max(layer.grids, key=lambda g: g.vanished or 0.0, default=None)
    most = seen.dead(layer, integers=True) or (layer.died or 0) >= MOST * layer.size
    evidence = (
        f"{integers.dead} of {layer.size} neurons never spike in {integers.backend}, {floats.dead} in {floats.backend}"
    )
    if worst is not None and (worst.vanished or 0.0) > DIED:
        cause, remedy = rounded_away(layer, worst, seen)
        evidence += (
            f"; {worst.vanished:.1%} of the weights of {worst.projection} and {worst.rows_vanished} of {worst.rows} "
            f"rows became zero, {worst.values_used} of {worst.values_available} grid values are used"
        )
    else:
        off = 0.0 if layer.rounding is None else layer.rounding.threshold
        cause = "rounding moves its membranes below their thresholds"
        remedy = f"give the layer more weight bits; its threshold is off by {off:.1%}"
    return Finding(
        "error" if most else "warning", layer.name, "dead", "neurons that spike in float are dead in integers",
        cause, evidence, remedy,
    )  # fmt: skip


def _saturating(layer: Layer, before: set[str]) -> Iterator[Finding]:
    runs = [run for run in (layer.integers, layer.floats) if run is not None and _is_full(layer, run)]
    if not runs:
        return
    run = runs[0]
    full, over = layer.spiking and run.full >= FULL, run.overshoot or 0.0
    parts = [f"{run.backend}: {run.always_on} of {layer.size} neurons spike in every row of every sample"]
    parts += [f"{run.full:.1%} of all pairs of neuron and sample in every row, rate {run.rate:.3f}"]
    parts += [f"the median spike is at {over:.3g} thresholds"] if over else []
    parts += [f"{run.at_limit:.2%} of the membranes at their limit"] if run.at_limit else []
    behind = sorted(before & set(layer.sources))
    if behind:
        cause = f"{', '.join(behind)} in front of it saturates"
    elif layer.bias is not None and layer.bias >= max(0.5, over / 4):
        cause = f"its bias is too large: {layer.bias:.3g} thresholds a row in the median"
    else:
        cause = "its weights are too large for its thresholds"
    yield Finding(
        "warning" if behind else "error", layer.name, "saturating",
        "nearly all neurons spike in every row, whatever the input" if full
        else "its spikes tell the sign of the input and no more" if over >= OVERSHOOT
        else "membranes stop at the end of their register",
        cause, "; ".join(parts), "mend that layer first" if behind
        else "raise the thresholds, or lower the weights and biases of this layer, and train on",
    )  # fmt: skip


def _is_full(layer: Layer, run: Activity) -> bool:
    """Whether its neurons spike in every row, or its membranes leave their thresholds far behind or fill a register."""
    flooded = run.full >= FULL or (run.overshoot or 0.0) >= OVERSHOOT
    return (layer.spiking and flooded) or (run.at_limit or 0.0) >= AT_LIMIT
