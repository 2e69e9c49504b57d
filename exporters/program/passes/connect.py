"""Pass 1: a NIR graph becomes neurons and synapses; chains of linear nodes are multiplied out."""

from __future__ import annotations

from collections.abc import Iterator

import nir
import numpy as np

from ....models.errors import UnsupportedOp
from ...nir.dynamics import STATEFUL
from ...nir.order import recurrent_edges
from ...nir.semantics import Semantics
from ..losses import Loss
from .network import Network
from .paths import LINEAR, named_apart, synapses_into
from .populations import as_shape, neurons_of, summing_neurons

_KNOWN = (nir.Input, nir.Output, *LINEAR, nir.I, nir.IF, nir.LI, nir.LIF)


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
            neurons.append(neurons_of(name, node, semantics))
        elif isinstance(node, LINEAR) and name in heads:
            neurons.append(summing_neurons(name, node))
            what = "a linear output has no state of its own; its rows are summed over the sample"
            losses.append(Loss(name, what, "structure"))
    names = {n.name for n in neurons}
    synapses = named_apart([s for n in neurons for s in synapses_into(graph, n, late, names)])
    inputs = {n: as_shape(node.input_type["input"]) for n, node in graph.nodes.items() if isinstance(node, nir.Input)}
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
    heads = {s for s, t in graph.edges if t in outputs and isinstance(graph.nodes[s], LINEAR)}
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
