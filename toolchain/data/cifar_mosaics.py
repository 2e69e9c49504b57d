"""CIFAR-10 packed without loss: every batch one square mosaic of its images in WebP, and an index with the classes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...models.errors import BackendUnavailable, InputError
from .arrays import read_entry
from .known import Batch
from .records import RECORD_BYTES, SHAPE

INDEX = "cifar10_index.npz"
INDEX_MAX_BYTES = 1_000_000
SIDE_PX = SHAPE[1]


def read_mosaics(path: Path, batches: Sequence[Batch]) -> list[NDArray[np.uint8]]:
    """Read the records of `batches`, each (count, 3073), from the mosaics beside the index `path`.

    Raises
    ------
    InputError
        If a file is missing, damaged or of another size.
    BackendUnavailable
        If Pillow is not installed.
    """
    labels = read_entry(path, "label", "u", INDEX_MAX_BYTES)
    rows = []
    for batch in batches:
        if labels.ndim != 2 or labels.shape[0] <= batch.row or labels.shape[1] != batch.count:
            raise InputError(f"{path}: label is {labels.shape}, needed is {batch.count} for row {batch.row}.")
        records = np.empty((batch.count, RECORD_BYTES), np.uint8)
        records[:, 0] = labels[batch.row]
        records[:, 1:] = _planes(path.with_name(f"{batch.name}.webp"), math.isqrt(batch.count))
        rows.append(records)
    return rows


def _planes(path: Path, side: int) -> NDArray[np.uint8]:
    """Images of a mosaic of `side` x `side`, colour planes one after the other, (side², 3072)."""
    image: Any = _pillow()
    expected = (side * SIDE_PX, side * SIDE_PX)
    try:
        # The size is read before the pixels, so that no other size is ever decoded.
        with image.open(path, formats=("WEBP",)) as mosaic:
            size = mosaic.size
            pixels = np.asarray(mosaic.convert("RGB")) if size == expected else np.empty(0)
    except (OSError, ValueError, SyntaxError, image.DecompressionBombError) as error:
        raise InputError(f"{path} cannot be read as a WebP image: {error}. Fetch it again.") from error
    if size != expected:
        raise InputError(f"{path} has {size} pixels, a mosaic of its images has {expected}.")
    tiles = pixels.reshape(side, SIDE_PX, side, SIDE_PX, 3)
    return tiles.transpose(0, 2, 4, 1, 3).reshape(side * side, -1)


def _pillow() -> Any:
    try:
        from PIL import Image
    except ImportError as error:
        raise BackendUnavailable(
            "CIFAR-10's mosaics are WebP images, which need Pillow: pip install 'spikewright[images]'. "
            "The authors' cifar-10-binary.tar.gz needs nothing more."
        ) from error
    return Image
