"""Pass: a NIR graph becomes neurons and synapses; chains of linear nodes are multiplied out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import nir

from ....models.errors import UnsupportedOp
from ...nir.delays import buffered
from ...nir.dynamics import STATEFUL
from ...nir.flatten import flatten
from ...nir.order import execution_order, recurrent_edges
from ...nir.quirks import past_recurrence
from ...nir.semantics import Semantics
from ...nir.shapes import infer_shapes
from ..losses import Loss
from .network import CONSTANT, Network
from .paths import LINEAR, incoming, named_apart
from .populations import POPULATIONS, as_shape, neurons_of, summing_neurons

_KNOWN = (nir.Input, nir.Output, *LINEAR, *POPULATIONS)
_CANNOT = "The graph cannot become an integer program:"


def connect(graph: nir.NIRGraph, semantics: Semantics, cycle: str = "every") -> Network:
    """Read the neurons out of `graph` and follow every input back to its source.

    A linear node in front of an Output becomes a population that sums its input over the sample; one that only changes
    the shape is left out.

    Parameters
    ----------
    graph : nir.NIRGraph
    semantics : Semantics
    cycle : {"every", "closing"}
        Which edges of a cycle wait a row, see `order.recurrent_edges`.

    Raises
    ------
    UnsupportedOp
        Listing every node, setting or path that the program cannot say.
    InputError
        If shapes do not go together.
    """
    graph = flatten(graph)
    _refuse_kinds(graph)
    graph = infer_shapes(past_recurrence(graph) if semantics.input_past_recurrence else graph)
    waiting = buffered(graph, semantics)
    late = recurrent_edges(graph, waiting, cycle)
    execution_order(graph, late, waiting)  # refuses cycles of linear nodes alone
    _refuse(graph, semantics)
    outputs = {t: _read(graph, s) for s, t in sorted(graph.edges) if isinstance(graph.nodes[t], nir.Output)}
    neurons, losses = [], []
    for name, node in sorted(graph.nodes.items()):
        if isinstance(node, POPULATIONS):
            neurons.append(neurons_of(name, node, semantics))
        elif isinstance(node, LINEAR) and name in outputs.values():
            neurons.append(summing_neurons(name, node))
            what = "a linear output has no state of its own; its rows are summed over the sample"
            losses.append(Loss(name, what, "structure"))
    found = [incoming(graph, n, late) for n in neurons]
    if problems := [problem for into in found for problem in into.problems]:
        raise UnsupportedOp(_CANNOT, problems)
    return Network(
        {n: as_shape(node.input_type["input"]) for n, node in graph.nodes.items() if isinstance(node, nir.Input)},
        tuple(replace(n, bias=into.bias, circuits=into.circuits) for n, into in zip(neurons, found, strict=True)),
        named_apart([s for into in found for s in into.synapses]),
        outputs,
        tuple(losses),
    )


def _read(graph: nir.NIRGraph, name: str) -> str:
    """Node whose values `name` has: itself, or what lies behind nodes that only change the shape."""
    sources = _sources(graph, name)
    while isinstance(graph.nodes[name], nir.Flatten) and len(sources) == 1:
        name = sources[0]
        sources = _sources(graph, name)
    return name


def _sources(graph: nir.NIRGraph, name: str) -> list[str]:
    return sorted(s for s, t in graph.edges if t == name)


def _refuse_kinds(graph: nir.NIRGraph) -> None:
    found = [
        f"node {name!r} is a {type(node).__name__}; known are {', '.join(sorted(k.__name__ for k in _KNOWN))}"
        for name, node in sorted(graph.nodes.items())
        if type(node) not in _KNOWN
    ]
    if found:
        raise UnsupportedOp(_CANNOT, found)


def _refuse(graph: nir.NIRGraph, semantics: Semantics) -> None:
    found = [*_misread(graph)]
    if CONSTANT in graph.nodes:
        found.append(f"a node is called {CONSTANT!r}, the name of the source that biases come from; rename it")
    if semantics.reset not in ("zero", "subtract"):
        found.append(
            f"the neurons reset by {semantics.reset!r} ({semantics.origin['reset']}), which no chip's neuron does: "
            'train with a reset to zero (snnTorch: reset_mechanism="zero", reset_delay=False), or accept the change '
            'with reset="zero" or "subtract" (--reset zero)'
        )
    found += [
        f"{what} holds ({semantics.origin[what]}), which a chip's neuron cannot: accept the change with {what} = False "
        "in the graph's metadata under 'spikewright'"
        for what in ("multi_spike", "v_floor", "spike_late")
        if getattr(semantics, what)
    ]
    if found:
        raise UnsupportedOp(_CANNOT, found)


def _misread(graph: nir.NIRGraph) -> Iterator[str]:
    """Edges that a program cannot carry: spikes leave a population, and one source is read by an Output."""
    for name in sorted(name for name, node in graph.nodes.items() if isinstance(node, nir.Output)):
        sources = _sources(graph, name)
        if len(sources) != 1:
            yield f"output {name!r} is fed by {len(sources)} nodes ({', '.join(sources)}); each needs its own Output"
        for read in (_read(graph, source) for source in sources):
            if isinstance(graph.nodes[read], nir.Input):
                yield f"output {name!r} is the input {read!r} itself; there is nothing to run"
    membranes = {name for name, node in graph.nodes.items() if STATEFUL.get(type(node)) == "membrane"}
    for source, target in sorted(graph.edges):
        if source in membranes and not _only_read(graph, target):
            yield f"node {source!r}, which is read out, also feeds {target!r}; on a chip only spikes travel"


def _only_read(graph: nir.NIRGraph, name: str) -> bool:
    """Whether `name` is an Output, or only changes the shape of the one thing that goes to Outputs."""
    if not isinstance(graph.nodes[name], nir.Flatten):
        return isinstance(graph.nodes[name], nir.Output)
    return len(_sources(graph, name)) == 1 and all(_only_read(graph, t) for s, t in graph.edges if s == name)
