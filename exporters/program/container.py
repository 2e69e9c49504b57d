"""A safetensors file as arrays that stay in the file: mapped into memory, read when they are looked at, never copied.

The safetensors package checks the file first (its header's length and form, the arrays' places); what it found is then
read here, because the package's own way of handing out arrays copies them. It would also copy what it writes.
"""

from __future__ import annotations

import json
import mmap
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open

from ...models.errors import InputError
from .pieces import pieces

_TYPES = {"I8": "<i1", "I16": "<i2", "I32": "<i4", "I64": "<i8", "U8": "<u1", "U16": "<u2", "U32": "<u4", "U64": "<u8"}
_TYPES["F64"] = "<f8"
"""Types of safetensors that a program can hold; an array of any other type is left as the name of its type."""
_NAMES = {kind: name for name, kind in _TYPES.items()}
_LENGTH_BYTES = 8


def write_file(path: Path, metadata: dict[str, str], arrays: dict[str, NDArray[Any]], types: dict[str, str]) -> None:
    """Write `arrays`, each as its type of `types`, piece by piece; the widest come first, so that all are aligned."""
    header: dict[str, Any] = {"__metadata__": metadata}
    end, order = 0, sorted(arrays, key=lambda name: (-np.dtype(types[name]).itemsize, name))
    for name in order:
        begin, end = end, end + arrays[name].size * np.dtype(types[name]).itemsize
        header[name] = {"dtype": _NAMES[types[name]], "shape": arrays[name].shape, "data_offsets": [begin, end]}
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % _LENGTH_BYTES)
    with path.open("wb") as file:
        file.write(len(text).to_bytes(_LENGTH_BYTES, "little") + text)
        for name in order:
            for piece in pieces(arrays[name], types[name]):
                file.write(piece.data)


def map_file(path: Path) -> tuple[dict[str, str], dict[str, NDArray[np.integer] | str]]:
    """Metadata and arrays of a safetensors file; the arrays cannot be written.

    They stay right if the file is replaced by another one later, as every file of ours is written; changing it in
    place would change them.

    Raises
    ------
    InputError
        If there is no such file, or it is no safetensors file or a damaged one.
    """
    if not path.is_file():
        raise InputError(f"There is no file {path}.")
    try:
        with safe_open(path, framework="numpy"):
            pass  # opening it checks it
        with path.open("rb") as file:
            data = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        length = int.from_bytes(data[:_LENGTH_BYTES], "little")
        start = _LENGTH_BYTES + length
        header = parse_json(data[_LENGTH_BYTES:start])
        metadata = header.pop("__metadata__", None) or {}
        return metadata, {name: _view(data, start, entry) for name, entry in header.items()}
    except (SafetensorError, OSError, ValueError, TypeError, KeyError, RecursionError) as error:
        raise InputError(f"{path} is no program file, or a damaged one: {error}.") from error


def parse_json(text: str | bytes) -> Any:
    """Parse JSON in which no object names a key twice.

    Raises
    ------
    ValueError
        If it is no such JSON.
    RecursionError
        If it is nested too deeply.
    """
    return json.loads(text, object_pairs_hook=_once)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    table = dict(pairs)
    if len(table) < len(pairs):
        keys = [key for key, _ in pairs]
        raise ValueError(f"key {next(key for key in keys if keys.count(key) > 1)!r} is given twice")
    return table


def _view(data: mmap.mmap, start: int, entry: dict[str, Any]) -> NDArray[np.integer] | str:
    kind = entry["dtype"]
    if kind not in _TYPES:
        return str(kind)
    return np.ndarray(entry["shape"], _TYPES[kind], data, start + entry["data_offsets"][0])
