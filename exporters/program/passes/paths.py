"""Synapses of the float network: linear nodes between two populations, followed back and multiplied out."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import Any

import nir
import numpy as np

from ....models.errors import UnsupportedOp
from ...nir.order import Edge
from .network import Neurons, Synapses

LINEAR = (nir.Affine, nir.Linear)


def synapses_into(graph: nir.NIRGraph, neurons: Neurons, late: frozenset[Edge], names: set[str]) -> list[Synapses]:
    """One projection per path of linear nodes that ends in `neurons`."""
    if isinstance(graph.nodes[neurons.name], LINEAR):  # a summing population is its own last linear node
        return [_follow(graph, (neurons.name, neurons.name), neurons, late, names - {neurons.name})]
    return [_follow(graph, edge, neurons, late, names) for edge in sorted(graph.edges) if edge[1] == neurons.name]


def _follow(graph: nir.NIRGraph, edge: Edge, neurons: Neurons, late: frozenset[Edge], names: set[str]) -> Synapses:
    """Go back along `edge` through linear nodes to a source; named after the linear node next to the source."""
    size = int(np.prod(neurons.shape))
    weight, bias, delay, name = np.eye(size), np.zeros(size), int(edge in late), f"{edge[0]}->{edge[1]}"
    source = edge[0]
    while source not in names and isinstance(graph.nodes[source], LINEAR):
        node: Any = graph.nodes[source]
        bias = bias + weight @ (getattr(node, "bias", 0.0) * np.ones(len(node.weight)))
        weight = weight @ np.asarray(node.weight, np.float64)
        before = _one_source(graph, source)
        delay += (before, source) in late
        name, source = source, before
    return Synapses(name, source, neurons.name, weight, bias, delay)


def _one_source(graph: nir.NIRGraph, name: str) -> str:
    sources = [s for s, t in graph.edges if t == name]
    if len(sources) != 1:
        raise UnsupportedOp(f"Linear node {name!r} has {len(sources)} inputs; lowering knows one. Split the node.")
    return sources[0]


def named_apart(synapses: list[Synapses]) -> tuple[Synapses, ...]:
    """A linear node with several targets becomes several projections, which then carry their target's name too."""
    uses = Counter(s.name for s in synapses)
    return tuple(replace(s, name=f"{s.name}->{s.target}") if uses[s.name] > 1 else s for s in synapses)
