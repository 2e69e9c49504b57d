"""Pass: inputs of the network as ports of the program, spikes or graded events, as the calibration shows them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ....models.errors import CapacityError, InputError
from ..limits import ChipLimits
from ..losses import Loss
from ..ports import EVENT_BITS_MAX, Input
from ..registers import is_int
from .network import Network, Synapses

GRADED_BITS = 8
"""Width of a graded input event that lowering chooses where it is told none."""
Calibration = NDArray[Any] | dict[str, NDArray[Any]] | None
"""Real input (T, B, *shape), one of them or by the name of the input."""


def inputs_of(
    network: Network, calibration: Calibration, chip: ChipLimits | None, bits: int | None = None
) -> tuple[dict[str, Input], int | None]:
    """Port of every input by name, and rows of a sample where the calibration shows them.

    Parameters
    ----------
    network : Network
    calibration : array, or dict of str to array
    chip : ChipLimits or None
    bits : int or None
        Width of a graded input of floats; `GRADED_BITS` if None.

    Raises
    ------
    InputError
        If the calibration names other inputs than the network has, is empty, not finite or not of the input's shape,
        or if T and B differ between inputs.
    CapacityError
        If the input is grey and the chip has binary spikes only.
    """
    rows = _by_name(network, calibration)
    fed = {name: shape for name, shape in network.inputs.items() if name not in network.constants}
    ports = {name: _input(name, shape, rows.get(name), chip, bits or GRADED_BITS) for name, shape in fed.items()}
    ports |= {name: Input(name, network.inputs[name], "bias") for name in sorted(network.constants)}
    sizes = {name: x.shape[:2] for name, x in rows.items()}
    if len(set(sizes.values())) > 1:
        raise InputError(f"All inputs of a calibration must have the same T and B, are {sizes}.")
    return ports, next((steps for steps, _ in sizes.values()), None)


def wrong_width(bits: object) -> Iterator[str]:
    """Name a width of a graded input that none can have."""
    if bits is not None and (not is_int(bits) or not 1 <= bits <= EVENT_BITS_MAX):  # type: ignore[operator]
        yield f"input_bits = {bits!r}; a graded event has 1 to {EVENT_BITS_MAX} bits"


def rounded_inputs(inputs: dict[str, Input], calibration: Calibration) -> list[Loss]:
    """Grey values become events; integers and spikes are events already."""
    given = calibration if isinstance(calibration, dict) else dict.fromkeys(inputs, calibration)
    return [
        Loss(i.name, f"values became events of {i.bits} bits: steps of {1 / i.scale:.2e}, clipped at the peak", "input")
        for i in inputs.values()
        if i.kind == "graded" and np.asarray(given[i.name]).dtype.kind == "f"
    ]


def settings_of(losses: list[Loss], bits: int | None) -> dict[str, tuple[str | float, str]]:
    """Width of the events of grey inputs, which `losses` of `rounded_inputs` name, as a program carries it."""
    if losses:
        return {"input_bits": (bits or GRADED_BITS, "argument" if bits else "default")}
    if not bits:
        return {}
    return {"input_bits": ("unused", f"argument was {bits}; no input has fractions, so all go unchanged")}


def per_event(s: Synapses, port: Input | None) -> Synapses:
    """Synapses with weights per integer event; `port` is their source, None for a population."""
    return s if port is None else replace(s, weight=s.weight.with_values(s.weight.values / port.scale))


def event_range(port: Input | None) -> tuple[int, bool]:
    """Bits of a source's events, and whether they can be negative; None for a population."""
    return (1, False) if port is None else (port.bits, port.kind == "graded")


def _by_name(network: Network, calibration: Calibration) -> dict[str, NDArray[Any]]:
    fed = sorted(network.inputs.keys() - network.constants)
    if calibration is None:
        return {}
    if not isinstance(calibration, dict):
        calibration = {fed[0]: calibration} if len(fed) == 1 else {"": calibration}
    if set(calibration) != set(fed):
        given = "one array" if "" in calibration else sorted(map(str, calibration))
        raise InputError(f"The graph has the inputs {fed}, the calibration gives {given}. Give a dict of all.")
    return {name: np.asarray(x) for name, x in calibration.items()}


def _input(name: str, shape: tuple[int, ...], x: NDArray[Any] | None, chip: ChipLimits | None, bits: int) -> Input:
    if x is None:
        return Input(name, shape)
    fits = x.ndim >= 2 and x.shape[2:] == shape and x.size > 0
    if not fits or x.dtype.kind not in "biuf" or not np.isfinite(x).all():
        wanted = ", ".join(map(str, ("T", "B", *shape)))
        raise InputError(f"Calibration of {name!r} must be finite, ({wanted}), is {x.shape} of {x.dtype}.")
    if np.isin(x, (0, 1)).all():
        return Input(name, shape)
    if chip is not None and not chip.graded_spikes:
        raise CapacityError(
            f"Input {name!r} is grey (values {x.min():g} to {x.max():g}), but the spikes of {chip.name} carry no "
            "value. Encode it as binary spikes (models.encoders.rate_code) or choose a chip with graded spikes."
        )
    peak = max(-float(x.min()), float(x.max()))  # the magnitude of an integer type's minimum is no value of that type
    if x.dtype.kind in "iu":  # integers go unchanged, so they are the events
        return Input(name, shape, "graded", 1.0, int(peak).bit_length())
    return Input(name, shape, "graded", ((1 << bits) - 1) / peak, bits)
