"""Neurons as bits of 64-bit words, so that touching and counting them costs next to nothing."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .packing import Packed
from .record_types import LISTS

WORD = 64
"""Bits of a word."""
Words = NDArray[np.uint64]


def as_words(mask: NDArray[np.bool_]) -> Words:
    """Pack (rows, size) truth values into (rows, words)."""
    bits = np.packbits(mask, axis=1, bitorder="little")
    bits = np.pad(bits, ((0, 0), (0, -bits.shape[1] % (WORD // 8))))
    return np.ascontiguousarray(bits).view("<u8").astype(np.uint64, copy=False)


def number_of_ones(words: Words) -> int:
    """Bits that are 1."""
    return int(np.unpackbits(words.view(np.uint8)).sum(dtype=np.int64))


def reachable(name: str, always: Words, masks: list[Words], parts: list[Packed]) -> Words:
    """Neurons of a population that a bias or an event through rows of weights can touch."""
    found = always.copy()
    for part, mask in zip(parts, masks, strict=True):
        if part.projection.target == name and part.form < LISTS and mask.size:
            found |= np.bitwise_or.reduce(mask, axis=0)
    return found
