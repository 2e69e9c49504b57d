"""Rules that a NIR node's values must keep to mean anything; NIR itself checks shapes only in part, values not."""

from __future__ import annotations

from collections.abc import Iterator

import nir
import numpy as np

_POSITIVE = ("tau", "tau_syn", "tau_mem", "r")
_NOT_NEGATIVE = ("v_threshold", "threshold", "delay")


def violations(graph: nir.NIRGraph) -> list[str]:
    """Every broken rule of every node, one sentence each, in the order of node names."""
    return [sentence for name in sorted(graph.nodes) for sentence in _node(name, graph.nodes[name])]


def _node(name: str, node: nir.NIRNode) -> Iterator[str]:
    where = f"{type(node).__name__} {name!r}"
    if "/" in name:
        yield f"{where}: names must not contain '/', which HDF5 takes for a folder; rename the node"
    if isinstance(node, nir.NIRGraph):
        yield from (f"{where}: {sentence}" for sentence in violations(node))
        return
    for field, value in sorted(vars(node).items()):
        if isinstance(value, np.ndarray) and value.dtype.kind in "fc":
            yield from _array(where, field, value)
    if isinstance(node, nir.Affine) and np.shape(node.bias) != np.shape(node.weight)[:-1]:
        yield f"{where}: bias has shape {np.shape(node.bias)}, must be {np.shape(node.weight)[:-1]} as the weight"


def _array(where: str, field: str, value: np.ndarray) -> Iterator[str]:
    bad = int((~np.isfinite(value)).sum())
    if bad:
        yield f"{where}: {field} holds {bad} value(s) that are NaN or infinite, of {value.size}; check the training"
    elif field in _POSITIVE and value.size and value.min() <= 0:
        yield f"{where}: {field} has a minimum of {value.min():g}; it must be > 0"
    elif field in _NOT_NEGATIVE and value.size and value.min() < 0:
        yield f"{where}: {field} has a minimum of {value.min():g}; it must be >= 0, or neurons fire without input"
