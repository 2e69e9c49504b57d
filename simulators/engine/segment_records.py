"""Records of segments, the parts of a population that lie on one core each: their updates are counted by themselves."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from .order import Image
from .record_types import SEGMENT
from .records import firsts
from .tables import Ints
from .words import WORD, Words, as_words, number_of_ones

Segments = dict[str, Sequence[tuple[int, int]]]
"""First neuron of every segment of a population, and the one behind its last; none unless updates are counted so."""


def number_of(segments: Segments) -> int:
    """How many there are in all."""
    return sum(map(len, segments.values()))


def segment_records(
    segments: Segments, populations: NDArray[np.void], image: dict[str, Image], row: int
) -> NDArray[np.void]:
    """Records of all segments but for `most`; `row` is that of the first one's updates."""
    table = np.zeros(number_of(segments), SEGMENT)
    spans = [
        (int(p["word"]) + first, stop - first)
        for (name, own), p in zip(segments.items(), populations, strict=True)
        for first, stop in _spans(own, int(p["words"]), name in image)
    ]
    table["row"] = row + np.arange(len(table))
    table["word"], table["words"] = np.array(spans, np.int64).reshape(-1, 2).T
    table["member"] = firsts(table["words"])
    return table


def members_of(segments: Segments, image: dict[str, Image], order: dict[str, Ints]) -> Words:
    """Neurons of every segment, one bit each in its words; `order` holds those of a population as their bits lie."""
    found = [np.zeros(0, np.uint64)]
    for name, own in segments.items():
        words = -(-order[name].size // WORD)
        for (start, stop), (first, last) in zip(own, _spans(own, words, name in image), strict=True):
            neurons = order[name][first * WORD : last * WORD]
            found.append(as_words(((start <= neurons) & (neurons < stop))[None])[0])
    return np.concatenate(found)


def fill_most(table: NDArray[np.void], members: Words, touchable: Words) -> None:
    """Say of every segment how many of its neurons can be touched."""
    for s in table:
        own = touchable[s["word"] : s["word"] + s["words"]] & members[s["member"] : s["member"] + s["words"]]
        s["most"] = number_of_ones(own)


def _spans(own: Sequence[tuple[int, int]], words: int, across: bool) -> Iterator[tuple[int, int]]:
    """First word of every segment of a population, and the one behind its last; all words if they lie `across`."""
    for start, stop in own:
        yield (0, words) if across else (start // WORD, -(-stop // WORD))
