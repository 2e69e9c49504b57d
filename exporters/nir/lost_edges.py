"""Edges that name nodes which no reading of the name finds."""

from __future__ import annotations

from itertools import chain

import nir

from .flatten import locate


def lost_edges(graph: nir.NIRGraph, prefix: str, notes: list[str]) -> list[str]:
    """Take edges to missing nodes out of `graph` and return those that its meaning may hang on, one sentence each.

    Inside sub-graphs, where writers mix up the names from inside and outside, such an edge is left out instead if the
    node at its other end keeps an edge on that side: then nothing comes loose.
    """
    ends = set(chain.from_iterable(graph.edges)).difference(graph.nodes)
    missing = {end for end in ends if "." not in end or not _exists(graph, prefix, end)}
    kept = [edge for edge in graph.edges if edge[0] not in missing and edge[1] not in missing]
    sources, targets = {source for source, _ in kept}, {target for _, target in kept}
    problems = []
    where = f" inside {prefix[:-1]!r}" if prefix else ""
    for source, target in graph.edges if missing else ():
        if source not in missing and target not in missing:
            continue
        gone = source if source in missing else target
        sentence = f"The edge {source!r} -> {target!r}{where} names {gone!r}, which is missing"
        if prefix and (source in sources or target in targets):
            notes.append(f"{sentence}; left out.")
        else:
            problems.append(sentence)
    graph.edges = kept
    for name, node in graph.nodes.items():
        if isinstance(node, nir.NIRGraph):
            problems += lost_edges(node, f"{prefix}{name}.", notes)
    return problems


def _exists(graph: nir.NIRGraph, prefix: str, end: str) -> bool:
    return locate(graph, end) is not None or _own(graph, prefix, end)


def _own(graph: nir.NIRGraph, prefix: str, end: str) -> bool:
    return bool(prefix) and end.startswith(prefix) and locate(graph, end[len(prefix) :]) is not None
