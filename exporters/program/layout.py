"""How a program lies in a file and what identifies it: one JSON description and named integer arrays."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...models.files import atomic_file

FORMAT = "spikewright-program"
FORMAT_VERSION = "0"
PARTS = ("inputs", "populations", "projections", "outputs")
_DECIDES_NOTHING = frozenset({"origin", "membrane_unit"})


def describe(program: Any) -> dict[str, Any]:
    """Everything but the arrays, ready for JSON."""
    parts: dict[str, Any] = {kind: [_scalars(item) for item in getattr(program, kind)] for kind in PARTS}
    parts["losses"] = [asdict(loss) for loss in program.losses]
    return parts | {"settings": dict(program.settings)}


def named_arrays(program: Any) -> dict[str, NDArray[np.integer]]:
    """All arrays under the names they have in the file."""
    return {
        f"{part}/{item.name}/{name}": np.ascontiguousarray(array)
        for part in ("populations", "projections")
        for item in getattr(program, part)
        for name, array in vars(item).items()
        if isinstance(array, np.ndarray)
    }


def content_hash(program: Any) -> str:
    """SHA-256, hexadecimal, of the numbers and names that decide a result.

    Losses, settings, origins and float units are left out, and the order in which parts were given does not matter.
    """
    parts = describe(program)
    deciding = {
        kind: sorted(
            ({key: value for key, value in item.items() if key not in _DECIDES_NOTHING} for item in parts[kind]),
            key=lambda item: item["name"],
        )
        for kind in PARTS
    }
    digest = hashlib.sha256(json.dumps(deciding, sort_keys=True).encode())
    for name, array in sorted(named_arrays(program).items()):
        digest.update(f"{name}:{array.shape}".encode())
        digest.update(np.ascontiguousarray(array, dtype="<i4").tobytes())
    return digest.hexdigest()


def write_program(program: Any, path: str | Path) -> None:
    """Write `program` as one safetensors file, whole or not at all."""
    from safetensors.numpy import save

    header = {"format": FORMAT, "version": FORMAT_VERSION, "program": json.dumps(describe(program))}
    data = save(named_arrays(program), metadata=header)
    with atomic_file(path) as temporary:
        temporary.write_bytes(data)


def _scalars(item: Any) -> dict[str, Any]:
    values = {f.name: getattr(item, f.name) for f in fields(item)}
    return {name: value for name, value in values.items() if not isinstance(value, np.ndarray)}
