"""Turning what a user hands in into integer events."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...models.errors import InputError
from .program import Input, Program

Events = dict[str, NDArray[Any]]
"""Integer events of every input by name: (T, B, *shape), uint8 spikes or int32 values."""


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
    fed = [i for i in program.inputs if i.kind != "bias"]
    arrays = x if isinstance(x, dict) else {fed[0].name: x}
    if arrays.keys() != (names := {i.name for i in fed}):
        raise InputError(f"The program has the inputs {sorted(names)}, given are {sorted(arrays)}. Give a dict of all.")
    encoded = {i.name: _encode(i, np.asarray(arrays[i.name])) for i in fed}
    sizes = {a.shape[:2] for a in encoded.values()}
    if len(sizes) != 1:
        raise InputError("All inputs must have the same T and B.")
    size = sizes.pop()
    return encoded | {i.name: np.ones((*size, *i.shape), np.uint8) for i in program.inputs if i.kind == "bias"}


def _encode(port: Input, x: NDArray[Any]) -> NDArray[Any]:
    shape, kind = x.shape, x.dtype.kind
    if shape[2:] != port.shape or len(shape) != len(port.shape) + 2 or 0 in shape:
        raise InputError(f"Input {port.name!r} must be (T, B, {', '.join(map(str, port.shape))}), is {shape}.")
    if kind not in "biuf" or (kind == "f" and not np.isfinite(x).all()):
        raise InputError(f"Input {port.name!r} holds values that are not finite numbers (dtype {x.dtype}).")
    return _spikes(port, x) if port.kind == "spikes" else _values(port, x)


def _spikes(port: Input, x: NDArray[Any]) -> NDArray[np.uint8]:
    if x.dtype.kind == "b":
        return (x.view(np.uint8) != 0).view(np.uint8)  # a foreign bool may hold any byte
    if not _is_binary(x):
        raise InputError(
            f"Input {port.name!r} takes binary spikes, but holds grey values from {x.min()} to {x.max()}. Encode them "
            "as spikes first (models.encoders.rate_code), or lower with a grey calibration input for graded events."
        )
    return x.view(np.uint8) if x.dtype.itemsize == 1 else x.astype(np.uint8)


def _is_binary(x: NDArray[Any]) -> bool:
    if x.dtype.kind == "f":
        return bool(((x == 0) | (x == 1)).all())
    return bool(x.max() <= 1 and (x.dtype.kind == "u" or x.min() >= 0))


def _values(port: Input, x: NDArray[Any]) -> NDArray[np.int32]:
    limit = (1 << port.bits) - 1
    if x.dtype.kind == "f":
        x = np.clip(np.rint(x.astype(np.float64) * port.scale), -limit, limit)
    elif x.min() < -limit or x.max() > limit:
        raise InputError(
            f"Input {port.name!r} holds {x.min()}..{x.max()}; its {port.bits} bits span {-limit}..{limit}."
        )
    return x.astype(np.int32)
