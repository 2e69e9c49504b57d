"""In which order populations run when each runs all rows at once: those on a common cycle run row by row together."""

from __future__ import annotations

from ..program.population import Population
from ..program.program import Program


def groups(program: Program) -> list[list[Population]]:
    """Populations that lie on common cycles, in the order of the program; every source comes before its targets."""
    before = {p.name: _ancestors(program, p.name) for p in program.populations}
    found: dict[frozenset[str], list[Population]] = {}
    for p in program.populations:
        found.setdefault(before[p.name], []).append(p)
    # A source has fewer ancestors than its target, unless both lie on a cycle and have the same.
    return [found[names] for names in sorted(found, key=len)]


def _ancestors(program: Program, name: str) -> frozenset[str]:
    """Names of the populations from which paths lead to `name`, itself among them."""
    seen, todo = {name}, [name]
    populations = {p.name for p in program.populations}
    while todo:
        fresh = {q.source for q in program.into(todo.pop())} & populations - seen
        seen |= fresh
        todo += fresh
    return frozenset(seen)
