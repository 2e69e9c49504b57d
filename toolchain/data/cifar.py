"""Reading CIFAR-10: the authors' binary version, or lossless mosaics a fifth smaller; decoded once, then cached."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ...models.errors import InputError
from ...models.files import atomic_file
from .arrays import UNREADABLE
from .cifar_archive import read_archive, read_folder
from .cifar_mosaics import INDEX, read_mosaics
from .download import download
from .idx import require_content
from .known import Batch, CifarSet
from .places import cache_folder, find, not_found
from .records import RECORD_BYTES, SHAPE

FOLDER = "cifar-10-batches-bin"

Images = tuple[NDArray[np.uint8], NDArray[np.uint8], tuple[str, ...]]


def read_cifar(known: CifarSet, part: str, fetch: bool, tell: Callable[[str], None] | None) -> Images:
    """Return images (N, 3, 32, 32), classes (N,) and the paths that were read.

    Raises
    ------
    InputError
        If the files are nowhere, damaged, or not the published ones.
    BackendUnavailable
        If they are mosaics and Pillow is not installed.
    """
    batches = known.parts[part]
    cache = cache_folder() / known.name / f"{part}-records.npy"
    records = _cached(cache, batches)
    if records is None:
        path = find(known.name, (known.archive.name, FOLDER, INDEX))
        if path is None and not fetch:
            raise not_found(known.name, f"{known.archive.name}, {FOLDER} or {INDEX}", "Put one there.")
        path = path or download(known.archive, known.mirrors, cache_folder() / known.name, tell)
        read = {FOLDER: read_folder, INDEX: read_mosaics}.get(path.name, read_archive)
        parts = read(path, batches)
        for batch, rows in zip(batches, parts, strict=True):
            require_content(path, hashlib.sha256(rows.data).hexdigest(), batch.sha256)
        records = np.concatenate(parts)
        if path.name != FOLDER:  # which is as fast to read as the cache
            _keep(records, cache)
        files = (str(path),)
    else:
        files = (str(cache),)
    return records[:, 1:].reshape(-1, *SHAPE), records[:, 0], files


def _cached(path: Path, batches: tuple[Batch, ...]) -> NDArray[np.uint8] | None:
    """The records as decoded earlier, if they are there and whole."""
    shape = (sum(batch.count for batch in batches), RECORD_BYTES)
    try:
        records = np.load(path, mmap_mode="r", allow_pickle=False)
    except UNREADABLE:
        return None
    if records.dtype != np.uint8 or records.shape != shape:
        return None
    records, start = np.array(records), 0
    for batch in batches:
        if hashlib.sha256(records[start : start + batch.count].data).hexdigest() != batch.sha256:
            return None
        start += batch.count
    return records


def _keep(records: NDArray[np.uint8], cache: Path) -> None:
    try:
        cache.parent.mkdir(parents=True, exist_ok=True)
        with atomic_file(cache) as temporary, temporary.open("wb") as file:
            np.save(file, records, allow_pickle=False)
    except (OSError, InputError):  # a home that is read-only or full only costs the time of decoding again
        return
