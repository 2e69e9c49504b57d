"""How long the strings of a dataset say they are, read from the file without following them.

A string of variable length is stored as a reference of 16 bytes (HDF5 file format specification, section VIII, where
addresses have 8 bytes): its length (uint32), the address of a global heap (uint64), and an index into it (uint32).
"""

from __future__ import annotations

import math
import os
import zlib
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from ...models.errors import InputError

_REFERENCE = np.dtype([("length", "<u4"), ("heap", "<u8"), ("index", "<u4")])


def stored_lengths(item: h5py.Dataset, file: int) -> NDArray[np.uint32]:
    """Bytes that each string of `item` declares; strings never written are left out.

    Parameters
    ----------
    item : h5py.Dataset
        Text of variable length.
    file : int
        Descriptor of its file.

    Raises
    ------
    InputError
        If the references are stored in a way that cannot be looked into, or lie outside the file.
    """
    plan = item.id.get_create_plist()
    if plan.fill_value_defined() == h5py.h5d.FILL_VALUE_USER_DEFINED:
        raise InputError("has a fill value of text; write it without")
    if plan.get_layout() == h5py.h5d.CHUNKED:
        size = _REFERENCE.itemsize * math.prod(item.chunks or ())
        parts = [_chunk(item, plan, start, stored, size) for start, stored in _chunks(item)]
    elif plan.get_layout() == h5py.h5d.CONTIGUOUS:
        parts = [_contiguous(item, file)]
    else:
        raise InputError("keeps text in a compact layout; write it contiguous or in chunks")
    return np.concatenate([np.frombuffer(part, _REFERENCE)["length"] for part in parts] or [np.zeros(0, np.uint32)])


def _contiguous(item: h5py.Dataset, file: int) -> bytes:
    start = item.id.get_offset()
    if start is None:
        return b""
    size = math.prod(item.shape) * _REFERENCE.itemsize
    found = os.pread(file, size, start)
    if len(found) < size:
        raise InputError(f"needs {size} bytes at byte {start}, behind which the file ends")
    return found


def _chunks(item: h5py.Dataset) -> list[tuple[tuple[int, ...], int]]:
    """Where each stored chunk starts, and its bytes in the file; more than the dataset can have are damage."""
    most = math.prod(math.ceil(n / c) for n, c in zip(item.shape, item.chunks or (), strict=True))
    found: list[tuple[tuple[int, ...], int]] = []

    def take(info: Any) -> bool | None:
        found.append((info.chunk_offset, info.size))
        return True if len(found) > most else None

    item.id.chunk_iter(take)
    if len(found) > most:
        raise InputError(f"has more than the {most} chunk(s) of its shape {item.shape}")
    return found


def _chunk(item: h5py.Dataset, plan: Any, start: tuple[int, ...], stored: int, size: int) -> bytes:
    """Undo the filters of a chunk, the last one first."""
    if stored > 2 * size + 1024:
        raise InputError(f"stores {stored} bytes for a chunk of {size}")
    mask, data = item.id.read_direct_chunk(start)
    for n in reversed(range(plan.get_nfilters())):
        code = plan.get_filter(n)[0]
        if mask >> n & 1:
            continue
        if code == h5py.h5z.FILTER_DEFLATE:
            data = _inflated(data, size)
        elif code == h5py.h5z.FILTER_SHUFFLE:
            data = np.frombuffer(data, np.uint8).reshape(_REFERENCE.itemsize, -1).T.tobytes()
        else:
            raise InputError(f"compresses text with the HDF5 filter {code}; write it with gzip or without")
    if len(data) != size:
        raise InputError(f"has a chunk of {len(data)} bytes, must be {size}")
    return data


def _inflated(data: bytes, size: int) -> bytes:
    """At most one byte more than a chunk takes, whatever the stream would give."""
    try:
        return zlib.decompressobj().decompress(data, size + 1)
    except zlib.error as error:
        raise InputError(f"has a chunk that cannot be decompressed: {error}") from error
