"""Counts by core, made from what the kernels kept when somebody looks at them.

The kernels keep a few words for every row of a source. Nine arrays with a number for every core take longer to write
than a short sample takes to run.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

import numpy as np

from .tables import Ints
from .tallies import Count, Tally

if TYPE_CHECKING:
    from ..placement import Placement


class CountsByCore(Mapping[str, Ints]):
    """What `count_by_core` returns, each array made when it is first looked at.

    Parameters
    ----------
    place : Placement
    tallies : dict of source to Tally
    updates : (cores, T, B) int64 array
    sums : (..., T, B) int64 array
        Of every source, how many events there were and the sums of its words.
    """

    def __init__(self, place: Placement, tallies: dict[str, Tally], updates: Ints, sums: Ints) -> None:
        self._place, self._tallies, self._updates, self._sums = place, tallies, updates, sums
        self._made: dict[str, Ints] = {}

    def __iter__(self) -> Iterator[str]:
        from ..placement.counting import COUNTED

        return iter(COUNTED)

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def __getitem__(self, name: str) -> Ints:
        if name not in self._made:
            if name not in tuple(self):
                raise KeyError(name)
            self._made[name] = self._make(name)
        return self._made[name]

    def _make(self, name: str) -> Ints:
        """Lay the rows of every source on chip steps, (T + depth, B, cores)."""
        program, (_, steps, samples) = self._place.program, self._updates.shape
        counts = np.zeros((len(self._place.cores), steps + program.depth, samples), np.int64)
        if name == "updates":
            for core, rows in zip(self._place.cores, self._updates, strict=True):
                level = program.level(core.population)
                counts[core.index, level : level + steps] = rows
        first = 0
        for source, tally in self._tallies.items():
            events, *own = self._sums[first : first + 1 + len(tally.words)]
            first, level = first + 1 + len(own), program.level(source)
            for core, count in tally.by_core.get(name, ()):
                counts[core, level : level + steps] += _counted(events, own, count)
        return counts.transpose(1, 2, 0)


def _counted(events: Ints, words: list[Ints], count: Count) -> Ints:
    """Unpack a count of every row, (T, B)."""
    found = count.base * events if count.base else np.zeros_like(events)
    if count.factor:
        field = count.field
        found += count.factor * ((words[field.word] >> field.shift) & field.mask)
    return found
