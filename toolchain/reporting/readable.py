"""Numbers as a reader wants them: with a unit that fits, and never rounded into a claim."""

from __future__ import annotations

from math import floor

UNDEFINED = "undefined"
_ENERGY = ("pJ", "nJ", "µJ", "mJ", "J")
_TIME = ("ns", "µs", "ms", "s")
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
    return _scaled(picojoules, _ENERGY)


def duration(nanoseconds: float | None) -> str:
    """A time with three digits: 12.3 µs."""
    return _scaled(nanoseconds, _TIME)


def significant(value: float | None) -> str:
    """A coefficient with four digits."""
    return UNDEFINED if value is None else f"{value:.4g}"


def _scaled(value: float | None, units: tuple[str, ...]) -> str:
    if value is None:
        return UNDEFINED
    rank = 0
    while abs(value) >= 999.5 and rank < len(units) - 1:
        value, rank = value / 1000, rank + 1
    return f"{value:,.0f} {units[rank]}" if abs(value) >= 100 else f"{value:.3g} {units[rank]}"
