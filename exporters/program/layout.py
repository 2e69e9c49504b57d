"""How a program lies in a file and what identifies it: one JSON description and named arrays.

A file is one safetensors container. Its metadata names the format, its version, the content hash and the description;
its arrays are called ``part/name/field`` and have the types of `ARRAY_TYPES`, whatever types they had in memory.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...models.files import atomic_file
from .pieces import pieces

FORMAT = "spikewright-program"
FORMAT_VERSION = "2"
PARTS = ("inputs", "populations", "projections", "outputs")
ARRAY_TYPES = {
    "du": "<i4",
    "dv": "<i4",
    "vth": "<i4",
    "bias_mant": "<i4",
    "weights": "<i2",
    "indptr": "<i4",
    "indices": "<i4",
    "delay": "<i2",
    "membrane_unit": "<f8",
    "unit": "<f8",
}
"""Type in the file of every field that can be an array, little-endian."""
_DECIDES_NOTHING = frozenset({"origin", "membrane_unit", "unit"})


def describe(program: Any) -> dict[str, Any]:
    """Everything but the arrays, ready for JSON."""
    parts: dict[str, Any] = {kind: [_scalars(item) for item in getattr(program, kind)] for kind in PARTS}
    parts["losses"] = [asdict(loss) for loss in program.losses]
    return parts | {"settings": dict(program.settings)}


def named_arrays(program: Any) -> dict[str, NDArray[Any]]:
    """All arrays, as they lie in memory, under the names they have in the file."""
    return {
        f"{part}/{item.name}/{name}": array
        for part in ("populations", "projections")
        for item in getattr(program, part)
        for name, array in vars(item).items()
        if isinstance(array, np.ndarray)
    }


def content_hash(program: Any) -> str:
    """SHA-256, hexadecimal, of the numbers and names that decide a result.

    Losses, settings, origins and float units are left out; neither the order in which parts were given nor the types
    of arrays matter.
    """
    parts = describe(program)
    deciding = {
        kind: sorted(
            ({key: value for key, value in item.items() if key not in _DECIDES_NOTHING} for item in parts[kind]),
            key=lambda item: item["name"],
        )
        for kind in PARTS
    }
    for port in deciding["inputs"]:
        port["scale"] = float(port["scale"])
    digest = hashlib.sha256(json.dumps(deciding, sort_keys=True).encode())
    for name, array in sorted(named_arrays(program).items()):
        if name.rpartition("/")[2] in _DECIDES_NOTHING:
            continue
        digest.update(f"{name}:{array.shape}".encode())
        for piece in pieces(array, type_of(name)):
            digest.update(piece.data)
    return digest.hexdigest()


def write_program(program: Any, path: str | Path) -> None:
    """Write `program` as one safetensors file, whole or not at all."""
    from .container import write_file

    header = {
        "format": FORMAT,
        "version": FORMAT_VERSION,
        "hash": program.content_hash,
        "program": json.dumps(describe(program)),
    }
    with atomic_file(path) as temporary:
        arrays = named_arrays(program)
        write_file(temporary, header, arrays, {name: type_of(name) for name in arrays})


def type_of(name: str) -> str:
    """Type in the file of the array called ``part/name/field``."""
    return ARRAY_TYPES[name.rpartition("/")[2]]


def _scalars(item: Any) -> dict[str, Any]:
    values = {f.name: getattr(item, f.name) for f in fields(item)}
    return {name: value for name, value in values.items() if not isinstance(value, np.ndarray)}
