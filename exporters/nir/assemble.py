"""Nodes and edges of a graph from modules and their wiring."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import nir
import numpy as np

from ...models.copying import copy_module
from ...models.errors import UnsupportedOp
from ...models.freezing import GainStatistics
from ...models.graph_network import GraphNetwork
from ..program.losses import Loss
from .leaves import leaf_of
from .membranes import Context, Leaf
from .norms import folded
from .wiring import INPUT, Signal, Wiring

Edge = tuple[str, str]
_OUTPUT = "\0output"


@dataclass
class Draft:
    """A graph before nir has checked it.

    `lines` are the lines of code that call the modules; `mean_left` says that a mean over time is left to the reader.
    """

    nodes: dict[str, Any] = field(default_factory=dict)
    edges: list[Edge] = field(default_factory=list)
    leaves: dict[str, Leaf] = field(default_factory=dict)
    losses: list[Loss] = field(default_factory=list)
    lines: dict[str, str] = field(default_factory=dict)
    mean_left: bool = False

    def sources(self, name: str) -> list[str]:
        """Nodes that feed `name`."""
        return [source for source, target in self.edges if target == name]

    def targets(self, name: str) -> list[str]:
        """Nodes that `name` feeds."""
        return [target for source, target in self.edges if source == name]

    def bypass(self, name: str) -> None:
        """Take a node out; what fed it feeds what it fed."""
        into, out = self.sources(name), self.targets(name)
        self.edges = [edge for edge in self.edges if name not in edge]
        self.edges += [(source, target) for source in into for target in out]
        self.nodes.pop(name, None)


def draft_of_wiring(wiring: Wiring, dt_s: float, steps: int, circuits: dict[str, GainStatistics]) -> Draft:
    """Draft of a traced model, with the static gain of every E-I circuit in `circuits`.

    Raises
    ------
    UnsupportedOp
        If a module has no NIR equivalent, or the model returns what no node stands for.
    """
    leaves = {
        path: leaf_of(path, module, Context(*wiring.shapes[path], dt_s, steps, circuits.get(path)), wiring.lines[path])
        for path, module in wiring.modules.items()
    }
    _require_readable(wiring, leaves)
    draft = Draft(leaves=leaves, lines=dict(wiring.lines))
    draft.nodes = {INPUT: nir.Input({"input": np.array(wiring.input_shape)})}
    draft.nodes |= {path: leaf.node for path, leaf in leaves.items()}
    ends = wiring.outputs[0].terms
    draft.edges = [*wiring.edges, *((term.source, _OUTPUT) for term in ends)]
    _add_recurrence(draft)
    for path, leaf in leaves.items():
        if leaf.node is None:
            draft.bypass(path)
    _fold_norms(draft)
    draft.nodes[_OUTPUT] = nir.Output({"output": np.array(wiring.outputs[0].features)})
    end = _free("output", draft.nodes)
    _rename(draft, {INPUT: _free("input", draft.nodes), _OUTPUT: end})
    draft.lines[end] = wiring.end
    _require_single_edges(draft)
    draft.losses = [Loss(path, what) for path, leaf in leaves.items() for what in leaf.losses]
    if len({tuple(t.source for t in value.terms) for value in wiring.outputs}) > 1:
        draft.losses.append(Loss("output", "of the model's several results only the first is exported"))
    if any(term.counted for term in ends):
        draft.losses.append(Loss("output", "the sum over time is left to the reader; the graph gives every row"))
    return draft


def draft_of_network(network: GraphNetwork, dt_s: float) -> Draft:
    """Draft of a network that `from_nir` built; its wiring is known."""
    copy: Any = copy_module(network).eval()  # torch's hooks on weights are run, which may change buffers
    draft = Draft(edges=list(network.edges))
    for name, module in copy.layers.items():
        following = [network.shapes[target] for source, target in network.edges if source == name]
        context = Context(network.shapes[name], following[0], dt_s, getattr(module, "steps_written", 1))
        draft.leaves[name] = leaf_of(name, module, context)
    draft.nodes = {name: nir.Input({"input": np.array(network.shapes[name])}) for name in network.inputs}
    draft.nodes |= {name: leaf.node for name, leaf in draft.leaves.items()}
    draft.nodes |= {name: nir.Output({"output": np.array(network.shapes[name])}) for name in network.outputs}
    draft.losses = [Loss(name, what) for name, leaf in draft.leaves.items() for what in leaf.losses]
    return draft


def _add_recurrence(draft: Draft) -> None:
    for path, leaf in draft.leaves.items():
        if leaf.recurrent is not None:
            name = _free(f"{path}.recurrent", draft.nodes)
            draft.nodes[name] = leaf.recurrent
            draft.edges += [(path, name), (name, path)]


def _fold_norms(draft: Draft) -> None:
    """Multiply a normalisation into the layer in front of it where nothing else reads that layer."""
    for path, leaf in draft.leaves.items():
        sources = draft.sources(path)
        if leaf.affine is None or len(sources) != 1 or draft.targets(sources[0]) != [path]:
            continue
        node = folded(draft.nodes[sources[0]], *leaf.affine)
        if node is not None:
            draft.nodes[sources[0]] = node
            draft.bypass(path)


def _rename(draft: Draft, names: dict[str, str]) -> None:
    draft.nodes = {names.get(name, name): node for name, node in draft.nodes.items()}
    draft.edges = [(names.get(s, s), names.get(t, t)) for s, t in draft.edges]


def _free(name: str, taken: dict[str, Any]) -> str:
    while name in taken:
        name += "_"
    return name


def _require_single_edges(draft: Draft) -> None:
    twice = sorted({edge for edge in draft.edges if draft.edges.count(edge) > 1})
    if twice:
        raise UnsupportedOp(
            "Two branches carry the same signal to one sum, and NIR has one edge between two nodes:",
            [f"{source!r} twice into {target!r}; put a layer into one branch" for source, target in twice],
        )


def _require_readable(wiring: Wiring, leaves: dict[str, Leaf]) -> None:
    """Refuse results and connections that the nodes do not stand for."""
    terms = wiring.outputs[0].terms if wiring.outputs else ()
    if not any(term.source != INPUT for term in terms):
        raise UnsupportedOp(f"{wiring.end}: the model returns nothing that a module computed; return a layer's result.")
    for term in terms:
        if term.source != INPUT:
            _require_whole(wiring, term, leaves[term.source].port)
    feeding = {source for source, _ in wiring.edges if source in leaves and leaves[source].port}
    if feeding:
        places = ", ".join(wiring.lines[path] for path in sorted(feeding))
        raise UnsupportedOp(
            f"{places}: {sorted(feeding)} never reset and feed other modules; only a readout may lack a reset."
        )


def _require_whole(wiring: Wiring, term: Signal, port: int) -> None:
    """Refuse a result that is not what its node gives, or not all of its steps in order."""
    path = term.source
    if (term.port or 0) != port:
        wanted = "membrane" if port else "spikes"
        raise UnsupportedOp(
            f"{wiring.end}: the model returns another result of {path!r} first than its {wanted}; return that first."
        )
    if port and term.counted:
        raise UnsupportedOp(f"{wiring.end}: a sum over time of {path!r}, a membrane; return its rows, or their mean.")
    same = [t.call for value in wiring.outputs for t in value.terms if (t.source, t.port) == (path, term.port)]
    steps = list(dict.fromkeys(same))
    if sorted(steps) != list(range(wiring.calls[path])):
        raise UnsupportedOp(
            f"{wiring.end}: the model returns {len(steps)} of {wiring.calls[path]} steps of {path!r}; return all."
        )
    if steps != sorted(steps):
        raise UnsupportedOp(
            f"{wiring.end}: the model returns the steps of {path!r} in the order {steps}; return them as they come."
        )
