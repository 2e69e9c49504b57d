"""The records of CIFAR-10's binary version: one byte of class, then the red, green and blue plane, row by row."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ...models.errors import InputError
from .known import Batch

SHAPE = (3, 32, 32)
RECORD_BYTES = 1 + math.prod(SHAPE)


def records_of(content: bytes, batch: Batch, path: Path) -> NDArray[np.uint8]:
    """Return (count, 3073) uint8 of one file's bytes.

    Raises
    ------
    InputError
        If the size is wrong.
    """
    if len(content) != batch.count * RECORD_BYTES:
        raise InputError(
            f"{batch.name}.bin in {path} has {len(content)} bytes or more, "
            f"{batch.count} records of {RECORD_BYTES} bytes are {batch.count * RECORD_BYTES}. Fetch it again."
        )
    return np.frombuffer(content, np.uint8).reshape(batch.count, RECORD_BYTES)
