"""The raw tree of an HDF5 file, with every size looked at before anything of that size is allocated."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from ...models.errors import InputError
from .limits import Budget, Limits

Tree = dict[str, Any]
"""Names to sub-trees, arrays (numpy scalars where the file holds one), str, or None; arrays of str are of objects."""
Fields = Callable[[str], frozenset[str]]
"""The datasets that a group with this text as its ``type`` can use."""

_Found = dict[str, Any]
"""Names to the same of groups, or None for a dataset: an open one would take 30 KB."""
_SIZES = (8, 8)
"""Bytes of an address and of a length, as h5py writes them; heaps and references to strings are looked at as such."""


def read_tree(path: str | os.PathLike[str], limits: Limits, fields: Fields) -> Tree:
    """Read what `fields` name under ``/node`` of an HDF5 file, and all metadata; other datasets become None.

    In metadata, a dataset that holds nothing (an HDF5 null space) is None too; elsewhere it counts as absent.

    Raises
    ------
    InputError
        If it is no HDF5 file, is damaged, holds what NIR cannot, or declares more than `limits`.
    """
    with _looked_at(path, limits) as (walk, root, found):
        return walk.load(root, found, fields)


def require_limits(path: str | os.PathLike[str], limits: Limits) -> None:
    """Raise what `read_tree` would raise before it reads."""
    with _looked_at(path, limits):
        pass


@contextmanager
def _looked_at(path: str | os.PathLike[str], limits: Limits) -> Iterator[tuple[_Walk, h5py.Group, _Found]]:
    try:
        with open(path, "rb") as raw, h5py.File(path, "r") as file:
            sizes = file.id.get_create_plist().get_sizes()
            if sizes != _SIZES:
                raise InputError(f"{path} has addresses and lengths of {sizes} bytes, not {_SIZES}; write it anew.")
            link = file.get("node", getlink=True)
            if not isinstance(link, h5py.HardLink) or not isinstance(file["node"], h5py.Group):
                raise InputError(f"{path} is HDF5, but has no group /node as NIR files have; write it with nir.write.")
            walk = _Walk(str(path), limits, Budget(limits, raw.fileno(), os.fstat(raw.fileno()).st_size))
            root: Any = file["node"]
            yield walk, root, walk.group(root, "/node", 1)
    except (OSError, RuntimeError, KeyError, ValueError, TypeError, OverflowError, MemoryError) as error:
        if isinstance(error, InputError):
            raise
        reason = str(error) or type(error).__name__
        raise InputError(f"{path} is no NIR file or is damaged: {reason}. Write it again with nir.write.") from error


class _Walk:
    """One pass that only looks, one that reads."""

    def __init__(self, path: str, limits: Limits, budget: Budget) -> None:
        self._path = path
        self._limits = limits
        self._budget = budget
        self._seen: set[int] = set()

    def group(self, group: h5py.Group, where: str, depth: int) -> _Found:
        """Every dataset below `group`, none of them read; each group is entered once."""
        if depth > self._limits.depth:
            raise self._refusal(where[:200], f"lies {depth} groups deep, limit {self._limits.depth}")
        address = h5py.h5o.get_info(group.id).addr
        if address in self._seen:
            raise self._refusal(where, "is a group that the file also links under another name, or a loop of links")
        self._seen.add(address)
        found: _Found = {}
        for name in map(str, group):
            found[self._name(name, where)] = self._entry(group, name, f"{where}/{name}", depth)
        return found

    def _entry(self, group: h5py.Group, name: str, where: str, depth: int) -> _Found | None:
        if isinstance(group.get(name, getlink=True), h5py.ExternalLink):
            raise self._refusal(where, "is a link to another file; copy the data into this one")
        item = group[name]
        try:
            self._budget.take_object()
            if isinstance(item, h5py.Dataset):
                self._declare(item)
        except InputError as error:
            raise self._refusal(where, str(error)) from error
        if isinstance(item, h5py.Group):
            return self.group(item, where, depth + 1)
        if not isinstance(item, h5py.Dataset):
            raise self._refusal(where, f"is a {type(item).__name__}, not a group or dataset")
        return None

    def _declare(self, item: h5py.Dataset) -> None:
        if item.is_virtual or item.external:
            raise InputError("keeps its data in another file; copy them into this one")
        if h5py.check_string_dtype(item.dtype) is None and item.dtype.kind not in "biuf":
            raise InputError(f"holds {item.dtype}, neither numbers nor text")
        if item.shape is not None:
            self._budget.take(item)

    def load(self, group: Any, found: _Found, fields: Fields, free: bool = False) -> Tree:
        """Read what `found` names in `group` and `fields` name too, everything where it is `free`."""
        kind = self._value(group["type"]) if "type" in found and found["type"] is None else None
        known = fields(kind) | {"type"} if isinstance(kind, str) else frozenset({"type"})
        loaded: Tree = {}
        for name, below in found.items():
            if below is not None:
                loaded[name] = self.load(group[name], below, fields, free or name == "metadata")
            elif not free and name not in known:
                loaded[name] = None
            elif (item := group[name]).shape is not None or free:
                loaded[name] = self._value(item)
        return loaded

    def _value(self, item: h5py.Dataset) -> Any:
        if item.shape is None:
            return None
        value, where = item[()], str(item.name)
        if h5py.check_string_dtype(item.dtype) is None:
            return value
        if item.shape == ():
            return self._decode(where, value)
        texts = np.empty(item.shape, object)
        decode, flat = partial(self._decode, where), value.reshape(-1).tolist()
        texts.reshape(-1)[:] = [*map(decode, flat)]
        return texts

    def _decode(self, where: str, text: Any) -> str:
        raw = text.encode() if isinstance(text, str) else bytes(text)
        try:
            return raw.decode()
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
