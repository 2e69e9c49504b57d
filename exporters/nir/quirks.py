"""Edges that a framework writes otherwise than it computes."""

from __future__ import annotations

import nir

from .neurons import STATEFUL

Edge = tuple[str, str]


def past_recurrence(graph: nir.NIRGraph) -> nir.NIRGraph:
    """Lead the input of recurrent layers to the neuron: an edge into P.w_rec that is not from P.lif goes to P.lif.

    spyx 1.0.0 (spyx/nir.py, RLIF and RIF) writes ``input -> w_rec -> lif -> w_rec``, but its neuron adds the input to
    what the recurrent weights give (spyx/nn.py). Takes and returns a flat graph.
    """
    edges = [(source, _target(graph, source, target)) for source, target in graph.edges]
    if edges == list(graph.edges):
        return graph
    return nir.NIRGraph(graph.nodes, list(dict.fromkeys(edges)), metadata=graph.metadata, type_check=False)


def _target(graph: nir.NIRGraph, source: str, target: str) -> str:
    layer, _, last = target.rpartition(".")
    neuron = f"{layer}.lif"
    if last != "w_rec" or source == neuron or type(graph.nodes.get(neuron)) not in STATEFUL:
        return target
    return neuron
