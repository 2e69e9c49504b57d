"""Reading a program file; nothing in it is trusted before `make_program` has checked it."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...models.errors import InputError
from .container import map_file, parse_json
from .layout import ARRAY_TYPES, FORMAT, FORMAT_VERSION, PARTS
from .losses import Loss
from .make import make_program
from .program import Input, Output, Population, Program, Projection

_KINDS = {"inputs": Input, "populations": Population, "projections": Projection, "outputs": Output, "losses": Loss}


def load_program(path: str | Path) -> Program:
    """Read and check a program file; its arrays stay in the file until they are looked at.

    Raises
    ------
    InputError
        If the file is missing, damaged, of another kind or of another format version, or if it describes a program
        that breaks a rule of `make_program`.
    """
    metadata, arrays = map_file(Path(path))
    if metadata.get("format") != FORMAT:
        raise InputError(f"{path} is a safetensors file but no spikewright program: its header names no such format.")
    if metadata.get("version") != FORMAT_VERSION:
        raise InputError(
            f"{path} has program format {metadata.get('version')}, this version reads {FORMAT_VERSION}. "
            "Export the network again, or use the spikewright version that wrote it."
        )
    try:
        program = _build(parse_json(metadata["program"]), arrays)
    except InputError as error:
        raise InputError(f"{path}: {error}") from error
    except (KeyError, TypeError, ValueError, AttributeError, RecursionError) as error:
        raise InputError(f"{path} is damaged: its description does not parse ({error!r:.200}).") from error
    if program.content_hash != metadata.get("hash"):
        raise InputError(f"{path} is damaged or was changed: its content does not have the hash that it states.")
    return program


def _build(description: dict[str, Any], arrays: dict[str, NDArray[np.integer] | str]) -> Program:
    if set(description) != {*_KINDS, "settings"}:
        raise InputError(f"It describes {', '.join(sorted(description))}; a program has {', '.join(_KINDS)}, settings.")
    violations: list[str] = []
    pieces: dict[str, Any] = {part: [] for part in _KINDS}
    taken: set[str] = set()
    for part in _KINDS:
        for item in description[part]:
            values = {key: tuple(value) if isinstance(value, list) else value for key, value in item.items()}
            names = {field: f"{part}/{item.get('name')}/{field}" for field in ARRAY_TYPES if part in PARTS}
            given = {field: arrays[name] for field, name in names.items() if name in arrays}
            taken.update(names[field] for field in given)
            problems = _field_problems(part, values, given)
            violations += problems
            if not problems:
                pieces[part].append(_KINDS[part](**values, **given))
    violations += [f"array {name!r} belongs to nothing that is described" for name in arrays if name not in taken]
    if violations:
        raise InputError("It does not hold what a program has:", violations)
    settings = {name: (value, origin) for name, (value, origin) in description["settings"].items()}
    return make_program(**{part: tuple(items) for part, items in pieces.items()}, settings=settings)


def _field_problems(part: str, values: dict[str, Any], given: dict[str, NDArray[np.integer] | str]) -> list[str]:
    """Fields that are missing, unknown, given twice, or arrays of another type than the format's."""
    where = f"{part} entry {values.get('name', values.get('node'))!r:.80}"
    known = {f.name for f in fields(_KINDS[part])}
    problems = [f"{where} has the unknown field {name!r:.80}" for name in sorted({*values, *given} - known)]
    problems += [f"{where} lacks the field or array {name!r}" for name in sorted(known - {*values, *given})]
    problems += [f"{where} has {name!r} as a field and as an array" for name in sorted(set(values) & set(given))]
    for name, array in given.items():
        found = array if isinstance(array, str) else array.dtype.name
        if found != (expected := np.dtype(ARRAY_TYPES[name]).name):
            problems.append(f"{where}: array {name!r} is of type {found}, must be {expected}")
    return problems
