"""The divisor of an E-I circuit: a matrix in the metadata of an Affine, because NIR has no node that divides.

Under "spikewright" an Affine with weight W and bias b may say a `divisor` M >= 0 in the shape of W. Its result is then
``W x / (M x) + b``. W is the circuit's static gain and M x varies around 1, so that a reader who does not know this
reads the circuit with its gain frozen.

Where M x is 0 it becomes the smallest positive divisor of that row of that sample, as in `models.ei.EILinear`, which
compares them before the static gain c scales their rows: `divisor_gain` holds c, 1 if it is not said. Without any
positive one the quotient is 0.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import nir
import numpy as np
from numpy.typing import NDArray

from ...models.errors import InputError
from .dialects import METADATA_KEY
from .metadata import own_metadata

Floats = NDArray[np.float64]

_NAMES = ("divisor", "divisor_gain", "divisor_cv")
"""Names under which a node's metadata speak of its divisor."""


@dataclass(frozen=True, eq=False)
class Divisor:
    """What divides the result of an Affine's weight.

    Attributes
    ----------
    weight : (n, d) float64 array, >= 0
    gain : (n,) float64 array, > 0
        What the rows of `weight` were scaled by; the guard compares divisors without it.
    cv : float or None
        Coefficient of variation of the divisor on the data that it was exported with, mean over neurons.
    """

    weight: Floats
    gain: Floats
    cv: float | None = None

    def metadata(self) -> dict[str, Any]:
        """Metadata of the node, from which `divisor_of` reads this again."""
        said = {"divisor": self.weight, "divisor_gain": self.gain}
        return {METADATA_KEY: said if self.cv is None else said | {"divisor_cv": self.cv}}


def divisor_of(node: Any) -> Divisor | None:
    """The divisor that the metadata of `node` say, if they say one; it was checked by `divisor_violations`."""
    said = own_metadata(getattr(node, "metadata", None))
    if "divisor" not in said:
        return None
    weight = np.asarray(said["divisor"], np.float64)
    gain = np.asarray(said.get("divisor_gain", np.ones(len(weight))), np.float64)
    return Divisor(weight, gain, float(said["divisor_cv"]) if "divisor_cv" in said else None)


def divisor_violations(node: Any) -> Iterator[str]:
    """Name what keeps the divisor in a node's metadata from meaning anything, one sentence each."""
    try:
        said = own_metadata(getattr(node, "metadata", None))
    except InputError as error:
        yield str(error)
        return
    if not any(name in said for name in _NAMES):
        return
    if "divisor" not in said or type(node) not in (nir.Affine, nir.Linear) or np.ndim(node.weight) != 2:
        yield "only an Affine or Linear with a matrix can have a divisor in its metadata, with a divisor_gain beside it"
        return
    yield from _array_violations("divisor", said["divisor"], np.shape(node.weight), positive=False)
    if "divisor_gain" in said:
        yield from _array_violations("divisor_gain", said["divisor_gain"], np.shape(node.weight)[:1], positive=True)
    cv = said.get("divisor_cv", 0.0)
    if np.ndim(cv) or np.asarray(cv).dtype.kind not in "iuf" or not 0 <= cv < np.inf:
        yield f"divisor_cv is {cv!r:.60}, must be a finite number from 0"


def quotient(numerator: Floats, divisor: Floats, gain: Floats) -> Floats:
    """``numerator / divisor`` over the last axis, guarded; all (..., n), `gain` (n,)."""
    positive = divisor > 0
    if positive.all():
        return numerator / divisor
    smallest = np.where(positive, divisor / gain, np.inf).min(-1, keepdims=True)
    return numerator / np.where(positive, divisor, smallest * gain)


def static_graph(graph: nir.NIRGraph) -> nir.NIRGraph:
    """Return `graph` as readers see it who know no divisors: every circuit with its static gain."""
    nodes = {name: static_node(node) for name, node in graph.nodes.items()}
    return nir.NIRGraph(nodes, list(graph.edges), metadata=graph.metadata, type_check=False)


def static_node(node: Any) -> Any:
    """Return `node` without the divisor in its metadata."""
    if isinstance(node, nir.NIRGraph):
        return static_graph(node)
    if divisor_of(node) is None:
        return node
    static, said = copy.copy(node), own_metadata(node.metadata)
    rest = {name: value for name, value in said.items() if name not in _NAMES}
    static.metadata = {**node.metadata, METADATA_KEY: rest}
    return static


def _array_violations(name: str, value: Any, shape: tuple[int, ...], positive: bool) -> Iterator[str]:
    array = np.asarray(value)
    if array.dtype.kind not in "biuf" or array.shape != shape:
        yield f"{name} is {array.dtype} {array.shape}, must be numbers {shape}"
        return
    low = array > 0 if positive else array >= 0
    if bad := int((~(np.isfinite(array) & low)).sum()):
        yield f"{name} holds {bad} value(s) that are not finite or {'not above' if positive else 'below'} 0"
