"""Rules that a NIR node's values must keep to mean anything; NIR itself checks shapes only in part, values not."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import nir
import numpy as np

from ...models.errors import InputError
from .divisors import divisor_violations
from .neurons import STATEFUL
from .shapes import PER_ELEMENT, as_shape, integers, padding_of

_POSITIVE = ("tau", "tau_syn", "tau_mem", "r")
_NOT_NEGATIVE = ("v_threshold", "threshold", "delay")


def violations(graph: nir.NIRGraph, settled: bool = True) -> list[str]:
    """Every broken rule of every node, one sentence each, in the order of node names.

    While shapes are still open (`settled` false), parameters of one node may differ in shape.
    """
    return [sentence for name in sorted(graph.nodes) for sentence in _node(name, graph.nodes[name], settled)]


def require_meaning(graph: nir.NIRGraph, where: str) -> None:
    """Raise one `InputError` with every broken rule of `graph`; `where` names the graph."""
    found = violations(graph)
    if found:
        raise InputError(f"Parameters in {where} cannot mean anything:", found)


def _node(name: str, node: nir.NIRNode, settled: bool) -> Iterator[str]:
    where = f"{type(node).__name__} {name!r}"
    if "/" in name:
        yield f"{where}: names must not contain '/', which HDF5 takes for a folder; rename the node"
    if isinstance(node, nir.NIRGraph):
        yield from (f"{where}: {sentence}" for sentence in violations(node, settled))
        return
    yield from _kinds_and_shapes(where, node, settled)
    for field, value in sorted(vars(node).items()):
        if isinstance(value, np.ndarray) and value.dtype.kind in "biufc":
            yield from _array(where, field, value)
    yield from _structure(where, node)
    yield from (f"{where}: {sentence}" for sentence in divisor_violations(node))


def _kinds_and_shapes(where: str, node: nir.NIRNode, settled: bool) -> Iterator[str]:
    for field, value in sorted(vars(node).items()):
        if isinstance(value, np.ndarray) and value.dtype.kind not in "biuf":
            yield f"{where}: {field} holds {value.dtype}, not numbers"
    if settled and type(node) in STATEFUL:
        shapes = {field: np.shape(getattr(node, field)) for field in PER_ELEMENT[type(node)]}
        if len(set(shapes.values())) > 1 or () in shapes.values():
            yield f"{where}: every parameter needs one value per neuron, shapes are {shapes}"


def _array(where: str, field: str, value: np.ndarray) -> Iterator[str]:
    bad = int((~np.isfinite(value)).sum())
    if bad:
        yield f"{where}: {field} holds {bad} value(s) that are NaN or infinite, of {value.size}; check the training"
    elif not value.size:
        yield f"{where}: {field} has the shape {value.shape}, which holds no value"
    elif value.dtype.kind == "c":
        return
    elif field in _POSITIVE and value.min() <= 0:
        yield f"{where}: {field} has a minimum of {value.min():g}; it must be > 0"
    elif field in _NOT_NEGATIVE and value.min() < 0:
        yield f"{where}: {field} has a minimum of {value.min():g}; it must be >= 0, or neurons fire without input"


def _structure(where: str, node: nir.NIRNode) -> Iterator[str]:
    for kinds, rule in _RULES:
        if isinstance(node, kinds):
            try:
                yield from (f"{where}: {sentence}" for sentence in rule(node))
            except (InputError, TypeError) as error:
                yield f"{where}: a window {error}"


def _linear(node: Any) -> Iterator[str]:
    weight = np.shape(node.weight)
    if len(weight) < 2:
        yield f"weight has the shape {weight}, must be (..., out, in)"
    elif isinstance(node, nir.Affine) and np.shape(node.bias) != weight[:-1]:
        yield f"bias has shape {np.shape(node.bias)}, must be {weight[:-1]} as the weight"


def _convolution(node: Any) -> Iterator[str]:
    weight, rank = np.shape(node.weight), 3 if isinstance(node, nir.Conv1d) else 4
    if len(weight) != rank:
        yield f"weight has the shape {weight}, must be (out, in / groups, {'L' if rank == 3 else 'H, W'})"
        return
    if min(weight) < 1:
        yield f"weight has the shape {weight}; kernels and channels must be >= 1"
    if np.shape(node.bias) != weight[:1]:
        yield f"bias has shape {np.shape(node.bias)}, must be {weight[:1]}"
    groups = integers(node.groups, 1)[0]
    if groups < 1 or weight[0] % groups:
        yield f"groups = {groups} must divide the {weight[0]} output channels"
    stride, padding = integers(node.stride, rank - 2), padding_of(node.padding, rank - 2)
    yield from _window(stride=stride, dilation=integers(node.dilation, rank - 2))
    if padding == "same" and max(stride) > 1:
        yield f"padding 'same' with a stride of {tuple(stride)} has no meaning in torch; write numbers"
    elif not isinstance(padding, str) and min(padding) < 0:
        yield f"padding = {tuple(padding)} must be >= 0"
    if node.input_shape is not None and np.size(node.input_shape) != rank - 2:
        yield f"input_shape = {node.input_shape} needs {rank - 2} value(s), those of space"


def _pool(node: Any) -> Iterator[str]:
    yield from _window(kernel_size=integers(node.kernel_size, 2), stride=integers(node.stride, 2))
    padding = integers(node.padding, 2)
    if min(padding) < 0:
        yield f"padding = {tuple(padding)} must be >= 0"


def _window(**fields: list[int]) -> Iterator[str]:
    for field, values in fields.items():
        if min(values) < 1:
            yield f"{field} = {tuple(values)} must be >= 1"


def _flatten(node: Any) -> Iterator[str]:
    start, end = int(node.start_dim), int(node.end_dim)
    # start_dim 1, NIR's default, and end_dim 0 is how one axis is left as it is.
    if (start >= 0) == (end >= 0) and start > end and (start, end) != (1, 0):
        yield f"start_dim = {start} lies behind end_dim = {end}"


def _port(node: Any) -> Iterator[str]:
    types = node.input_type or {}
    shape = as_shape(types.get("input"))
    if shape is not None and min(shape, default=1) < 1:
        yield f"the shape {shape} needs sizes >= 1"


_RULES: tuple[tuple[Any, Callable[[Any], Iterator[str]]], ...] = (
    ((nir.Affine, nir.Linear), _linear),
    ((nir.Conv1d, nir.Conv2d), _convolution),
    ((nir.SumPool2d, nir.AvgPool2d), _pool),
    (nir.Flatten, _flatten),
    ((nir.Input, nir.Output), _port),
)
