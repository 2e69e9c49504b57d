"""The raw tree of an HDF5 file, with every size looked at before anything of that size is allocated."""

from __future__ import annotations

import math
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from ...models.errors import InputError

Tree = dict[str, Any]
"""Names to sub-trees, arrays (numpy scalars where the file holds one), or str; arrays of str have dtype object."""


@dataclass(frozen=True)
class Limits:
    """What a file may declare.

    Attributes
    ----------
    bytes : int
        All datasets together, as they will lie in memory.
    nodes, objects : int
        Nodes of the graph; groups and datasets of the file.
    depth : int
        Nested groups.
    name, text : int
        Characters of one name and of one string.
    ratio, ratio_from_bytes : int
        Datasets larger than `ratio_from_bytes` may be at most `ratio` times larger than what the file stores for them.
    """

    bytes: int = 2 << 30
    nodes: int = 100_000
    objects: int = 1_500_000
    depth: int = 32
    name: int = 1024
    text: int = 1 << 16
    ratio: int = 200
    ratio_from_bytes: int = 64 << 20


def read_tree(path: str | os.PathLike[str], limits: Limits | None = None) -> Tree:
    """Read everything under ``/node`` of an HDF5 file.

    Raises
    ------
    InputError
        If it is no HDF5 file, is damaged, holds what NIR cannot, or declares more than `limits`.
    """
    try:
        with h5py.File(path, "r") as file:
            link = file.get("node", getlink=True)
            if not isinstance(link, h5py.HardLink) or not isinstance(file["node"], h5py.Group):
                raise InputError(f"{path} is HDF5, but has no group /node as NIR files have; write it with nir.write.")
            walk = _Walk(str(path), limits or Limits(), os.path.getsize(path))
            found = walk.group(file["node"], "/node", 1)
            return walk.load(found)
    except (OSError, RuntimeError, KeyError, ValueError, TypeError, OverflowError, MemoryError) as error:
        if isinstance(error, InputError):
            raise
        reason = str(error) or type(error).__name__
        raise InputError(f"{path} is no NIR file or is damaged: {reason}. Write it again with nir.write.") from error


class _Walk:
    """One pass that only looks, one that reads."""

    def __init__(self, path: str, limits: Limits, file_bytes: int) -> None:
        self._path = path
        self._limits = limits
        self._file_bytes = file_bytes
        self._seen: set[int] = set()
        self._objects = 0
        self._bytes = 0

    def group(self, group: h5py.Group, where: str, depth: int) -> Tree:
        """Every dataset below `group`, none of them read; each group is entered once."""
        if depth > self._limits.depth:
            raise self._refusal(where[:200], f"lies {depth} groups deep, limit {self._limits.depth}")
        address = h5py.h5o.get_info(group.id).addr
        if address in self._seen:
            raise self._refusal(where, "is a group that the file also links under another name, or a loop of links")
        self._seen.add(address)
        found: Tree = {}
        for name in group:
            found[self._name(name, where)] = self._entry(group, name, f"{where}/{name}", depth)
        return found

    def _entry(self, group: h5py.Group, name: str, where: str, depth: int) -> Any:
        self._objects += 1
        if self._objects > self._limits.objects:
            raise self._refusal(where, f"is object number {self._objects} of the file, limit {self._limits.objects}")
        if isinstance(group.get(name, getlink=True), h5py.ExternalLink):
            raise self._refusal(where, "is a link to another file; copy the data into this one")
        item = group[name]
        if isinstance(item, h5py.Group):
            return self.group(item, where, depth + 1)
        if not isinstance(item, h5py.Dataset):
            raise self._refusal(where, f"is a {type(item).__name__}, not a group or dataset")
        self._declare(item, where)
        return item

    def _declare(self, item: h5py.Dataset, where: str) -> None:
        if item.is_virtual or item.external:
            raise self._refusal(where, "keeps its data in another file; copy them into this one")
        text = h5py.check_string_dtype(item.dtype) is not None
        if not text and item.dtype.kind not in "biuf":
            raise self._refusal(where, f"holds {item.dtype}, neither numbers nor text")
        if item.shape is None:
            return
        declared = math.prod(int(n) for n in item.shape) * item.dtype.itemsize
        chunk = math.prod(item.chunks) * item.dtype.itemsize if item.chunks else 0
        self._bytes += max(declared, chunk)
        if self._bytes > self._limits.bytes:
            raise self._refusal(
                where,
                f"declares {item.shape} values; the file then needs {self._bytes} bytes, limit {self._limits.bytes}",
            )
        stored = item.id.get_storage_size()
        if max(declared, chunk) > max(self._limits.ratio_from_bytes, self._limits.ratio * stored):
            raise self._refusal(
                where,
                f"declares {max(declared, chunk)} bytes but stores {stored}, more than {self._limits.ratio}-fold; "
                "if that is meant, write it without compression",
            )

    def load(self, found: Tree) -> Tree:
        """Read what `group` found; a dataset that holds nothing counts as absent."""
        loaded = {}
        for name, item in found.items():
            if isinstance(item, dict):
                loaded[name] = self.load(item)
            elif item.shape is not None:
                text = h5py.check_string_dtype(item.dtype) is not None
                loaded[name] = self._text(item) if text else item[()]
        return loaded

    def _text(self, item: h5py.Dataset) -> Any:
        """Read strings in portions: many entries may point to one long string."""
        if item.shape == ():
            return self._decode(item[()], item.name)
        rows, width = item.shape[0], math.prod(item.shape[1:])
        portion = max(1, (64 << 20) // max(1, self._file_bytes * width))
        read = np.empty(item.shape, object)
        for start in range(0, rows, portion):
            part = item[start : start + portion]
            texts = [self._decode(text, item.name) for text in part.reshape(-1)]
            read[start : start + portion] = np.array(texts, object).reshape(part.shape)
        return read

    def _decode(self, text: Any, where: str) -> str:
        raw = text.encode() if isinstance(text, str) else bytes(text)
        if len(raw) > self._limits.text:
            raise self._refusal(where, f"holds a string of {len(raw)} bytes, limit {self._limits.text}")
        try:
            return raw.decode("utf-8")
        except UnicodeDecodeError as error:
            raise self._refusal(where, f"holds text that is no UTF-8: {raw[:40]!r}") from error

    def _name(self, name: str, where: str) -> str:
        if len(name) > self._limits.name:
            raise self._refusal(f"{where}/{name[:40]}...", f"has a name of {len(name)} characters")
        try:
            name.encode()
        except UnicodeEncodeError as error:
            raise self._refusal(where, f"has a member whose name is no UTF-8: {name!r}") from error
        if not name.isprintable():
            raise self._refusal(where, f"has a member whose name cannot be printed: {name!r}")
        return name

    def _refusal(self, where: str, what: str) -> InputError:
        return InputError(f"Cannot read {Path(self._path)}: {where} {what}.")
