"""Where the nodes of a drawn graph stand: columns from the inputs on, and which edges run back."""

from __future__ import annotations

from collections.abc import Iterable

Edge = tuple[str, str]


def backward_edges(names: Iterable[str], edges: list[Edge]) -> set[Edge]:
    """Edges that close a cycle on a depth-first walk in the order of `names`; without them no cycle is left."""
    followers: dict[str, list[str]] = {name: [] for name in names}
    for source, target in edges:
        followers[source].append(target)
    back: set[Edge] = set()
    done: set[str] = set()
    for start in followers:
        path, waiting = {start: None}, [iter(followers[start])]
        while waiting and start not in done:
            target = next(waiting[-1], None)
            if target is None:
                done.add(path.popitem()[0])
                waiting.pop()
            elif target in path:
                back.add((next(reversed(path)), target))
            elif target not in done:
                path[target] = None
                waiting.append(iter(followers[target]))
    return back


def columns(names: list[str], edges: list[Edge], first: Iterable[str] = ()) -> tuple[list[list[str]], set[Edge]]:
    """Lay nodes out from left to right.

    Parameters
    ----------
    names : list of str
    edges : list of (source, target)
        Both ends in `names`.
    first : iterable of str
        Where walks begin, so that an edge back into an input's follower is the one that counts as recurrent.

    Returns
    -------
    list of list of str
        Column by column; a node stands as many columns from the left as its longest path from a node without
        predecessors has edges. Within a column, in the order of the mean row of its predecessors.
    set of (source, target)
        Edges that run back.
    """
    back = backward_edges(dict.fromkeys((*first, *sorted(names))), edges)
    sources: dict[str, list[str]] = {name: [] for name in names}
    targets: dict[str, list[str]] = {name: [] for name in names}
    for source, target in edges:
        if (source, target) not in back:
            sources[target].append(source)
            targets[source].append(target)
    level, missing = dict.fromkeys(names, 0), {name: len(sources[name]) for name in names}
    ready = [name for name in names if not missing[name]]
    while ready:
        source = ready.pop()
        for target in targets[source]:
            level[target] = max(level[target], level[source] + 1)
            missing[target] -= 1
            if not missing[target]:
                ready.append(target)
    return _ordered(level, sources), back


def _ordered(level: dict[str, int], sources: dict[str, list[str]]) -> list[list[str]]:
    laid: list[list[str]] = [[] for _ in range(max(level.values(), default=-1) + 1)]
    for name in sorted(level):
        laid[level[name]].append(name)
    row: dict[str, float] = {}
    for column in laid:
        mean = {n: sum(row[s] for s in sources[n]) / len(sources[n]) if sources[n] else 0.0 for n in column}
        column.sort(key=lambda name: (mean[name], name))
        row |= {name: number - (len(column) - 1) / 2 for number, name in enumerate(column)}
    return laid
