"""Rules that a NIR node's values must keep to mean anything; NIR itself checks shapes only in part, values not."""

from __future__ import annotations

from collections.abc import Iterator

import nir
import numpy as np

from ...models.errors import InputError
from .dynamics import STATEFUL

_PER_NEURON = ("tau", "r", "v_leak", "v_threshold", "v_reset")
_POSITIVE = ("tau", "tau_syn", "tau_mem", "r")
_NOT_NEGATIVE = ("v_threshold", "threshold", "delay")


def violations(graph: nir.NIRGraph) -> list[str]:
    """Every broken rule of every node, one sentence each, in the order of node names."""
    return [sentence for name in sorted(graph.nodes) for sentence in _node(name, graph.nodes[name])]


def require_meaning(graph: nir.NIRGraph, where: str) -> None:
    """Raise one `InputError` with every broken rule of `graph`; `where` names the graph."""
    found = violations(graph)
    if found:
        raise InputError(f"Parameters in {where} cannot mean anything:", found)


def _node(name: str, node: nir.NIRNode) -> Iterator[str]:
    where = f"{type(node).__name__} {name!r}"
    if "/" in name:
        yield f"{where}: names must not contain '/', which HDF5 takes for a folder; rename the node"
    if isinstance(node, nir.NIRGraph):
        yield from (f"{where}: {sentence}" for sentence in violations(node))
        return
    yield from _kinds_and_shapes(where, node)
    for field, value in sorted(vars(node).items()):
        if isinstance(value, np.ndarray) and value.dtype.kind in "fc":
            yield from _array(where, field, value)
    if isinstance(node, nir.Affine) and np.shape(node.bias) != np.shape(node.weight)[:-1]:
        yield f"{where}: bias has shape {np.shape(node.bias)}, must be {np.shape(node.weight)[:-1]} as the weight"


def _kinds_and_shapes(where: str, node: nir.NIRNode) -> Iterator[str]:
    for field, value in sorted(vars(node).items()):
        if isinstance(value, np.ndarray) and value.dtype.kind not in "biuf":
            yield f"{where}: {field} holds {value.dtype}, not numbers"
    if type(node) in STATEFUL:
        shapes = {field: np.shape(getattr(node, field)) for field in _PER_NEURON if hasattr(node, field)}
        if len(set(shapes.values())) > 1 or () in shapes.values():
            yield f"{where}: every parameter needs one value per neuron, shapes are {shapes}"


def _array(where: str, field: str, value: np.ndarray) -> Iterator[str]:
    bad = int((~np.isfinite(value)).sum())
    if bad:
        yield f"{where}: {field} holds {bad} value(s) that are NaN or infinite, of {value.size}; check the training"
    elif field in _POSITIVE and value.size and value.min() <= 0:
        yield f"{where}: {field} has a minimum of {value.min():g}; it must be > 0"
    elif field in _NOT_NEGATIVE and value.size and value.min() < 0:
        yield f"{where}: {field} has a minimum of {value.min():g}; it must be >= 0, or neurons fire without input"
