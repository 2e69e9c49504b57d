"""Synapses of the float network: linear nodes between two populations, followed back and multiplied out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from math import prod

import nir
import numpy as np

from ....models.errors import UnsupportedOp
from ...nir.order import Edge
from ..synapses import spatial
from .compose import compose
from .linear import Elementwise, Floats, LinearMap
from .linear_nodes import LINEAR, linear_node
from .network import Neurons, Synapses
from .populations import as_shape
from .windows import Window

__all__ = ["LINEAR", "Incoming", "incoming", "named_apart"]

MAX_PATHS = 1000
"""Most paths into one population; branches that meet again and again double them each time."""
_WEIGHTED = (nir.Affine, nir.Linear, nir.Conv1d, nir.Conv2d)


@dataclass
class Incoming:
    """What ends in one population.

    Attributes
    ----------
    synapses : list of Synapses
        One projection for every path of linear nodes back to an input or population.
    bias : (size,) float64 array
        What the biases on these paths add up to, each counted once for every way from its node on.
    problems : list of str
        Paths that no projection can say.
    """

    bias: Floats
    synapses: list[Synapses] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class _Step:
    """How far a path has been followed: the edge to follow next, and everything behind it multiplied out."""

    edge: Edge
    weight: LinearMap
    nodes: tuple[str, ...] = ()


def incoming(graph: nir.NIRGraph, neurons: Neurons, late: frozenset[Edge]) -> Incoming:
    """Follow every path of linear nodes that ends in `neurons` back to where it begins.

    A projection is named after the first node on its path that has weights.

    Parameters
    ----------
    graph : nir.NIRGraph
        Flat, with shapes.
    neurons : Neurons
        A summing population is its own last linear node.
    late : frozenset of edges
        Those that read their source's previous row.
    """
    size = prod(neurons.shape)
    found = Incoming(np.zeros(size))
    itself = isinstance(graph.nodes[neurons.name], LINEAR)
    starts = [neurons.name] if itself else sorted(s for s, t in graph.edges if t == neurons.name)
    todo = [_Step((start, neurons.name), Elementwise.identity(size)) for start in reversed(starts)]
    while todo:
        step = todo.pop()
        if isinstance(graph.nodes[step.edge[0]], LINEAR):
            todo += reversed([*_through(graph, step, found)])
        else:
            _end(graph, neurons, step, late, found)
        if len(todo) + len(found.synapses) > MAX_PATHS:
            found.problems.append(f"more than {MAX_PATHS} paths of linear nodes lead to population {neurons.name!r}")
            break
    return found


def _through(graph: nir.NIRGraph, step: _Step, found: Incoming) -> Iterator[_Step]:
    """Multiply out the linear node that `step` has come to, and go on to everything that feeds it."""
    name = step.edge[0]
    weight, bias = linear_node(graph.nodes[name])
    if bias is not None:
        found.bias += step.weight.apply(bias)
    nodes = (name, *step.nodes)
    try:
        weight = compose(step.weight, weight)
    except UnsupportedOp as error:
        found.problems.append(f"nodes {' -> '.join(map(repr, nodes))} are no single projection: {error}")
        return
    for source in sorted(s for s, t in graph.edges if t == name):
        yield _Step((source, name), weight, nodes)


def _end(graph: nir.NIRGraph, neurons: Neurons, step: _Step, late: frozenset[Edge], found: Incoming) -> None:
    source = step.edge[0]
    shape = as_shape(graph.nodes[source].output_type["output"])
    if isinstance(step.weight, Window) and (len(shape) not in (2, 3) or spatial(shape) != step.weight.in_shape):
        found.problems.append(
            f"nodes {' -> '.join(map(repr, step.nodes))} see {source!r} of shape {shape} as {step.weight.in_shape}; "
            "a window needs the channels, height and width of its source"
        )
        return
    name = next((n for n in step.nodes if isinstance(graph.nodes[n], _WEIGHTED)), "")
    name = name or next((n for n in step.nodes if not isinstance(graph.nodes[n], nir.Flatten)), "")
    name = name or f"{source}->{neurons.name}"
    found.synapses.append(Synapses(name, source, neurons.name, step.weight, int(step.edge in late)))


def named_apart(synapses: list[Synapses]) -> tuple[Synapses, ...]:
    """Name every projection once: where a node has several, the target joins the name, then the source, then a number.

    Projections that are told apart already keep their names.
    """
    for longer in (lambda s: f"{s.name}->{s.target}", lambda s: f"{s.source}->{s.name}"):
        uses = Counter(s.name for s in synapses)
        synapses = [replace(s, name=longer(s)) if uses[s.name] > 1 else s for s in synapses]
    uses, seen = Counter(s.name for s in synapses), Counter[str]()
    named = []
    for s in synapses:
        seen[s.name] += 1
        named.append(replace(s, name=f"{s.name} ({seen[s.name]})") if uses[s.name] > 1 else s)
    return tuple(named)
