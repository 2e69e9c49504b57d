"""Metadata as Python has them and as HDF5 files hold them, so that what is written is read back equal.

Numbers, booleans, text, lists of text and mappings are what HDF5 has. Beyond that: None is a dataset of the null space,
an empty list a dataset of no text. Lists of numbers come back as arrays, tuples as lists, bytes as text.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

import h5py
import nir
import numpy as np

from ...models.errors import InputError
from .dialects import METADATA_KEY
from .limits import Limits

_LIMITS = Limits()
_DEPTH = 16
_REMEDY = "write numbers of 64 bits, text, None, lists of one kind, or mappings"
_TAKEN = "metadata"
"""``nir.write`` treats every member of this name as the metadata of a node."""


def own_metadata(metadata: dict[str, Any] | None) -> dict[str, Any]:
    """Return a copy of what lies under "spikewright".

    Raises
    ------
    InputError
        If it is no mapping.
    """
    own = (metadata or {}).get(METADATA_KEY, {})
    if not isinstance(own, dict):
        raise InputError(
            f"metadata[{METADATA_KEY!r}] is {type(own).__name__} {str(own)[:80]!r}, must be a mapping; "
            "keep your own notes under another name."
        )
    return dict(own)


def storable(graph: nir.NIRGraph) -> nir.NIRGraph:
    """Return a copy of `graph` whose metadata, those of its nodes included, are as ``nir.write`` takes them.

    Raises
    ------
    InputError
        With the path of every value that a file cannot hold, or if metadata["spikewright"] is no mapping.
    """
    own_metadata(graph.metadata)
    problems: list[str] = []
    graph = _graph(graph, "", problems)
    if problems:
        raise InputError("Metadata cannot be written:", problems)
    return graph


def restored(value: Any) -> Any:
    """Metadata as they were before they were stored.

    Raises
    ------
    InputError
        For text that is no UTF-8.
    """
    if isinstance(value, dict):
        return {key: restored(item) for key, item in value.items()}
    if isinstance(value, h5py.Empty):
        return None
    if isinstance(value, bytes):
        return _text(value)
    if isinstance(value, np.ndarray) and value.dtype.kind in "OSU":
        return _texts(value.tolist())
    return value


def _graph(graph: nir.NIRGraph, where: str, problems: list[str]) -> nir.NIRGraph:
    stored = copy.copy(graph)
    stored.metadata = _mapping(graph.metadata, f"of sub-graph {where[:-1]!r}" if where else "of the graph", problems)
    stored.nodes = {}
    for name, node in graph.nodes.items():
        if isinstance(node, nir.NIRGraph):
            stored.nodes[name] = _graph(node, f"{where}{name}.", problems)
        else:
            stored.nodes[name] = copy.copy(node)
            stored.nodes[name].metadata = _mapping(node.metadata, f"of node {where + name!r}", problems)
    return stored


def _mapping(mapping: Any, of: str, problems: list[str], path: tuple[str, ...] = ()) -> dict[str, Any]:
    stored = {}
    here = "metadata" + "".join(f"[{key!r}]" for key in path)
    if len(path) > _DEPTH:
        problems.append(f"{here} {of} lies more than {_DEPTH} mappings deep")
        return {}
    for key, value in (mapping or {}).items():
        if not isinstance(key, str) or key in ("", ".", _TAKEN) or "/" in key or not key.isprintable():
            problems.append(
                f"{here} {of} has the name {key!r}; printable text without '/' that is not '.' or {_TAKEN!r}"
            )
        elif len(key) > _LIMITS.name:
            problems.append(f"{here} {of} has a name of {len(key)} characters, limit {_LIMITS.name}")
        elif isinstance(value, dict):
            stored[key] = _mapping(value, of, problems, (*path, key))
        else:
            try:
                stored[key] = _value(value)
            except (ValueError, OverflowError, RecursionError) as error:
                problems.append(f"{here}[{key!r}] {of} {error}")
    return stored


def _value(value: Any) -> Any:
    """What HDF5 stores for a value that is no mapping."""
    if isinstance(value, np.ndarray) and not value.ndim:
        value = value.item()
    if value is None:
        return h5py.Empty("u1")
    if isinstance(value, (str, bytes)):
        return _text(value)
    if isinstance(value, np.ndarray) and value.dtype.kind in "biuf":
        return value
    if isinstance(value, (list, tuple, np.ndarray)):
        return _array(value.tolist() if isinstance(value, np.ndarray) else value)
    if isinstance(value, (bool, int, float, np.number, np.bool_)) and np.asarray(value).dtype.kind in "biuf":
        return value
    raise InputError(f"is {type(value).__name__} {str(value)[:40]!r}; {_REMEDY}")


def _array(value: list[Any] | tuple[Any, ...]) -> np.ndarray:
    """A list as an array of text, or of numbers none of which changes on the way."""
    items = list(_leaves(value))
    if all(isinstance(item, (str, bytes)) for item in items):
        array = np.array(_texts(value), h5py.string_dtype())
        if all(isinstance(item, str) for item in array.flat):
            return array
        raise InputError(f"holds lists of several lengths; {_REMEDY}")
    array = np.asarray(value)
    kinds = {isinstance(item, (bool, np.bool_)) for item in items}
    if array.dtype.kind not in "biuf" or len(kinds) > 1:
        raise InputError(f"holds values of several kinds; {_REMEDY}")
    if any(a != b and b == b for a, b in zip(array.reshape(-1).tolist(), items, strict=True)):
        raise InputError(f"holds integers that no float beside them can hold; {_REMEDY}")
    return array


def _leaves(value: Any) -> Iterator[Any]:
    if isinstance(value, (list, tuple)):
        for item in value:
            yield from _leaves(item)
    else:
        yield value


def _texts(value: Any) -> Any:
    return [_texts(item) for item in value] if isinstance(value, (list, tuple)) else _text(value)


def _text(value: str | bytes) -> str:
    try:
        text = value if isinstance(value, str) else value.decode()
        size = len(text.encode())
    except UnicodeError as error:
        raise InputError(f"holds text that is no UTF-8: {value[:40]!r}") from error
    if "\0" in text or size > _LIMITS.text:
        raise InputError(f"holds text of {size} bytes; it must lack '\\0' and have at most {_LIMITS.text}")
    return text
