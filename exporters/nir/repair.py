"""What other frameworks leave open in NIR files is filled in where the rest of the graph proves it, and said."""

from __future__ import annotations

import copy
import math
from typing import Any

import nir
import numpy as np

from ...models.errors import InputError
from .check import violations
from .flatten import flatten
from .hdf5 import Tree
from .limits import Limits
from .lost_edges import lost_edges
from .raw import graph_of
from .shapes import PER_ELEMENT, Shape, as_shape, demanded, propagate, typed

_ROUNDS = 32


def repaired(tree: Tree, limits: Limits) -> tuple[nir.NIRGraph, list[str]]:
    """Return the flat, fully typed graph that a tree means, and every repair as a sentence.

    Raises
    ------
    InputError, UnsupportedOp
        With everything that cannot be mended without a guess.
    """
    notes: list[str] = []
    nested = graph_of(tree, limits, notes)
    if lost := lost_edges(nested, "", notes):
        raise InputError("Edges name nodes that do not exist; correct the name or remove the edge:", lost)
    flat = flatten(nested, notes)
    if broken := violations(flat, settled=False):
        raise InputError("Parameters cannot mean anything:", broken)
    nodes, edges = _connected(flat, notes)
    graph = nir.NIRGraph(nodes, edges, metadata=dict(flat.metadata), type_check=False)
    _Settle(graph, notes).mend()
    return _settled(graph, limits, notes), notes


def _connected(graph: nir.NIRGraph, notes: list[str]) -> tuple[dict[str, nir.NIRNode], list[tuple[str, str]]]:
    """Drop nodes without an edge; give roots an Input and leaves an Output, as the nir package does."""
    targets, sources = {t for _, t in graph.edges}, {s for s, _ in graph.edges}
    nodes, edges = dict(graph.nodes), list(graph.edges)
    loose = [name for name in nodes if name not in targets and name not in sources]
    if len(loose) == len(nodes) and len(loose) != 1:
        raise InputError("No edge joins two nodes of the graph; there is nothing to run.")
    if len(loose) < len(nodes):
        for name in loose:
            notes.append(f"{type(nodes.pop(name)).__name__} {name!r} has no edge; left out.")
    for name, node in list(nodes.items()):
        if name not in targets and not isinstance(node, nir.Input):
            port = _fresh(f"input_{name}", nodes)
            nodes[port] = _port(nir.Input, demanded(node))
            edges.append((port, name))
            notes.append(f"Nothing feeds {name!r}; the Input {port!r} was put before it.")
        if name not in sources and not isinstance(node, nir.Output):
            port = _fresh(f"output_{name}", nodes)
            nodes[port] = _port(nir.Output, None)
            edges.append((name, port))
            notes.append(f"{name!r} feeds nothing; the Output {port!r} was put behind it.")
    if not any(isinstance(node, nir.Input) for node in nodes.values()):
        raise InputError("The graph has no Input, and every node is fed by another; add one.")
    return nodes, edges


def _fresh(name: str, nodes: dict[str, Any]) -> str:
    while name in nodes:
        name += "_"
    return name


def _port(kind: type, shape: Shape | None) -> nir.NIRNode:
    port = object.__new__(kind)
    array = None if shape is None else np.array(shape, np.int64)
    vars(port).update(metadata={}, input_type={"input": array}, output_type={"output": array})
    return port


