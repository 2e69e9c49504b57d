"""Turning what a user hands in into integer events, as ``exporters/program/inputs.py`` does, with a gradient."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from ...models.errors import InputError
from ..program.program import Input, Program
from .straight import straight

Rows = Any
"""(T, B, *shape) array or tensor, or a dict of input name to such an array."""


def encode_inputs(program: Program, x: Rows, device: torch.device) -> dict[str, Tensor]:
    """Events (T, B, size) of every input, float32; parameters and errors are those of the integer backends.

    A float value at a graded input is rounded straight through.
    """
    fed = [i for i in program.inputs if i.kind != "bias"]
    given = x if isinstance(x, Mapping) else {fed[0].name: x}
    if given.keys() != (names := {i.name for i in fed}):
        raise InputError(f"The program has the inputs {sorted(names)}, given are {sorted(given)}. Give a dict of all.")
    events = {i.name: _encoded(i, torch.as_tensor(given[i.name], device=device)) for i in fed}
    sizes = {e.shape[:2] for e in events.values()}
    if len(sizes) != 1:
        raise InputError("All inputs must have the same T and B.")
    size = sizes.pop()
    ones = {i.name: torch.ones((*size, i.size), device=device) for i in program.inputs if i.kind == "bias"}
    return events | ones


def _encoded(port: Input, x: Tensor) -> Tensor:
    if tuple(x.shape[2:]) != port.shape or x.ndim != len(port.shape) + 2 or 0 in x.shape:
        wanted = ", ".join(map(str, port.shape))
        raise InputError(f"Input {port.name!r} must be (T, B, {wanted}), is {tuple(x.shape)}.")
    flat = x.flatten(2)
    return _spikes(port, flat) if port.kind == "spikes" else _values(port, flat)


def _spikes(port: Input, x: Tensor) -> Tensor:
    if not bool(((x == 0) | (x == 1)).all()):
        raise InputError(
            f"Input {port.name!r} takes binary spikes, but holds grey values from {x.min()} to {x.max()}. Encode them "
            "as spikes first (models.encoders.rate_code), or lower with a grey calibration input for graded events."
        )
    return x.float()


def _values(port: Input, x: Tensor) -> Tensor:
    limit = (1 << port.bits) - 1
    if x.is_floating_point():
        scaled = x.double() * port.scale
        if not bool(torch.isfinite(scaled).all()):
            raise InputError(f"Input {port.name!r} holds values that are not finite numbers (dtype {x.dtype}).")
        return straight(scaled, scaled.detach().round().clamp(-limit, limit)).float()
    x = x.long()  # torch compares no unsigned integers but bytes
    low, high = int(x.min()), int(x.max())
    if low < -limit or high > limit:
        raise InputError(f"Input {port.name!r} holds {low}..{high}; its {port.bits} bits span {-limit}..{limit}.")
    return x.float()
