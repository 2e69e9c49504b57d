"""Neurons as bits of 64-bit words, so that touching and counting them costs next to nothing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from .packing import Packed
from .record_types import LISTS
from .tables import Ints

WORD = 64
"""Bits of a word."""

Segments = dict[str, Sequence[tuple[int, int]]]
"""Parts ``(start, stop)`` of every population whose updates are counted separately."""
Words = NDArray[np.uint64]


def bit_parts(segments: Segments, whole: Iterable[str]) -> Segments:
    """Parts of every population whose bits begin a new word: its segments, or of some populations all neurons."""
    return segments | {name: [(0, segments[name][-1][1])] for name in whole}


def as_words(mask: NDArray[np.bool_], parts: Iterable[tuple[int, int]]) -> Words:
    """Pack (rows, size) truth values into (rows, words), each part starting a new word."""
    packed = []
    for start, stop in parts:
        bits = np.packbits(mask[:, start:stop], axis=1, bitorder="little")
        bits = np.pad(bits, ((0, 0), (0, -bits.shape[1] % (WORD // 8))))
        packed.append(np.ascontiguousarray(bits).view("<u8"))
    return np.concatenate(packed, axis=1).astype(np.uint64)


def places_of_bits(bits: Segments) -> list[Ints]:
    """Place of every neuron of a population among the bits of all words; every part starts a new word."""
    places, first = [], 0
    for parts in bits.values():
        found = []
        for start, stop in parts:
            found.append(first + np.arange(stop - start))
            first += -(-(stop - start) // WORD) * WORD
        places.append(np.concatenate(found))
    return places


def reachable(name: str, always: Words, masks: list[Words], parts: list[Packed]) -> Words:
    """Neurons of a population that a bias or an event through rows of weights can touch."""
    found = always.copy()
    for part, mask in zip(parts, masks, strict=True):
        if part.projection.target == name and part.form < LISTS and mask.size:
            found |= np.bitwise_or.reduce(mask, axis=0)
    return found


def segment_of_words(segments: Segments, bits: Segments) -> Ints:
    """Segment that every word belongs to; the first of a population whose segments lie across words."""
    found, first = [np.zeros(0, np.int64)], 0
    for name, parts in bits.items():
        counts = [-(-(stop - start) // WORD) for start, stop in parts]
        found.append(first + np.repeat(np.arange(len(parts)), counts))
        first += len(segments[name])
    return np.concatenate(found)


def members_of_segments(segments: Segments, bits: Segments, order: dict[str, Ints]) -> Words:
    """Neurons of every segment that lies across words, one bit each; `order` holds those of a population in turn."""
    found = [np.zeros(0, np.uint64)]
    for name, parts in segments.items():
        if len(parts) > len(bits[name]):
            inside = np.array([(start <= order[name]) & (order[name] < stop) for start, stop in parts])
            found.append(as_words(inside, bits[name]).ravel())
    return np.concatenate(found)


def most_of_segments(touchable: Words, of_word: Ints, segments: Segments) -> Ints:
    """Bits of the words of every segment, where no others lie in them."""
    bits = np.unpackbits(touchable.view(np.uint8)).reshape(-1, WORD).sum(1, dtype=np.int64)
    most = np.zeros(sum(map(len, segments.values())), np.int64)
    np.add.at(most, of_word, bits)
    return most
