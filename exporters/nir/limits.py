"""What a file may declare, counted over all of it."""

from __future__ import annotations

import math
from dataclasses import dataclass

import h5py
import numpy as np

from ...models.errors import InputError
from .strings import stored_lengths


@dataclass(frozen=True)
class Limits:
    """What a file may declare.

    Attributes
    ----------
    bytes : int
        All datasets together, as they will lie in memory.
    nodes, objects, strings : int
        Nodes of the graph; groups and datasets of the file; strings of all datasets together, two for an edge.
    depth : int
        Nested groups.
    name, text : int
        Characters of one name, also at the end of an edge; bytes of one string.
    ratio, unstored : int
        Datasets more than `ratio` times larger than what the file stores for them may have `unstored` bytes together.
    """

    bytes: int = 2 << 30
    nodes: int = 100_000
    objects: int = 1_500_000
    strings: int = 500_000
    depth: int = 32
    name: int = 1024
    text: int = 1 << 16
    ratio: int = 200
    unstored: int = 64 << 20


class Budget:
    """What the datasets looked at so far declare; each method raises what the file exceeds.

    Parameters
    ----------
    limits : Limits
    file : int
        Descriptor of the file, open for reading.
    file_bytes : int
    """

    def __init__(self, limits: Limits, file: int, file_bytes: int) -> None:
        self._limits = limits
        self._file = file
        self._file_bytes = file_bytes
        self._objects = self._bytes = self._unstored = self._strings = self._text = 0

    def take_object(self) -> None:
        """Count a group or dataset."""
        self._objects += 1
        if self._objects > self._limits.objects:
            raise InputError(f"is object number {self._objects} of the file, limit {self._limits.objects}")

    def take(self, item: h5py.Dataset) -> None:
        """Count the values of a dataset, and the texts that they point to."""
        values = math.prod(int(n) for n in item.shape)
        if h5py.check_string_dtype(item.dtype) is not None:
            self._strings += values
            if self._strings > self._limits.strings:
                raise InputError(f"holds {values} strings; with them the file has more than {self._limits.strings}")
        self._take_bytes(item, item.dtype.itemsize * max(values, math.prod(item.chunks or (0,))))
        self._take_texts(item)

    def _take_bytes(self, item: h5py.Dataset, declared: int) -> None:
        self._bytes += declared
        if self._bytes > self._limits.bytes:
            raise InputError(
                f"declares {item.shape} values; the file then needs {self._bytes} bytes, limit {self._limits.bytes}"
            )
        stored = item.id.get_storage_size()
        if declared > self._limits.ratio * stored:
            self._unstored += declared
        if self._unstored > self._limits.unstored:
            raise InputError(
                f"declares {declared} bytes but stores {stored}, more than {self._limits.ratio}-fold; such datasets "
                f"come to {self._unstored} bytes, limit {self._limits.unstored}; if that is meant, write them "
                "without compression"
            )

    def _take_texts(self, item: h5py.Dataset) -> None:
        """Refuse lengths that cannot be true: libhdf5 would allocate them before it looks for the text."""
        kind = h5py.check_string_dtype(item.dtype)
        if kind is None:
            return
        lengths = stored_lengths(item, self._file) if kind.length is None else np.array([kind.length])
        longest = int(lengths.max(initial=0))
        if longest > self._limits.text:
            raise InputError(f"holds a string of {longest} bytes, limit {self._limits.text}")
        if kind.length is None:
            self._text += int(lengths.sum())
        if self._text > self._file_bytes:
            raise InputError(f"brings the strings to {self._text} bytes, but the file has {self._file_bytes}")
