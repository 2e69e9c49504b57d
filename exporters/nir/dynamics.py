"""One discrete step of every NIR node that takes no time to answer, in float64; a table from kind to file."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import nir

from ...models.errors import UnsupportedOp
from . import stateless, windows
from .neurons import STATEFUL, Rows, Step, make_neuron, membrane_terms
from .semantics import Semantics

__all__ = ["SPIKING", "STATEFUL", "make_step", "membrane_terms"]

SPIKING = (*(kind for kind, what in STATEFUL.items() if what == "spikes"), nir.Threshold)
"""Nodes whose output is spikes."""

_STATELESS: dict[type, Callable[[str, Any, Semantics], Callable[[Rows], Rows]]] = {
    nir.Input: lambda name, node, semantics: _same,
    nir.Output: lambda name, node, semantics: _same,
    nir.Affine: lambda name, node, semantics: stateless.linear(node),
    nir.Linear: lambda name, node, semantics: stateless.linear(node),
    nir.Scale: lambda name, node, semantics: stateless.scale(node),
    nir.Threshold: lambda name, node, semantics: stateless.threshold(node, semantics.spike_op),
    nir.Flatten: lambda name, node, semantics: stateless.flatten(node),
    nir.Conv1d: lambda name, node, semantics: windows.convolution(name, node),
    nir.Conv2d: lambda name, node, semantics: windows.convolution(name, node),
    nir.SumPool2d: lambda name, node, semantics: windows.pool(node, mean=False),
    nir.AvgPool2d: lambda name, node, semantics: windows.pool(node, mean=True),
}


def make_step(name: str, node: nir.NIRNode, semantics: Semantics) -> Step:
    """Return the step of one node: input (B, *shape) -> (output, states).

    Delay is not among them: it answers before it is asked (see `delays` and `execute`).

    Raises
    ------
    UnsupportedOp
        For node types without an executor.
    """
    if type(node) in STATEFUL:
        return make_neuron(node, semantics)
    if type(node) in _STATELESS:
        function = _STATELESS[type(node)](name, node, semantics)
        return lambda x: (function(x), {})
    known = sorted(kind.__name__ for kind in (*STATEFUL, *_STATELESS, nir.Delay))
    raise UnsupportedOp(
        f"Node {name!r} is a {type(node).__name__}, which has no float64 executor; known are {', '.join(known)}."
    )


def _same(x: Rows) -> Rows:
    return x
