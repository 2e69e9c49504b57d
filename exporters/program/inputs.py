"""Turning what a user hands in into integer events."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from ...models.errors import InputError
from .program import Input, Program

Events = dict[str, NDArray[Any]]
"""Integer events of every input by name: (T, B, *shape), uint8 spikes or int32 values."""
Given = TypeVar("Given")
_AT_ONCE = 1 << 17
"""Values that are converted at a time: what lies between stays in the processor's caches, and takes no memory."""


def encode_inputs(program: Program, x: NDArray[Any] | dict[str, NDArray[Any]]) -> Events:
    """Integer events of every input.

    Parameters
    ----------
    program : Program
    x : (T, B, *input_shape) array, or dict of input name to such an array
        Integers go unchanged; floats are scaled by the input's scale, rounded half to even and clipped. An input of
        the kind "bias" is not given.

    Returns
    -------
    dict of str to (T, B, *shape) array
        uint8 for spikes, without a copy where `x` holds bytes already; int32 for graded events.

    Raises
    ------
    InputError
        For a missing or unknown input, a wrong shape, a value that is not finite, or grey values at a spike input.
    """
    arrays = {name: np.asarray(rows) for name, rows in named_inputs(program, x).items()}
    for port in program.fed:
        require_shape(port, arrays[port.name].shape)
    if len({rows.shape[:2] for rows in arrays.values()}) != 1:
        raise InputError("All inputs must have the same T and B.")
    return encode(program, arrays)


def encode(program: Program, arrays: dict[str, NDArray[Any]], looked_at: bool = True) -> Events:
    """Do the same with arrays whose shapes are known to be right.

    If they are not `looked_at`, bytes without a sign pass for spikes; whoever runs them has to look.
    """
    encoded = {port.name: _encode(port, arrays[port.name], looked_at) for port in program.fed}
    if len(encoded) < len(program.inputs):
        size = next(iter(encoded.values())).shape[:2]
        biases = (port for port in program.inputs if port.kind == "bias")
        encoded |= {port.name: np.ones((*size, *port.shape), np.uint8) for port in biases}
    return encoded


def named_inputs(program: Program, x: Given | dict[str, Given]) -> dict[str, Given]:
    """What is given for every input by its name; those of the kind "bias" are not given.

    Raises
    ------
    InputError
        For a missing or unknown input.
    """
    given = x if isinstance(x, dict) else {program.fed[0].name: x}
    if given.keys() != program.fed_names:
        raise InputError(
            f"The program has the inputs {sorted(program.fed_names)}, given are {sorted(given)}. Give a dict of all."
        )
    return given


def require_shape(port: Input, shape: tuple[int, ...]) -> None:
    """Raise InputError if an array of this shape cannot be samples of the input `port`."""
    if shape[2:] != port.shape or len(shape) < 2 or 0 in shape:
        raise InputError(f"Input {port.name!r} must be (T, B, {', '.join(map(str, port.shape))}), is {shape}.")


def _encode(port: Input, x: NDArray[Any], looked_at: bool) -> NDArray[Any]:
    if not looked_at and port.kind == "spikes" and x.dtype == np.uint8:
        return x
    kind = x.dtype.kind
    if kind not in "biuf" or (kind == "f" and not all(np.isfinite(x[part]).all() for part in _parts(x))):
        raise InputError(f"Input {port.name!r} holds values that are not finite numbers (dtype {x.dtype}).")
    return _spikes(port, x) if port.kind == "spikes" else _values(port, x)


def _parts(x: NDArray[Any]) -> Iterator[tuple[slice, slice]]:
    """Where the parts of (T, B, *shape) rows lie that are converted one after the other."""
    steps, samples = x.shape[:2]
    size = x.size // (steps * samples)
    across = min(samples, max(1, _AT_ONCE // size))
    down = max(1, _AT_ONCE // (size * across))
    for t in range(0, steps, down):
        for b in range(0, samples, across):
            yield slice(t, t + down), slice(b, b + across)


def _spikes(port: Input, x: NDArray[Any]) -> NDArray[np.uint8]:
    if x.dtype.kind == "b":
        return (x.view(np.uint8) != 0).view(np.uint8)  # a foreign bool may hold any byte
    require_spikes(port, x)
    return x.view(np.uint8) if x.dtype.itemsize == 1 else x.astype(np.uint8)


def require_spikes(port: Input, x: NDArray[Any]) -> None:
    """Raise InputError if `x` holds anything but 0 and 1."""
    if not _is_binary(x):
        raise InputError(
            f"Input {port.name!r} takes binary spikes, but holds grey values from {x.min()} to {x.max()}. Encode them "
            "as spikes first (models.encoders.rate_code), or lower with a grey calibration input for graded events."
        )


def _is_binary(x: NDArray[Any]) -> bool:
    if x.dtype.kind == "f":
        return all(((x[part] == 0) | (x[part] == 1)).all() for part in _parts(x))
    return bool(x.max() <= 1 and (x.dtype.kind == "u" or x.min() >= 0))


def _values(port: Input, x: NDArray[Any]) -> NDArray[np.int32]:
    limit = (1 << port.bits) - 1
    if x.dtype.kind != "f":
        if x.min() < -limit or x.max() > limit:
            raise InputError(
                f"Input {port.name!r} holds {x.min()}..{x.max()}; its {port.bits} bits span {-limit}..{limit}."
            )
        return x.astype(np.int32)
    values = np.empty(x.shape, np.int32)
    for part in _parts(x):
        values[part] = np.clip(np.rint(x[part].astype(np.float64) * port.scale), -limit, limit)
    return values
