"""A NIR graph becomes a torch module that can be trained."""

from __future__ import annotations

from typing import Any

import nir
import numpy as np

from ...models.errors import InputError, UnsupportedOp
from ...models.graph_network import GraphNetwork
from .check import require_meaning
from .delays import buffered
from .flatten import flatten
from .modules import module_of
from .order import execution_order, recurrent_edges
from .semantics import CONVENTIONS, Semantics, choose
from .shapes import infer_shapes

_BUILT = (
    "spike_as_delta",
    "multi_spike",
    "v_floor",
    "current_late",
    "unit_gain",
    "decayed_input",
    "tau_in_steps",
    "tau_unit_s",
)
"""Conventions that the constants of a `PointNeuron` can express."""


def from_nir(graph: nir.NIRGraph, dialect: str = "auto", **settings: Any) -> GraphNetwork:
    """Build a module over all time that computes what `run_graph` computes.

    Parameters
    ----------
    graph : nir.NIRGraph
    dialect : str
        As for `run_graph`.
    **settings
        dt_s, integration, spike_op, reset, as for `run_graph`.

    Returns
    -------
    GraphNetwork
        Takes (T, B, *input_shape), gives (T, B, *output_shape): spikes, membranes or currents of every step; a mean
        over time that `to_nir` wrote gives (B, *output_shape). Weights, biases, factors and thresholds are parameters
        in float64 (call ``.float()`` for speed), paths are node names. The reset is a constant for the gradient.

    Raises
    ------
    InputError
        For parameters that cannot mean anything, or a node that nothing feeds.
    UnsupportedOp
        For kinds of nodes or conventions that have no module; all at once.
    """
    graph = infer_shapes(flatten(graph))
    require_meaning(graph, "the graph")
    semantics = choose(graph, dialect=dialect, **settings)
    _require_modules(graph, semantics)
    shapes = {name: _shape(name, node) for name, node in graph.nodes.items()}
    ring = buffered(graph, semantics)
    on_cycle = frozenset(name for name in ring if _reaches(graph, name, name))
    late = recurrent_edges(graph, on_cycle)
    order = execution_order(graph, late, on_cycle)
    ends = (nir.Input, nir.Output)
    layers = {
        name: module_of(name, node, semantics, _only_read(graph, name))
        for name, node in graph.nodes.items()
        if not isinstance(node, ends)
    }
    return GraphNetwork(
        layers,
        graph.edges,
        shapes,
        inputs=[name for name, node in graph.nodes.items() if isinstance(node, nir.Input)],
        outputs=[name for name, node in graph.nodes.items() if isinstance(node, nir.Output)],
        order=order,
        late=late | {edge for edge in graph.edges if edge[1] in on_cycle},
        buffered=on_cycle,
    )


def _require_modules(graph: nir.NIRGraph, semantics: Semantics) -> None:
    unfed = sorted(set(graph.nodes) - {t for _, t in graph.edges} - {n for n in graph.nodes if _is_input(graph, n)})
    if unfed:
        raise InputError(f"Nothing feeds {unfed}; connect them to an Input node or take them out.")
    wrong = []
    for what, default in CONVENTIONS.items():
        if what not in _BUILT and getattr(semantics, what) != default:
            wrong.append(f"{what} = {getattr(semantics, what)!r} ({semantics.origin[what]}), which no neuron here has")
    if wrong:
        raise UnsupportedOp("No module can be built for:", wrong)


def _is_input(graph: nir.NIRGraph, name: str) -> bool:
    return isinstance(graph.nodes[name], nir.Input)


def _shape(name: str, node: nir.NIRNode) -> tuple[int, ...]:
    shape = next(iter((node.input_type or {"input": None}).values()))
    if shape is None:
        raise InputError(f"Node {name!r} has no input shape; read the file with read_nir, which infers it.")
    return tuple(int(n) for n in np.atleast_1d(shape))


def _only_read(graph: nir.NIRGraph, name: str) -> bool:
    """Whether `name` alone feeds nothing but outputs."""
    targets = [t for s, t in graph.edges if s == name]
    alone = all(sum(t == target for _, t in graph.edges) == 1 for target in targets)
    return alone and all(isinstance(graph.nodes[t], nir.Output) for t in targets)


def _reaches(graph: nir.NIRGraph, start: str, end: str) -> bool:
    seen: set[str] = set()
    todo = [start]
    while todo:
        name = todo.pop()
        new = [t for s, t in graph.edges if s == name and t not in seen]
        seen.update(new)
        todo += new
    return end in seen
