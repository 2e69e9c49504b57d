"""Neurons as bits of 64-bit words, so that touching and counting them costs next to nothing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from .packing import Packed
from .tables import LISTS, Ints

WORD = 64
"""Bits of a word."""

Segments = dict[str, Sequence[tuple[int, int]]]
"""Parts ``(start, stop)`` of every population whose updates are counted separately."""
Words = NDArray[np.uint64]


def as_words(mask: NDArray[np.bool_], parts: Iterable[tuple[int, int]]) -> Words:
    """Pack (rows, size) truth values into (rows, words), each part starting a new word."""
    packed = []
    for start, stop in parts:
        bits = np.packbits(mask[:, start:stop], axis=1, bitorder="little")
        bits = np.pad(bits, ((0, 0), (0, -bits.shape[1] % (WORD // 8))))
        packed.append(np.ascontiguousarray(bits).view("<u8"))
    return np.concatenate(packed, axis=1).astype(np.uint64)


def places_of_bits(order: dict[str, Ints], segments: Segments) -> list[Ints]:
    """Place of every neuron of a population among the bits of all words; every segment starts a new word."""
    places, first = [], 0
    for name, own in order.items():
        bits = []
        for start, stop in segments[name]:
            bits.append(first + np.arange(stop - start))
            first += -(-(stop - start) // WORD) * WORD
        found = np.concatenate(bits)
        places.append(found if len(bits) == 1 else found[own])
    return places


def reachable(name: str, always: Words, masks: list[Words], parts: list[Packed]) -> Words:
    """Neurons of a population that a bias or an event through rows of weights can touch."""
    found = always.copy()
    for part, mask in zip(parts, masks, strict=True):
        if part.projection.target == name and part.form < LISTS and mask.size:
            found |= np.bitwise_or.reduce(mask, axis=0)
    return found


def segment_of_words(parts: list[tuple[int, int]]) -> Ints:
    """Segment that every word belongs to."""
    return np.repeat(np.arange(len(parts)), [-(-(stop - start) // WORD) for start, stop in parts]).astype(np.int64)
