"""Counts that are sums over events, packed side by side into words: one addition an event counts for all of them.

What one event adds to a count is a column of numbers, one for every source neuron: synapses of a projection, or on a
core, messages, hops. A column less its smallest number, over their common divisor, takes few bits; how many is known,
as no sum passes that of all neurons. Columns in which all numbers are the same take none: the events are counted.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from ...exporters.program.program import Program
from .order import Image, outside
from .packing import Packed
from .tables import Ints

if TYPE_CHECKING:
    from ..placement import Placement

WORD_BITS = 63
"""Bits of a word that fields may lie in: so it is never negative."""


class Field(NamedTuple):
    """Bits of the sum of some word; a field without bits is 0."""

    word: int
    shift: int
    bits: int

    @property
    def mask(self) -> int:
        """Ones where it lies, once it is shifted down."""
        return (1 << self.bits) - 1


class Count(NamedTuple):
    """What the events of a row count for: ``base * events + factor * field``."""

    base: int
    factor: int
    field: Field


NOWHERE = Field(0, 0, 0)


@dataclass(frozen=True)
class Tally:
    """What is counted of the events of one source.

    Attributes
    ----------
    words : list of (size,) int64 array
    operations : dict of record of a projection to list of Count
        Their sum are the synaptic operations of its events.
    by_core : dict of str to list of (core, Count)
        As `count_by_core` names them; the other ones are 0.
    """

    words: list[Ints]
    operations: dict[int, list[Count]]
    by_core: dict[str, list[tuple[int, Count]]] = field(default_factory=dict)


def make_tallies(
    program: Program, parts: list[Packed], sources: Iterable[str], image: dict[str, Image], place: Placement | None
) -> dict[str, Tally]:
    """Tallies of all sources; `parts` are the projections in the order of their records."""
    of: dict[str, list[int]] = {name: [] for name in sources}
    for number, part in enumerate(parts):
        of[part.projection.source].append(number)
    if place is None:
        return {name: _of_projections(parts, own) for name, own in of.items()}
    return {name: _of_cores(program, parts, own, name, image.get(name), place) for name, own in of.items()}


def _of_projections(parts: list[Packed], own: list[int]) -> Tally:
    counts, words = pack_columns(parts[number].fan_out for number in own)
    return Tally(words, {number: [count] for number, count in zip(own, counts, strict=True)})


def _of_cores(
    program: Program, parts: list[Packed], own: list[int], name: str, image: Image | None, place: Placement
) -> Tally:
    from ..placement.counting import count_tables

    source = program.source(name)
    packer, turned = _Packer(), outside(image, source.size)
    by_core: dict[str, list[tuple[int, Count]]] = {}
    for what, cores, table in count_tables(place, source, program.events(name).graded):
        counts = enumerate((packer.pack(column) for column in table[turned].T), cores.start)
        by_core.setdefault(what, []).extend((core, count) for core, count in counts if count.base or count.factor)
    into = Counter(parts[number].projection.target for number in own)
    operations = {}
    for number in own:
        target = parts[number].projection.target
        cores = place.cores_of(target)
        alone = [count for core, count in by_core["synaptic_ops"] if cores.start <= core < cores.stop]
        pack = packer.pack_beside if into[target] == 1 else packer.pack
        together = pack(parts[number].fan_out)
        operations[number] = alone if together is None else [together]
    return Tally(packer.words, operations, by_core)


def pack_columns(columns: Iterable[Ints]) -> tuple[list[Count], list[Ints]]:
    """Counts of columns of the same length, and the words that hold them."""
    packer = _Packer()
    return [packer.pack(column) for column in columns], packer.words


class _Packer:
    """Lays columns into as few words as they come in."""

    def __init__(self) -> None:
        self.words: list[Ints] = []
        self._used: list[int] = []
        self._known: dict[bytes, Field] = {}

    def pack(self, column: Ints) -> Count:
        """Find or make room for a column, counted from its smallest number up or from its largest down."""
        while (count := self.pack_beside(column)) is None:
            self.words.append(np.zeros(column.size, np.int64))
            self._used.append(0)
        return count

    def pack_beside(self, column: Ints) -> Count | None:
        """Do the same in the words there are; None if that takes one more."""
        base, factor, steps = _steps_of(column)
        if not factor:
            return Count(base, 0, NOWHERE)
        key, bits = hashlib.sha256(np.ascontiguousarray(steps, np.int64)).digest(), int(steps.sum()).bit_length()
        if key not in self._known:
            word = next((word for word, used in enumerate(self._used) if used + bits <= WORD_BITS), None)
            if word is None:
                return None
            self._known[key] = place = Field(word, self._used[word], bits)
            self.words[word] |= steps << place.shift
            self._used[word] += bits
        return Count(base, factor, self._known[key])


def _steps_of(column: Ints) -> tuple[int, int, Ints]:
    """Whichever takes fewer bits of the two ways to count a column: from, by, and how many steps of every number."""
    low, high = int(column.min()), int(column.max())
    if low == high:
        return low, 0, np.zeros(column.size, np.int64)
    step = int(np.gcd.reduce(column - low))
    ways = [(low, step, (column - low) // step), (high, -step, (high - column) // step)]
    return min(ways, key=lambda way: int(way[2].sum()))
