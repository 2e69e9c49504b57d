"""Reading arrays out of .npz files without trusting what they say about their size."""

from __future__ import annotations

import math
import zlib
from io import BytesIO
from pathlib import Path
from tokenize import TokenError
from typing import Any
from zipfile import ZIP_DEFLATED, ZIP_STORED, BadZipFile, ZipFile

import numpy as np
from numpy.typing import NDArray

from ...models.errors import InputError

HEADER_BYTES = 1024
"""More than an .npy header of plain numbers takes."""

UNREADABLE = (
    *(OSError, EOFError, BadZipFile, zlib.error, RuntimeError),
    *(ValueError, TypeError, LookupError, SyntaxError, TokenError, MemoryError),
)
"""What zipfile and NumPy raise for a damaged file; NumPy reads the header of an array with Python's own parser."""


def read_entry(path: Path, name: str, kinds: str, max_bytes: int) -> NDArray[Any]:
    """Read the array `name` of a .npz file.

    Parameters
    ----------
    path : Path
    name : str
    kinds : str
        Allowed ``dtype.kind`` letters.
    max_bytes : int
        Largest array that is read.

    Raises
    ------
    InputError
        If the file is damaged, lacks the array, or holds it larger or of another kind.
    """
    try:
        with ZipFile(path) as archive:
            entry = archive.getinfo(f"{name}.npy")
            size = entry.file_size
            if entry.compress_type not in (ZIP_STORED, ZIP_DEFLATED):  # NumPy writes no other
                raise ValueError(f"{name} is packed by method {entry.compress_type}")
            if size > max_bytes + HEADER_BYTES:
                raise ValueError(f"{name} unpacks to {size:,} bytes, at most {max_bytes:,} are read")
            with archive.open(f"{name}.npy") as file:
                content = file.read(size)
    except KeyError as error:
        raise InputError(f"{path} has no array {name!r}.") from error
    except UNREADABLE as error:
        raise InputError(f"{path} cannot be read as .npz: {error}. Fetch it again.") from error
    return _array(content, path, name, kinds)


def _array(content: bytes, path: Path, name: str, kinds: str) -> NDArray[Any]:
    file = BytesIO(content)
    try:
        version = np.lib.format.read_magic(file)
        read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
        shape, fortran, dtype = read(file)
    except UNREADABLE as error:
        raise InputError(f"{path}: {name} is no .npy array: {type(error).__name__} {error}.") from error
    # Compared before anything is allocated: a header may claim any shape.
    given = len(content) - file.tell()
    needed = dtype.itemsize * math.prod(shape)
    if dtype.kind not in kinds or needed != given or min(shape, default=0) < 0:
        raise InputError(f"{path}: {name} says {dtype} {shape} ({needed} bytes) and has {given} bytes of numbers.")
    return np.frombuffer(content, dtype, offset=file.tell()).reshape(shape, order="F" if fortran else "C")
