"""Large arrays a piece at a time, so that looking at one never takes the memory of another."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

PIECE = 1 << 17
"""Elements."""


def pieces(array: NDArray[Any], dtype: DTypeLike | None = None) -> Iterator[NDArray[Any]]:
    """Elements of `array` in the order of its indices, flat and contiguous, as `dtype` if it is given."""
    flat = array.reshape(-1)
    for first in range(0, flat.size, PIECE):
        yield np.ascontiguousarray(flat[first : first + PIECE], dtype)
