"""Pass 1: a NIR graph becomes neurons and synapses; chains of linear nodes are multiplied out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import nir
import numpy as np

from ....models.errors import UnsupportedOp
from ...nir.dynamics import STATEFUL, membrane_terms
from ...nir.order import Edge, recurrent_edges
from ...nir.semantics import Semantics
from ..losses import Loss
from .network import Network, Neurons, Synapses

_LINEAR = (nir.Affine, nir.Linear)
_KNOWN = (nir.Input, nir.Output, *_LINEAR, nir.I, nir.IF, nir.LI, nir.LIF)


def connect(graph: nir.NIRGraph, semantics: Semantics) -> Network:
    """Read the neurons out of `graph` and follow every input back to its source.

    A linear node in front of an Output becomes a population that sums its input over the sample.

    Raises
    ------
    UnsupportedOp
        Listing every node or setting that the program cannot say.
    """
    _refuse(graph, semantics)
    late = recurrent_edges(graph)
    heads = {s for s, t in graph.edges if isinstance(graph.nodes[t], nir.Output)}
    neurons, losses = [], []
    for name, node in sorted(graph.nodes.items()):
        if type(node) in STATEFUL:
            neurons.append(_neurons(name, node, semantics))
        elif isinstance(node, _LINEAR) and name in heads:
            neurons.append(_summing(name, node))
            what = "a linear output has no state of its own; its rows are summed over the sample"
            losses.append(Loss(name, what, "structure"))
    names = {n.name for n in neurons}
    synapses = _named_apart([s for n in neurons for s in _synapses(graph, n, late, names)])
    inputs = {n: _shape(node.input_type["input"]) for n, node in graph.nodes.items() if isinstance(node, nir.Input)}
    outputs = {t: s for s, t in graph.edges if isinstance(graph.nodes[t], nir.Output)}
    return Network(inputs, tuple(neurons), synapses, outputs, tuple(losses))


def _refuse(graph: nir.NIRGraph, semantics: Semantics) -> None:
    found = [
        f"node {name!r} is a {type(node).__name__}; known are {', '.join(sorted(k.__name__ for k in _KNOWN))}"
        for name, node in sorted(graph.nodes.items())
        if type(node) not in _KNOWN
    ]
    for name, node in sorted(graph.nodes.items()):
        if np.any(getattr(node, "v_reset", 0)):
            found.append(f"node {name!r} has v_reset != 0; a chip's neuron resets to zero")
    found += [*_misread(graph)]
    if semantics.reset != "zero":
        found.append(
            "the neurons reset by subtraction, the chip's neuron resets to zero: train with a reset to zero (snnTorch: "
            'reset_mechanism="zero", reset_delay=False), or accept the change with reset="zero" (--reset zero)'
        )
    found += [
        f"{what} holds ({semantics.origin[what]}), which a chip's neuron cannot: accept the change with {what} = False "
        "in the graph's metadata under 'spikewright'"
        for what in ("multi_spike", "v_floor", "spike_late")
        if getattr(semantics, what)
    ]
    if found:
        raise UnsupportedOp("The graph cannot become an integer program:", found)


def _misread(graph: nir.NIRGraph) -> Iterator[str]:
    """Edges that a program cannot carry: spikes leave a population, and one readout leaves the chip."""
    outputs = {name for name, node in graph.nodes.items() if isinstance(node, nir.Output)}
    heads = {s for s, t in graph.edges if t in outputs and isinstance(graph.nodes[s], _LINEAR)}
    for source, target in sorted(graph.edges):
        node = graph.nodes[source]
        if (STATEFUL.get(type(node)) == "membrane" or source in heads) and target not in outputs:
            yield f"node {source!r}, which is read out, also feeds {target!r}; on a chip only spikes travel"
        if isinstance(node, nir.Input) and target in outputs:
            yield f"output {target!r} is the input {source!r} itself; there is nothing to run"
    for name in sorted(outputs):
        sources = sorted(s for s, t in graph.edges if t == name)
        if len(sources) != 1:
            yield f"output {name!r} is fed by {len(sources)} nodes ({', '.join(sources)}); each needs its own Output"


def _neurons(name: str, node: Any, semantics: Semantics) -> Neurons:
    keep, gain, drift = membrane_terms(node, semantics)
    shape = _shape(node.output_type["output"])
    size = int(np.prod(shape))
    spiking = STATEFUL[type(node)] == "spikes"
    threshold = node.v_threshold if spiking else 1.0
    terms = (np.broadcast_to(term, shape).reshape(size).astype(np.float64) for term in (keep, gain, drift, threshold))
    return Neurons(name, shape, *terms, spiking=spiking)


def _summing(name: str, node: Any) -> Neurons:
    size = len(node.weight)
    one, zero = np.ones(size), np.zeros(size)
    return Neurons(name, (size,), one, one, zero, one, spiking=False)


def _synapses(graph: nir.NIRGraph, neurons: Neurons, late: frozenset[Edge], names: set[str]) -> list[Synapses]:
    """One projection per path of linear nodes that ends in `neurons`."""
    if isinstance(graph.nodes[neurons.name], _LINEAR):  # a summing population is its own last linear node
        return [_follow(graph, (neurons.name, neurons.name), neurons, late, names - {neurons.name})]
    return [_follow(graph, edge, neurons, late, names) for edge in sorted(graph.edges) if edge[1] == neurons.name]


def _follow(graph: nir.NIRGraph, edge: Edge, neurons: Neurons, late: frozenset[Edge], names: set[str]) -> Synapses:
    """Go back along `edge` through linear nodes to a source; named after the linear node next to the source."""
    size = int(np.prod(neurons.shape))
    weight, bias, delay, name = np.eye(size), np.zeros(size), int(edge in late), f"{edge[0]}->{edge[1]}"
    source = edge[0]
    while source not in names and isinstance(graph.nodes[source], _LINEAR):
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


def _named_apart(synapses: list[Synapses]) -> tuple[Synapses, ...]:
    """A linear node with several targets becomes several projections, which then carry their target's name too."""
    uses = Counter(s.name for s in synapses)
    return tuple(replace(s, name=f"{s.name}->{s.target}") if uses[s.name] > 1 else s for s in synapses)


def _shape(shape: Any) -> tuple[int, ...]:
    return tuple(int(n) for n in np.atleast_1d(shape))
