"""CIFAR-10 as its authors publish it without pickles: ``cifar-10-binary.tar.gz``, or its files in a folder."""

from __future__ import annotations

import gzip
import tarfile
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...models.errors import InputError
from .known import Batch
from .records import RECORD_BYTES, records_of

UNPACKED_MAX_BYTES = 200_000_000
"""The published archive unpacks to 184,400,000 bytes of records and a few kB of text."""


class _Bounded:
    """A stream that refuses to give more than a number of bytes, whatever a header says."""

    def __init__(self, stream: gzip.GzipFile, limit: int) -> None:
        self.stream, self.left = stream, limit

    def read(self, size: int) -> bytes:
        content = self.stream.read(min(size, self.left + 1))
        self.left -= len(content)
        if self.left < 0:
            raise tarfile.ReadError(f"it unpacks to more than {UNPACKED_MAX_BYTES:,} bytes")
        return content


def read_archive(path: Path, batches: Sequence[Batch]) -> list[NDArray[np.uint8]]:
    """Read the records of `batches`, each (count, 3073), out of the archive; nothing is unpacked to disk.

    Raises
    ------
    InputError
        If the archive is damaged, too large, or lacks a batch.
    """
    wanted = {f"{batch.name}.bin": batch for batch in batches}
    found: dict[str, NDArray[np.uint8]] = {}
    try:
        with gzip.open(path) as stream:
            bounded: Any = _Bounded(stream, UNPACKED_MAX_BYTES)
            with tarfile.open(fileobj=bounded, mode="r|") as archive:
                for member in archive:
                    name = member.name.rsplit("/", 1)[-1]
                    file = archive.extractfile(member) if member.isreg() and name in wanted else None
                    if file is not None:
                        batch = wanted[name]
                        found[batch.name] = records_of(file.read(batch.count * RECORD_BYTES + 1), batch, path)
    except (tarfile.TarError, OSError, EOFError, ValueError, RecursionError, zlib.error) as error:
        raise InputError(f"{path} cannot be unpacked: {error}. Delete it and fetch it again.") from error
    if missing := [batch.name for batch in batches if batch.name not in found]:
        raise InputError(f"{path} is a tar archive, but lacks {', '.join(missing)}. Fetch it again.")
    return [found[batch.name] for batch in batches]


def read_folder(path: Path, batches: Sequence[Batch]) -> list[NDArray[np.uint8]]:
    """Read the records of `batches` from the unpacked archive's folder.

    Raises
    ------
    InputError
        If a file is missing or has the wrong size.
    """
    try:
        rows = []
        for batch in batches:
            with (path / f"{batch.name}.bin").open("rb") as file:
                rows.append(records_of(file.read(batch.count * RECORD_BYTES + 1), batch, path))
        return rows
    except OSError as error:
        raise InputError(f"{path} is incomplete: {error}. Unpack the archive again.") from error
