"""Shapes along the edges of a graph: torch's rules on shapes without time and batch.

nir 1.0.8 takes a kernel's height for its width, the input channels of a grouped convolution from its weight, and leaves
pooling open; every shape here follows from the parameters and the inputs alone.
"""

from __future__ import annotations

import copy
import math
import re
from collections import deque
from typing import Any

import nir
import numpy as np

from ...models.errors import InputError

Shape = tuple[int, ...]

PER_ELEMENT: dict[type, tuple[str, ...]] = {
    nir.I: ("r",),
    nir.IF: ("r", "v_threshold", "v_reset"),
    nir.LI: ("tau", "r", "v_leak"),
    nir.LIF: ("tau", "r", "v_leak", "v_threshold", "v_reset"),
    nir.CubaLI: ("tau_syn", "tau_mem", "r", "v_leak", "w_in"),
    nir.CubaLIF: ("tau_syn", "tau_mem", "r", "v_leak", "v_threshold", "v_reset", "w_in"),
    nir.Scale: ("scale",),
    nir.Threshold: ("threshold",),
    nir.Delay: ("delay",),
}
"""Nodes that work element by element, and their parameters."""


def infer_shapes(graph: nir.NIRGraph) -> nir.NIRGraph:
    """Return a copy of a flat graph in which every node states its input_type and output_type.

    Convolutions get the `input_shape` that arrives; parameters are not changed (a scalar stays one).

    Raises
    ------
    InputError
        With every shape that does not fit or cannot be known.
    """
    taken, given, problems = propagate(graph)
    if problems:
        raise InputError("Shapes in the graph do not go together:", problems)
    nodes = {name: typed(node, taken[name], given[name]) for name, node in graph.nodes.items()}
    return nir.NIRGraph(nodes, list(graph.edges), metadata=dict(graph.metadata or {}), type_check=False)


def typed(node: nir.NIRNode, taken: Shape, given: Shape) -> nir.NIRNode:
    """Return a copy of a node that takes and gives these shapes."""
    node = copy.copy(node)
    node.input_type = {"input": np.array(taken, np.int64)}
    node.output_type = {"output": np.array(given, np.int64)}
    if isinstance(node, nir.Conv1d):
        node.input_shape = taken[1]
    elif isinstance(node, nir.Conv2d):
        node.input_shape = tuple(taken[1:])
    return node


def propagate(graph: nir.NIRGraph) -> tuple[dict[str, Shape], dict[str, Shape], list[str]]:
    """Shapes that nodes take, shapes they give, and what does not fit, one sentence each."""
    run = _Propagation(graph)
    run.spread([name for name, node in graph.nodes.items() if demanded(node) is not None])
    for name, node in graph.nodes.items():
        if name not in run.taken and (fallback := _stated(node)) is not None:
            run.arrive(name, fallback)
            run.spread([name])
    return run.taken, run.given, run.conflicts()


class _Propagation:
    """Shapes known so far."""

    def __init__(self, graph: nir.NIRGraph) -> None:
        self._graph = graph
        self._after: dict[str, list[str]] = {name: [] for name in graph.nodes}
        for source, target in graph.edges:
            self._after[source].append(target)
        self.taken: dict[str, Shape] = {}
        self.given: dict[str, Shape] = {}
        self._problems: list[str] = []

    def spread(self, names: list[str]) -> None:
        """Carry shapes from these nodes on as far as they go."""
        for name in names:
            shape = demanded(self._graph.nodes[name])
            if shape is not None and name not in self.taken:
                self.arrive(name, shape)
        todo = deque(names)
        while todo:
            name = todo.popleft()
            for target in self._after[name] if name in self.given else ():
                if target not in self.taken:
                    self.arrive(target, self.given[name])
                    todo.append(target)

    def arrive(self, name: str, shape: Shape) -> None:
        """Fix what a node takes, and from it what it gives."""
        self.taken[name] = shape
        try:
            self.given[name] = output_shape(self._graph.nodes[name], shape)
        except ValueError as error:
            self._problems.append(f"{type(self._graph.nodes[name]).__name__} {name!r}: {error}")

    def conflicts(self) -> list[str]:
        """Every edge whose ends differ; nodes of unknown shape only where nothing else is wrong."""
        nodes, found = self._graph.nodes, list(self._problems)
        for source, target in self._graph.edges:
            if source in self.given and target in self.taken and self.given[source] != self.taken[target]:
                found.append(
                    f"{type(nodes[source]).__name__} {source!r} gives {self.given[source]}, but "
                    f"{type(nodes[target]).__name__} {target!r} takes {self.taken[target]}"
                    + _transposed(nodes[target], self.given[source])
                )
        return found or [
            f"{type(node).__name__} {name!r}: no shape is known here; state the shape of the Input before it"
            for name, node in nodes.items()
            if name not in self.given
        ]


def demanded(node: nir.NIRNode) -> Shape | None:
    """The one shape that a node's parameters can take, or None."""
    if isinstance(node, nir.Input):
        return as_shape((node.input_type or {}).get("input"))
    if isinstance(node, (nir.Affine, nir.Linear)):
        shape = np.shape(node.weight)
        return (*shape[:-2], shape[-1])
    if type(node) in PER_ELEMENT:
        shapes = {np.shape(getattr(node, field)) for field in PER_ELEMENT[type(node)]}
        full = {shape for shape in shapes if math.prod(shape) != 1}
        return full.pop() if len(full) == 1 else None
    return None


