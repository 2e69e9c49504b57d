"""Sub-graphs inlined: one flat graph whose names are joined by dots."""

from __future__ import annotations

import copy
from collections.abc import Iterable

import nir
import numpy as np

from ...models.errors import InputError, UnsupportedOp
from .dialects import METADATA_KEY
from .metadata import own_metadata

Edge = tuple[str, str]
MAX_DEPTH = 32
SUB_GRAPHS = "sub_graphs"
"""Under this name among our metadata lie those of sub-graphs that were inlined, by the names of these."""


def flatten(graph: nir.NIRGraph, notes: list[str] | None = None) -> nir.NIRGraph:
    """Return `graph` without sub-graphs; ``sub`` with the node ``x`` becomes ``sub.x``.

    Edges to a sub-graph go to what its Input feeds, edges from it leave from what feeds its Output. Where that would
    join two paths into one edge, the Input or Output stays as a Scale by one, because paths add up. Metadata of
    sub-graphs are kept in ``metadata["spikewright"]["sub_graphs"]``; nothing that they state holds for the whole.

    Parameters
    ----------
    graph : nir.NIRGraph
    notes : list of str, optional
        Takes one sentence for every sub-graph and for every edge end that was mended.

    Raises
    ------
    UnsupportedOp
        If an edge does not say which input or output of a sub-graph it means, or if graphs are nested too deep.
    InputError
        If two nodes would have the same name, or metadata["spikewright"] is no mapping.
    """
    if not any(isinstance(node, nir.NIRGraph) for node in graph.nodes.values()):
        return graph
    flat = _Flat([] if notes is None else notes)
    flat.inline(graph, "", 0)
    nodes, edges = flat.without_ports()
    metadata = dict(graph.metadata or {})
    if flat.metadata:
        own = own_metadata(metadata)
        metadata[METADATA_KEY] = {**own, SUB_GRAPHS: {**own.get(SUB_GRAPHS, {}), **flat.metadata}}
    return nir.NIRGraph(nodes, edges, metadata=metadata, type_check=False)


class _Flat:
    def __init__(self, notes: list[str]) -> None:
        self._notes = notes
        self._nodes: dict[str, nir.NIRNode] = {}
        self._edges: list[Edge] = []
        self._ports: list[str] = []
        self.metadata: dict[str, dict] = {}

    def inline(self, graph: nir.NIRGraph, prefix: str, depth: int) -> None:
        """Take over nodes and edges; Input and Output of a sub-graph become ports."""
        if depth > MAX_DEPTH:
            raise UnsupportedOp(f"Graphs are nested more than {MAX_DEPTH} deep at {prefix[:80]!r}.")
        for name, node in graph.nodes.items():
            full = prefix + name
            if isinstance(node, nir.NIRGraph):
                self._sub_graph(full, node)
                self.inline(node, f"{full}.", depth + 1)
                continue
            if full in self._nodes:
                raise InputError(f"Two nodes are called {full!r} once sub-graphs are inlined; rename one.")
            self._nodes[full] = node
            if prefix and isinstance(node, (nir.Input, nir.Output)):
                self._ports.append(full)
        for source, target in graph.edges:
            self._edges.append(
                (self._end(graph, prefix, source, nir.Output), self._end(graph, prefix, target, nir.Input))
            )

    def _sub_graph(self, full: str, graph: nir.NIRGraph) -> None:
        kept = ""
        if graph.metadata:
            self.metadata[full] = graph.metadata
            kept = f"; its metadata lie in metadata[{METADATA_KEY!r}][{SUB_GRAPHS!r}] and no longer state how nodes run"
        self._notes.append(f"Sub-graph {full!r} was inlined{kept}.")

    def _end(self, graph: nir.NIRGraph, prefix: str, name: str, port: type) -> str:
        """Flat name of one end of an edge: a node, or the only port of a sub-graph."""
        found = locate(graph, name)
        if found is None and prefix and name.startswith(prefix):
            found = locate(graph, name[len(prefix) :])
            if found is not None:
                self._notes.append(f"An edge inside {prefix[:-1]!r} names {name!r}, taken for its own node.")
                name = name[len(prefix) :]
        if not isinstance(found, nir.NIRGraph):
            return prefix + name
        ports = [inner for inner, node in found.nodes.items() if isinstance(node, port)]
        if len(ports) != 1:
            raise UnsupportedOp(
                f"An edge names the sub-graph {prefix + name!r}, which has {len(ports)} {port.__name__} nodes "
                f"({', '.join(map(repr, ports))}); write '{name}.<node>' for the one that is meant."
            )
        return f"{prefix}{name}.{ports[0]}"

    def without_ports(self) -> tuple[dict[str, nir.NIRNode], list[Edge]]:
        """Join what lies before and behind every port."""
        before: dict[str, dict[str, None]] = {}
        after: dict[str, dict[str, None]] = {}
        for source, target in self._edges:
            after.setdefault(source, {})[target] = None
            before.setdefault(target, {})[source] = None
        for port in self._ports:
            sources, targets = before.get(port, {}), after.get(port, {})
            node = self._nodes.pop(port)
            if port in sources or any(target in after.get(source, {}) for source in sources for target in targets):
                self._nodes[port] = _identity(node)
                continue
            for source in sources:
                del after[source][port]
                after[source].update(targets)
            for target in targets:
                del before[target][port]
                before[target].update(sources)
            before.pop(port, None)
            after.pop(port, None)
        return self._nodes, [(source, target) for source, targets in after.items() for target in targets]


def locate(graph: nir.NIRGraph, name: str) -> nir.NIRNode | None:
    """The node that an edge end names, also as ``sub.node``; None if there is none."""
    if name in graph.nodes:
        return graph.nodes[name]
    at = name.find(".")
    while at >= 0:
        inner = graph.nodes.get(name[:at])
        if isinstance(inner, nir.NIRGraph):
            return locate(inner, name[at + 1 :])
        at = name.find(".", at + 1)
    return None


def _identity(port: nir.NIRNode) -> nir.Scale:
    types: Iterable[np.ndarray | None] = (port.input_type or {}).values()
    shape = next(iter(types), None)
    scale = nir.Scale(np.ones(() if shape is None else tuple(int(n) for n in np.atleast_1d(shape))))
    scale.metadata = copy.copy(port.metadata or {})
    return scale