class _Settle:
    """Repairs that follow from shapes; works on the nodes of `graph` in place."""

    def __init__(self, graph: nir.NIRGraph, notes: list[str]) -> None:
        self._graph = graph
        self._notes = notes
        self._before: dict[str, list[str]] = {name: [] for name in graph.nodes}
        self._after: dict[str, list[str]] = {name: [] for name in graph.nodes}
        for source, target in graph.edges:
            self._before[target].append(source)
            self._after[source].append(target)

    def mend(self) -> None:
        """Mend until nothing changes."""
        for name, node in self._graph.nodes.items():
            if isinstance(node, nir.Input):
                self._input(name, node)
        for _ in range(_ROUNDS):
            taken, given, _ = propagate(self._graph)
            if not any([self._node(name, node, taken, given) for name, node in self._graph.nodes.items()]):
                return

    def _input(self, name: str, node: nir.NIRNode) -> None:
        stated = as_shape(node.input_type["input"])
        wanted = {self._wanted(target, stated) for target in self._after[name]} - {None}
        shape = wanted.pop() if len(wanted) == 1 else None
        if shape is None or shape == stated:
            return
        if stated is None:
            self._notes.append(f"Input {name!r} states no shape; what it feeds takes {shape}.")
        elif _batched(stated, shape):
            self._notes.append(f"Input {name!r} states {stated}; what it feeds takes {shape}, the rest is batch.")
        else:
            return
        self._graph.nodes[name] = _port(nir.Input, shape)

    def _wanted(self, target: str, stated: Shape | None) -> Shape | None:
        """What a node behind an Input takes: known from its parameters, or its channels and number of axes."""
        node = self._graph.nodes[target]
        if isinstance(node, (nir.Conv1d, nir.Conv2d)):
            weight = np.shape(node.weight)
            channels = weight[1] * int(node.groups)
            if node.input_shape is not None:
                return (channels, *np.atleast_1d(node.input_shape).tolist())
            if stated is not None and len(stated) == len(weight) and stated[1] == channels:
                return stated[1:]
            return stated
        return demanded(node)

    def _node(self, name: str, node: Any, taken: dict[str, Shape], given: dict[str, Shape]) -> bool:
        arriving = {given[source] for source in self._before[name] if source in given}
        if len(arriving) != 1:
            return False
        shape = next(iter(arriving))
        if type(node) in PER_ELEMENT:
            return self._reshape(name, node, shape)
        if isinstance(node, nir.Flatten):
            return self._flatten(name, node, shape, given.get(name))
        return False

    def _reshape(self, name: str, node: Any, shape: Shape) -> bool:
        """Parameters that carry a batch axis, or one value per channel with the axes of space present."""
        changed = False
        for field in PER_ELEMENT[type(node)]:
            have = np.shape(getattr(node, field))
            if have == shape or math.prod(have) == 1:
                continue
            if _batched(have, shape) and math.prod(have) == math.prod(shape):
                value = np.reshape(getattr(node, field), shape)
            elif len(have) == len(shape) and all(h in (1, s) for h, s in zip(have, shape, strict=True)):
                value = np.broadcast_to(getattr(node, field), shape)
            else:
                continue
            setattr(node, field, value)
            self._notes.append(f"{type(node).__name__} {name!r}: {field} of shape {have} was taken as {shape}.")
            changed = True
        return changed

    def _flatten(self, name: str, node: Any, shape: Shape, gives: Shape | None) -> bool:
        """A start_dim that counts a batch axis: what follows takes all axes merged."""
        merged = (math.prod(shape),)
        after = {demanded(self._graph.nodes[target]) for target in self._after[name]}
        if gives == merged or after != {merged} or int(node.start_dim) != 1:
            return False
        node.start_dim = 0
        self._notes.append(
            f"Flatten {name!r}: start_dim 1 counts a batch axis; what follows takes {merged}, so it is 0."
        )
        return True


def _settled(graph: nir.NIRGraph, limits: Limits, notes: list[str]) -> nir.NIRGraph:
    """Every node typed, every scalar parameter of its node's shape."""
    taken, given, problems = propagate(graph)
    for name, node in graph.nodes.items():
        stated = as_shape(node.output_type["output"]) if isinstance(node, nir.Output) else None
        shape = taken.get(name)
        if stated is None or shape is None or stated == shape:
            continue
        if _batched(stated, shape):
            notes.append(f"Output {name!r} states {stated}; {shape} arrives, the rest is batch.")
        else:
            problems.append(f"Output {name!r} states the shape {stated}, but {shape} arrives")
    if problems:
        raise InputError("Shapes do not go together:", problems)
    needed = sum(8 * math.prod(taken[n]) * len(PER_ELEMENT.get(type(k), ())) for n, k in graph.nodes.items())
    if needed > limits.bytes:
        raise InputError(f"Its neurons need {needed} bytes of parameters, limit {limits.bytes}.")
    nodes = {}
    for name, node in graph.nodes.items():
        _tell_stated(name, node, taken[name], notes)
        nodes[name] = typed(_broadcast(name, node, taken[name], notes), taken[name], given[name])
    return nir.NIRGraph(nodes, list(graph.edges), metadata=dict(graph.metadata), type_check=False)


def _tell_stated(name: str, node: Any, taken: Shape, notes: list[str]) -> None:
    if isinstance(node, (nir.Conv1d, nir.Conv2d)):
        stated = None if node.input_shape is None else tuple(np.atleast_1d(node.input_shape).tolist())
        what, arrives = "input_shape", taken[1:]
    elif isinstance(node, nir.Flatten):
        stated, what, arrives = as_shape(node.input_type["input"]), "input_type", taken
    else:
        return
    if stated != arrives:
        said = "is missing" if stated is None else f"is {stated}"
        notes.append(f"{type(node).__name__} {name!r}: {what} {said}; {arrives} arrives and was taken.")


def _broadcast(name: str, node: Any, shape: Shape, notes: list[str]) -> Any:
    fields = [f for f in PER_ELEMENT.get(type(node), ()) if np.shape(getattr(node, f)) != shape]
    scalar = [field for field in fields if np.size(getattr(node, field)) == 1]
    if not scalar:
        return node
    node = copy.copy(node)
    for field in scalar:
        value = np.asarray(getattr(node, field)).reshape(())
        setattr(node, field, np.broadcast_to(value, shape).copy())
    notes.append(f"{type(node).__name__} {name!r}: one value of {', '.join(scalar)} was taken for all of {shape}.")
    return node


def _batched(stated: Shape, shape: Shape) -> bool:
    """Whether `stated` is `shape` behind axes of a batch."""
    return len(stated) > len(shape) and stated[len(stated) - len(shape) :] == shape
