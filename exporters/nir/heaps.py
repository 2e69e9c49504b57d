"""Damage on which libhdf5 would loop for ever: it reads strings from heaps and trusts the sizes that these state.

A global heap (HDF5 file format specification, section III.E) holds objects one behind the other, the last of which is
the free space. libhdf5 1.14 steps from one to the next by the stated size; a free space of size 0 keeps it where it is.
"""

from __future__ import annotations

import mmap
import os
import struct
from collections.abc import Iterator

from ...models.errors import InputError

_SIGNATURE, _VERSION = b"GCOL", 1
_HEADER = 16
"""Bytes of the header of a heap, and of an object in it, where lengths have 8 bytes (`hdf5` refuses others)."""


def require_sound_heaps(path: str | os.PathLike[str]) -> None:
    """Refuse a file with a heap that cannot be walked to its end.

    Raises
    ------
    InputError
        Naming the first such heap by its offset in the file.
    """
    if not os.path.getsize(path):
        return
    with open(path, "rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        for start in _heaps(data):
            (size,) = struct.unpack_from("<Q", data, start + 8)
            if size > len(data) - start or not _ends(data, start + _HEADER, start + size):
                raise InputError(
                    f"{path} is damaged: the heap of strings at byte {start} does not end where it says. "
                    "Write the file again with nir.write."
                )


def _heaps(data: mmap.mmap) -> Iterator[int]:
    at = data.find(_SIGNATURE)
    while at >= 0:
        # libhdf5 does not look at the three bytes behind the version.
        if at + _HEADER <= len(data) and data[at + 4] == _VERSION:
            yield at
        at = data.find(_SIGNATURE, at + 1)


def _ends(data: mmap.mmap, at: int, end: int) -> bool:
    """Walk the objects of a heap, also behind free space, which states its own header too; the others do not."""
    while at + _HEADER <= end:
        index, _, _, size = struct.unpack_from("<HHIQ", data, at)
        if size > end - at or (index == 0 and size < _HEADER):
            return False
        at += _HEADER + (size + 7) // 8 * 8 if index else size
    return at <= end
