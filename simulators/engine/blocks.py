"""Blocks of populations that advance together, and where threads that share a sample wait for each other in them."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from ...exporters.program.program import Program
from .cutting import Cut


def blocks(cut: Cut) -> list[int]:
    """Cut the populations where no projection leads back; inside a block they advance row by row together.

    The parts of a population are in one block, whether they reach each other or not.
    """
    position = _positions(cut.program)
    last = {part.population: position[name] for name, part in cut.parts.items()}
    last_source = [last[part.population] for part in cut.parts.values()]
    for q in cut.program.projections:
        source, target = position.get(q.source, -1), position[q.target]
        last_source[target] = max(last_source[target], source)
    cuts, end = [0], 0
    for number, source in enumerate(last_source):
        end = max(end, source)
        if end == number:
            cuts.append(number + 1)
    return cuts


def block_of(cut: Cut) -> dict[str, int]:
    """Block that every population belongs to."""
    names = [p.name for p in cut.program.populations]
    return {name: block for block, ends in enumerate(pairwise(blocks(cut))) for name in names[slice(*ends)]}


def waits(cut: Cut) -> list[bool]:
    """Before which populations all threads have to wait in each row, until what is needed of the others is done.

    The first population of a block waits for the row before, if anybody in the block reads that; another one for the
    sources in its block that it reads without a delay.
    """
    return [found for ends in pairwise(blocks(cut)) for found in _waits_in(cut.program, *ends)]


def _waits_in(program: Program, first: int, stop: int) -> Iterator[bool]:
    position = _positions(program)
    inside = [
        (position[q.source], position[q.target], q.min_delay)
        for q in program.projections
        if first <= position.get(q.source, -1) < stop and position[q.target] < stop
    ]
    since = first
    yield bool(inside)
    for number in range(first + 1, stop):
        needed = any(since <= source and target == number and not delay for source, target, delay in inside)
        since = number if needed else since
        yield needed


def _positions(program: Program) -> dict[str, int]:
    return {p.name: number for number, p in enumerate(program.populations)}
