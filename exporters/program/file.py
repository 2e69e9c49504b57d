"""Reading a program file; nothing in it is trusted before `make_program` has checked it."""

from __future__ import annotations

import json
from dataclasses import fields
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open

from ...models.errors import InputError
from .layout import FORMAT, FORMAT_VERSION
from .losses import Loss
from .make import make_program
from .program import Array, Input, Output, Population, Program, Projection


def load_program(path: str | Path) -> Program:
    """Read and check a program file.

    Raises
    ------
    InputError
        If the file is missing, damaged, of another kind or of another format version, or if it describes a program
        that breaks a rule of `make_program`.
    """
    header, arrays = _read(Path(path))
    if header.get("format") != FORMAT:
        raise InputError(f"{path} is a safetensors file but no spikewright program: its header names no such format.")
    if header.get("version") != FORMAT_VERSION:
        raise InputError(
            f"{path} has program format {header.get('version')}, this version reads {FORMAT_VERSION}. "
            "Export the network again, or use the spikewright version that wrote it."
        )
    try:
        parts = json.loads(header["program"])
        pieces: dict[str, Any] = {
            "inputs": _build(Input, parts["inputs"]),
            "outputs": _build(Output, parts["outputs"]),
            "losses": tuple(Loss(**loss) for loss in parts["losses"]),
            "populations": _build(Population, parts["populations"], arrays, "populations"),
            "projections": _build(Projection, parts["projections"], arrays, "projections"),
            "settings": {name: (value, origin) for name, (value, origin) in parts["settings"].items()},
        }
        return make_program(**pieces)
    except InputError as error:
        raise InputError(f"{path}: {error}") from error
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise InputError(f"{path} is damaged: its description does not parse ({error!r}).") from error


def _build(kind: Any, items: list[dict[str, Any]], arrays: dict[str, Array] | None = None, part: str = "") -> Any:
    built = []
    for item in items:
        values = {key: tuple(value) if isinstance(value, list) else value for key, value in item.items()}
        names = {f.name: f"{part}/{item['name']}/{f.name}" for f in fields(kind)}
        values |= {name: (arrays or {})[key] for name, key in names.items() if key in (arrays or {})}
        built.append(kind(**values))
    return tuple(built)


def _read(path: Path) -> tuple[dict[str, str], dict[str, Array]]:
    if not path.is_file():
        raise InputError(f"There is no file {path}.")
    try:
        with safe_open(path, framework="numpy") as container:
            return container.metadata() or {}, {name: container.get_tensor(name) for name in container.keys()}  # noqa: SIM118 - not a mapping
    except (SafetensorError, OSError, ValueError, TypeError, KeyError) as error:
        raise InputError(f"{path} is no program file, or a damaged one: {error}.") from error
