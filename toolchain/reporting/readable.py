"""Numbers as a reader wants them: with a unit that fits, and never rounded into a claim."""

from __future__ import annotations

from math import floor

UNDEFINED = "undefined"
ENERGY = ("pJ", "nJ", "µJ", "mJ", "J")
TIME = ("ns", "µs", "ms", "s")
LABELS = {
    "synaptic_op": "synaptic operation",
    "synaptic_mac": "synaptic operation with a value",
    "neuron_update_active": "neuron update, active",
    "neuron_update_idle": "neuron update, idle",
    "axon_out": "message sent",
    "axon_in": "message received",
    "within_tile": "message within its tile",
    "hop_ew": "hop east-west",
    "hop_ns": "hop north-south",
    "synaptic_memory_bits": "synaptic memory",
    "in_axons": "in-axons",
    "out_axons": "out-axons",
}
"""What the page calls a component or a limit of a profile."""


def label(name: str) -> str:
    """Readable form of a name of ours."""
    return LABELS.get(name, name.replace("_", " "))


def count(value: float | None) -> str:
    """A number of things, or its mean: 25,759; 3.4 below 100 where it is no integer."""
    if value is None:
        return UNDEFINED
    return f"{value:,.0f}" if value >= 100 or value == int(value) else f"{value:.3g}"


def number_of(value: int, noun: str) -> str:
    """A number with its noun: 1 core, 1,024 cores."""
    return f"{value:,} {noun}" if value == 1 else f"{value:,} {noun}s"


def accuracy(value: float) -> str:
    """A measured accuracy in percent, rounded as measured values are."""
    return f"{100 * value:.2f} %"


def share(value: float | None, digits: int = 2) -> str:
    """A share in percent, cut instead of rounded: 100 % and 0 % are said only where they are exact."""
    if value is None:
        return UNDEFINED
    if value in (0.0, 1.0):
        return f"{value:.0%}".replace("%", " %")
    # The small number undoes the binary error of shares such as 0.29, which would be cut to 28.99 %.
    percent = floor(100 * value * 10**digits + 1e-9) / 10**digits
    smallest = 10**-digits
    return f"under {smallest:g} %" if percent < smallest else f"{min(percent, 100 - smallest):.{digits}f} %"


def energy(picojoules: float | None) -> str:
    """An energy with three digits: 739 nJ."""
    return _scaled(picojoules, ENERGY)


def duration(nanoseconds: float | None) -> str:
    """A time with three digits: 12.3 µs."""
    return _scaled(nanoseconds, TIME)


def significant(value: float | None) -> str:
    """A coefficient with four digits."""
    return UNDEFINED if value is None else f"{value:.4g}"


def unit_for(largest: float, units: tuple[str, ...]) -> tuple[float, str]:
    """The unit in which `largest` has one to three digits before its point, as (size in the first unit, name)."""
    rank = 0
    while abs(largest) >= 999.5 and rank < len(units) - 1:
        largest, rank = largest / 1000, rank + 1
    return 1000.0**rank, units[rank]


def _scaled(value: float | None, units: tuple[str, ...]) -> str:
    if value is None:
        return UNDEFINED
    size, unit = unit_for(value, units)
    value /= size
    return f"{value:,.0f} {unit}" if abs(value) >= 100 else f"{value:.3g} {unit}"