def _stated(node: nir.NIRNode) -> Shape | None:
    """A shape that a node states without being bound to it."""
    if isinstance(node, (nir.Conv1d, nir.Conv2d)) and node.input_shape is not None:
        return (np.shape(node.weight)[1] * int(node.groups), *np.atleast_1d(node.input_shape).tolist())
    if isinstance(node, nir.Flatten):
        return as_shape((node.input_type or {}).get("input"))
    if type(node) in PER_ELEMENT:
        shapes = [np.shape(getattr(node, field)) for field in PER_ELEMENT[type(node)]]
        return max(shapes, key=len) or None
    return None


def output_shape(node: nir.NIRNode, taken: Shape) -> Shape:
    """Shape that a node gives for the shape it takes, both without time and batch.

    Raises
    ------
    InputError
        If it cannot take that shape.
    """
    if isinstance(node, (nir.Affine, nir.Linear)):
        return tuple(np.shape(node.weight)[:-1])
    if isinstance(node, (nir.Conv1d, nir.Conv2d)):
        return _convolved(node, taken)
    if isinstance(node, (nir.SumPool2d, nir.AvgPool2d)):
        if len(taken) != 3:
            raise InputError(f"takes (channels, height, width), not {taken}")
        kernel, stride, padding = (integers(v, 2) for v in (node.kernel_size, node.stride, node.padding))
        return (taken[0], *_positions(taken[1:], kernel, stride, [2 * p for p in padding]))
    if isinstance(node, nir.Flatten):
        return _flattened(node, taken)
    if isinstance(node, nir.NIRGraph):
        raise InputError("is a sub-graph; flatten the graph first")
    return taken


def _convolved(node: Any, taken: Shape) -> Shape:
    weight, n = np.shape(node.weight), np.ndim(node.weight) - 2
    channels = weight[1] * int(node.groups)
    if len(taken) != 1 + n or taken[0] != channels:
        raise InputError(f"takes ({channels}, {n} axes of space) with {node.groups} group(s), not {taken}")
    stride, dilation = integers(node.stride, n), integers(node.dilation, n)
    reach = [d * (k - 1) for d, k in zip(dilation, weight[2:], strict=True)]
    around = padding_of(node.padding, n)
    if around == "same" and any(s != 1 for s in stride):
        raise InputError(f"has padding 'same' at a stride of {tuple(stride)}, which torch does not define")
    both = reach if around == "same" else [0] * n if around == "valid" else [2 * p for p in around]
    return (weight[0], *_positions(taken[1:], [r + 1 for r in reach], stride, both))


def _positions(size: Shape, extent: list[int], stride: list[int], padding: list[int]) -> Shape:
    if min(*extent, *stride) < 1 or min(padding) < 0:
        raise InputError("needs kernels and strides >= 1 and padding >= 0")
    found = tuple((s + p - e) // d + 1 for s, e, d, p in zip(size, extent, stride, padding, strict=True))
    if min(found) < 1:
        raise InputError(f"has a window of {tuple(extent)}, larger than its input {size} padded by {tuple(padding)}")
    return found


def _flattened(node: Any, taken: Shape) -> Shape:
    first, last = (int(n) + len(taken) if n < 0 else int(n) for n in (node.start_dim, node.end_dim))
    if first == len(taken) == last + 1:
        return taken  # start_dim 1, NIR's default, on one axis: nothing to merge
    if not 0 <= first <= last < len(taken):
        raise InputError(f"merges axes {node.start_dim} to {node.end_dim}, but its input is {taken}")
    return (*taken[:first], math.prod(taken[first : last + 1]), *taken[last + 1 :])


def _transposed(node: nir.NIRNode, given: Shape) -> str:
    if isinstance(node, (nir.Affine, nir.Linear)) and given == (*np.shape(node.weight)[:-2], np.shape(node.weight)[-2]):
        return "; its weight looks transposed: NIR stores (out, in), write weight.T"
    return ""


def as_shape(value: Any) -> Shape | None:
    """A stated shape as a tuple; None stays None."""
    return None if value is None else tuple(int(n) for n in np.atleast_1d(value))


def integers(value: Any, n: int) -> list[int]:
    """Return n integers from one, from n of them, or from their text.

    Raises
    ------
    InputError
        If they are anything else.
    """
    values = np.asarray(_plain(value))
    if values.dtype.kind in "US" and values.ndim == 0:
        values = np.array([int(part) for part in re.findall(r"-?\d+", str(values))] or [np.nan])
    values = values.reshape(-1)
    if values.dtype.kind not in "iuf" or values.size not in (1, n) or not (values == np.floor(values)).all():
        raise InputError(f"needs {n} integer(s), has {value!r}")
    return [int(v) for v in np.broadcast_to(values, (n,))]


def padding_of(value: Any, n: int) -> str | list[int]:
    """Padding of a convolution: "same", "valid", or n integers."""
    plain = _plain(value)
    return plain if isinstance(plain, str) and plain in ("same", "valid") else integers(plain, n)


def _plain(value: Any) -> Any:
    if isinstance(value, np.ndarray) and value.size == 1 and value.dtype.kind in "OSU":
        value = value.reshape(-1)[0]
    return value.decode(errors="replace") if isinstance(value, bytes) else value
