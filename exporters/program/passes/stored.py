"""Linear maps as the weights of projections, and back."""

from __future__ import annotations

from typing import Any

from ..projection import Projection
from ..synapses import spatial
from .linear import Dense, Elementwise, LinearMap, Sparse
from .windows import Convolution, Pooling, Window


def form_of(weight: LinearMap) -> dict[str, Any]:
    """Fields of a projection that say how the values of `weight` lie."""
    if isinstance(weight, Elementwise):
        weight = Sparse.diagonal(weight.values)
    if isinstance(weight, Sparse):
        return {"kind": "sparse", "indptr": weight.indptr, "indices": weight.indices}
    if not isinstance(weight, Window):
        return {"kind": "dense"}
    moved = {"stride": weight.stride, "padding": weight.padding, "dilation": weight.dilation}
    if isinstance(weight, Pooling):
        return moved | {"kind": "pooling", "kernel": weight.kernel}
    assert isinstance(weight, Convolution)
    return moved | {"kind": "convolution", "groups": weight.groups}


def weight_of(p: Projection, source: tuple[int, ...], pre: int) -> LinearMap:
    """Integer weights of a projection from a population of shape `source` with `pre` neurons."""
    if p.kind == "sparse":
        assert p.indptr is not None and p.indices is not None
        return Sparse(p.weights, p.indptr, p.indices, pre)
    if p.kind == "dense":
        return Dense(p.weights)
    moved = (spatial(source), p.stride, p.padding, p.dilation)
    if p.kind == "pooling":
        return Pooling(p.weights, *moved, kernel=p.kernel)
    return Convolution(p.weights, *moved, groups=p.groups)
