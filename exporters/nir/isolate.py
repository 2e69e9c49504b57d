"""One neuron node of a graph by itself: its sources become inputs, as in `exporters.program.isolate`."""

from __future__ import annotations

from dataclasses import dataclass

import nir

from .delays import buffered
from .dialects import METADATA_KEY
from .dynamics import STATEFUL
from .metadata import own_metadata
from .order import Edge, recurrent_edges
from .semantics import choose, conventions


@dataclass(frozen=True)
class Isolated:
    """A neuron node with the linear nodes in front of it.

    Attributes
    ----------
    graph : nir.NIRGraph
        Its Input nodes are the keys of `sources`.
    sources : dict of str to (str, int)
        What each Input carries: a node of the whole graph, and by how many rows it comes late (1 on a cycle).
    """

    graph: nir.NIRGraph
    sources: dict[str, tuple[str, int]]


def isolate_node(graph: nir.NIRGraph, name: str, cycle: str = "every") -> Isolated:
    """Cut the node `name` out of `graph`, back to the neurons and inputs that feed it.

    Every edge that leaves a source gets an Input of its own, because only some of them may wait a row. The part
    keeps every convention of the whole, for a part may look like the file of another framework; `cycle` is that of
    `run_graph`.
    """
    semantics = choose(graph)
    late = recurrent_edges(graph, buffered(graph, semantics), cycle)
    end = next(n for n, node in graph.nodes.items() if isinstance(node, nir.Output))
    nodes: dict[str, nir.NIRNode] = {name: graph.nodes[name], end: nir.Output(graph.nodes[name].output_type)}
    edges: list[Edge] = [(name, end)]
    sources: dict[str, tuple[str, int]] = {}
    todo = [name]
    while todo:
        target = todo.pop()
        for source in [s for s, t in graph.edges if t == target]:
            node = graph.nodes[source]
            if type(node) in STATEFUL or isinstance(node, nir.Input):
                port = f"{source}->{target}"
                nodes[port] = nir.Input({"input": node.output_type["output"]})
                edges.append((port, target))
                sources[port] = (source, int((source, target) in late))
                continue
            edges.append((source, target))
            if source not in nodes:
                nodes[source] = node
                todo.append(source)
    metadata = dict(graph.metadata or {})
    metadata[METADATA_KEY] = own_metadata(metadata) | conventions(semantics) | {"dialect": semantics.dialect.name}
    return Isolated(nir.NIRGraph(nodes, edges, metadata=metadata, type_check=False), sources)
