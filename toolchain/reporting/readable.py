"""Numbers as a reader wants them: with a unit that fits, and never rounded into a claim."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import floor
from typing import Any

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


def register(value: int | Sequence[int]) -> str:
    """One value, or from the smallest to the largest where each neuron or synapse has its own."""
    if isinstance(value, int):
        return str(value)
    low, high = value
    return str(low) if low == high else f"{low} to {high}"


def kind(population: Mapping[str, Any]) -> str:
    """Kind of a population with what is special about it: lif, resets by subtraction."""
    said = [population["kind"]]
    if population["reset"] == "subtract":
        said.append("resets by subtraction")
    if population["refractory"]:
        said.append(f"rests {number_of(population['refractory'], 'row')}")
    if population["kind"] == "ternary":
        said.append(f"lower threshold {population['vth_low']}")
    if population["kind"] == "ei_gain":
        bits = population["reciprocal_bits"]
        said.append(f"reciprocal of {bits} bits" if bits else "nearest power of two")
        said.append(f"quotient x 2^{population['quotient_exp']}, divisor from {population['divisor_min']}")
    return ", ".join(said)


def form(projection: Mapping[str, Any]) -> str:
    """Kind and shape of a projection: convolution 8x3x3x3, stride 2x2."""
    sizes = "x".join(map(str, projection["shape"]))
    said = [f"{projection['kind']} {sizes}"]
    if window := projection["window"]:
        if projection["kind"] == "pooling":
            said = [f"pooling {_pair(window['kernel'])}"]
        usual = {"stride": [1, 1], "padding": [0, 0], "dilation": [1, 1]}
        said += [f"{name} {_pair(window[name])}" for name, value in usual.items() if list(window[name]) != value]
        said += [f"{window['groups']} groups"] if window["groups"] > 1 else []
    if projection["port"] != "current":
        said.append(f"to the {projection['port']}")
    return ", ".join(said)


def _pair(sizes: Sequence[int]) -> str:
    return "x".join(map(str, sizes))


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
