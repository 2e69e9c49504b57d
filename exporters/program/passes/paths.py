"""Synapses of the float network: linear nodes between two populations, followed back and multiplied out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from math import prod

import nir
import numpy as np

from ....models.errors import UnsupportedOp
from ...nir.divisors import divisor_of
from ...nir.order import Edge
from ..synapses import spatial
from .compose import compose
from .linear import Dense, Elementwise, Floats, LinearMap
from .linear_nodes import LINEAR, linear_node
from .network import Neurons, Port, Synapses
from .populations import as_shape
from .windows import Window

__all__ = ["LINEAR", "Incoming", "incoming", "named_apart"]

MAX_PATHS = 1000
"""Most paths into one population; branches that meet again and again double them each time."""
_BEHIND_A_QUOTIENT = (
    "weigh the quotient of an E-I circuit anew, or bring it a second time, which no projection can: put neurons in "
    "between, or export the circuit with its gain frozen (models.freeze_gain)"
)
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
    circuits : dict of str to (size,) float64 array
        E-I circuits on these paths, and what scaled the rows of their divisors.
    """

    bias: Floats
    synapses: list[Synapses] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    circuits: dict[str, Floats] = field(default_factory=dict)


@dataclass(frozen=True)
class _Step:
    """How far a path has been followed: the edge to follow next, and everything behind it multiplied out.

    A path that comes to an E-I circuit goes on twice, for its current and for its divisor.
    """

    edge: Edge
    weight: LinearMap
    nodes: tuple[str, ...] = ()
    port: Port = "current"
    circuit: str = ""


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
    nodes = (name, *step.nodes)
    chain = " -> ".join(map(repr, nodes))
    weight, bias = linear_node(graph.nodes[name])
    maps: list[tuple[LinearMap, LinearMap, Port]] = [(step.weight, weight, step.port)]
    circuit = step.circuit
    if (divisor := divisor_of(graph.nodes[name])) is not None:
        if circuit or name in found.circuits or not isinstance(step.weight, Elementwise):
            found.problems.append(f"nodes {chain} {_BEHIND_A_QUOTIENT}")
            return
        circuit = name
        found.circuits[name] = divisor.gain
        maps.append((Elementwise.identity(len(divisor.gain)), Dense(divisor.weight), "divisor"))
    elif circuit and bias is not None and bias.any():
        found.problems.append(f"nodes {chain} add a bias in front of E-I circuit {circuit!r}; put neurons in between")
        return
    if bias is not None:
        found.bias += step.weight.apply(bias)
    try:
        composed: list[tuple[LinearMap, Port]] = [(compose(outer, inner), port) for outer, inner, port in maps]
    except UnsupportedOp as error:
        found.problems.append(f"nodes {chain} are no single projection: {error}")
        return
    for source in sorted(s for s, t in graph.edges if t == name):
        for weight, port in composed:
            yield _Step((source, name), weight, nodes, port, circuit)


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
    name = step.circuit or name or f"{source}->{neurons.name}"
    name = f"{name}.divisor" if step.port == "divisor" else name
    late_rows = int(step.edge in late)
    found.synapses.append(Synapses(name, source, neurons.name, step.weight, late_rows, step.port, step.circuit))


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
