"""Blocks of populations that advance together, and where threads that share a sample wait for each other in them."""

from __future__ import annotations

from collections import Counter
from itertools import accumulate, pairwise

from ...exporters.program.program import Program
from .cutting import Cut


def blocks(program: Program) -> list[int]:
    """Cut the populations where no projection leads back; inside a block they advance row by row together."""
    position = {p.name: number for number, p in enumerate(program.populations)}
    last_source = list(range(len(position)))
    for q in program.projections:
        source, target = position.get(q.source, -1), position[q.target]
        last_source[target] = max(last_source[target], source)
    cuts, end = [0], 0
    for number, source in enumerate(last_source):
        end = max(end, source)
        if end == number:
            cuts.append(number + 1)
    return cuts


def block_of(program: Program) -> dict[str, int]:
    """Block that every population belongs to."""
    names = [p.name for p in program.populations]
    return {name: block for block, ends in enumerate(pairwise(blocks(program))) for name in names[slice(*ends)]}


def waits(program: Program) -> dict[str, bool]:
    """Before which populations threads wait for each other in a row, as every thread does at the end of each.

    Those are they that read, without a delay, a source of their block on which nobody has waited yet in this row.
    """
    position, found = {p.name: number for number, p in enumerate(program.populations)}, {}
    at_once = [(position.get(q.source, -1), q.target) for q in program.projections if not q.min_delay]
    for since, stop in pairwise(blocks(program)):
        for p in program.populations[since:stop]:
            found[p.name] = any(since <= source < position[p.name] and p.name == target for source, target in at_once)
            since = position[p.name] if found[p.name] else since
    return found


def blocks_of_parts(cut: Cut) -> list[int]:
    """The same as `blocks` of the whole program, for its parts."""
    counts = Counter(part.population for part in cut.parts.values())
    ends = [0, *accumulate(counts[p.name] for p in cut.whole.populations)]
    return [ends[number] for number in blocks(cut.whole)]
