"""Reading MNIST's idx files, packed with gzip or not, whoever packed them."""

from __future__ import annotations

import gzip
import hashlib
import math
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ...models.errors import InputError
from .download import download
from .known import IdxFile
from .places import cache_folder, find, not_found

_GZIP = b"\x1f\x8b"
_UINT8 = 8
"""Code of the element type in an idx header."""


def find_idx(
    set_name: str, file: IdxFile, mirrors: tuple[str, ...], fetch: bool, tell: Callable[[str], None] | None
) -> Path:
    """Return the file's path, packed or unpacked; download it if it is nowhere and `fetch` allows it.

    Raises
    ------
    InputError
        If it is nowhere.
    """
    name = file.packed.name
    path = find(set_name, (name, name.removesuffix(".gz")))
    if path is None and not fetch:
        raise not_found(set_name, name, "Put it there, or allow the download.")
    return path or download(file.packed, mirrors, cache_folder() / set_name, tell)


def read_idx(path: Path, file: IdxFile) -> NDArray[np.uint8]:
    """Read one array; no more than its known size is unpacked.

    Raises
    ------
    InputError
        If the file is damaged, or is another one than `file` describes.
    """
    header = bytes([0, 0, _UINT8, len(file.shape)]) + b"".join(side.to_bytes(4, "big") for side in file.shape)
    size = len(header) + math.prod(file.shape)
    try:
        with path.open("rb") as raw:
            packed = raw.read(2) == _GZIP
            raw.seek(0)
            content = (gzip.GzipFile(fileobj=raw) if packed else raw).read(size + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise InputError(f"{path} cannot be unpacked: {error}. Delete it and fetch it again.") from error
    if content[: len(header)] != header:
        raise InputError(f"{path} does not start as an idx file of uint8 {file.shape}: {content[: len(header)].hex()}.")
    if len(content) != size:
        has = f"more than {size}" if len(content) > size else f"{len(content)}"
        raise InputError(f"{path} holds {has} bytes unpacked, uint8 {file.shape} needs {size}. Fetch it again.")
    require_content(path, hashlib.sha256(content).hexdigest(), file.content_sha256)
    return np.frombuffer(content, np.uint8, offset=len(header)).reshape(file.shape)


def require_content(path: Path, actual: str, published: str) -> None:
    """Raise InputError unless the content of `path` has the published SHA-256."""
    if actual != published:
        raise InputError(
            f"{path} is well formed, but not the published data: SHA-256 of its content is {actual}, "
            f"published is {published}. Delete it and fetch it again."
        )
