"""A torch model becomes a NIR graph."""

from __future__ import annotations

from typing import Any

import nir
import numpy as np
import torch
from torch import nn

from ...models.errors import UnsupportedOp
from ..program.losses import Loss
from .calls import INPUT, Wiring, trace_wiring
from .check import require_meaning
from .dynamics import STATEFUL
from .leaves import Context, Leaf, leaf_of
from .semantics import DEFAULTS, METADATA_KEY


def to_nir(model: nn.Module, example: torch.Tensor, dt_s: float = 1e-4) -> tuple[nir.NIRGraph, list[Loss]]:
    """Export a model of ours or of snnTorch.

    Parameters
    ----------
    model : nn.Module
        Layers of `nn.Linear` and spiking neurons (see `leaves`); E-I circuits with their gain frozen. A loop over
        time inside `forward` is folded into one step.
    example : (T, B, N) tensor for models over all time, (B, N) for a model of one step
        The model is run on it once.
    dt_s : float
        Length of a step in seconds, with which time constants are written.

    Returns
    -------
    graph : nir.NIRGraph
        Nodes carry the torch modules' paths as names.
    losses : list of Loss
        What NIR cannot say; reset kind and comparison also go to the metadata under "spikewright".

    Raises
    ------
    InputError
        If the model does not run on the example, or holds NaN or negative thresholds.
    UnsupportedOp
        For a module or operation without a NIR equivalent, naming path or line.
    """
    wiring = trace_wiring(model, example)
    size = _input_size(wiring, example)
    steps = max([int(example.shape[0]) if example.ndim > 2 else 1, *wiring.calls.values()])
    leaves = _translate(wiring, size, Context(size, dt_s, steps))
    nodes, edges = _assemble(wiring, leaves, size)
    losses = [Loss(path, what) for path, leaf in leaves.items() for what in leaf.losses]
    if len(wiring.outputs) > 1 and {s.source for s in wiring.outputs} != {wiring.outputs[0].source}:
        losses.append(Loss("output", "of the model's several results only the first is exported"))
    graph = nir.NIRGraph(nodes, edges, metadata={METADATA_KEY: _metadata(leaves, dt_s)})
    require_meaning(graph, "the model")
    return graph, losses


def _input_size(wiring: Wiring, example: torch.Tensor) -> int:
    first = next((wiring.modules[target] for source, target in wiring.edges if source == INPUT), None)
    return int(getattr(first, "in_features", example.shape[-1]))


def _translate(wiring: Wiring, size: int, context: Context) -> dict[str, Leaf]:
    """Leaf of every module, sizes passed on along the edges (modules are in call order)."""
    sizes, leaves = {INPUT: size}, {}
    for path, module in wiring.modules.items():
        source = next(s for s, target in wiring.edges if target == path)
        leaf = leaf_of(path, module, Context(sizes[source], context.dt_s, context.steps))
        shape = None if leaf.node is None else leaf.node.output_type["output"]
        sizes[path] = sizes[source] if shape is None else int(np.prod(shape))
        leaves[path] = leaf
    return leaves


def _assemble(
    wiring: Wiring, leaves: dict[str, Leaf], size: int
) -> tuple[dict[str, nir.NIRNode], list[tuple[str, str]]]:
    """Nodes and edges, modules that pass their input on left out."""
    through = {path: next(s for s, t in wiring.edges if t == path) for path, leaf in leaves.items() if not leaf.node}

    def real(source: str) -> str:
        return real(through[source]) if source in through else source

    _require_readable(wiring, leaves)
    name_in, name_out = (_free(name, leaves) for name in ("input", "output"))
    nodes: dict[str, Any] = {name_in: nir.Input({"input": np.array([size])})}
    nodes |= {path: leaf.node for path, leaf in leaves.items() if leaf.node is not None}
    end = real(wiring.outputs[0].source)
    nodes[name_out] = nir.Output({"output": np.asarray(nodes[end].output_type["output"])})
    edges = [(real(s) or name_in, t) for s, t in wiring.edges if t not in through]
    return nodes, [*edges, (end, name_out)]


def _require_readable(wiring: Wiring, leaves: dict[str, Leaf]) -> None:
    """Refuse results and connections that the nodes do not stand for."""
    if not wiring.outputs or wiring.outputs[0].source == INPUT:
        raise UnsupportedOp("The model returns nothing that a module computed.")
    path, port = wiring.outputs[0].source, wiring.outputs[0].port
    if (port or 0) != leaves[path].port:
        wanted = ("spikes", "membrane")[leaves[path].port]
        raise UnsupportedOp(f"The model returns another result of {path!r} first than its {wanted}; return that first.")
    returned = {s.call for s in wiring.outputs if (s.source, s.port) == (path, port)}
    if returned != set(range(wiring.calls[path])):
        raise UnsupportedOp(f"The model returns {len(returned)} of {wiring.calls[path]} steps of {path!r}; return all.")
    feeding = {source for source, _ in wiring.edges if source in leaves and leaves[source].port == 1}
    if feeding:
        raise UnsupportedOp(f"{sorted(feeding)} never reset and feed other modules; only a readout may lack a reset.")


def _free(name: str, taken: dict[str, Leaf]) -> str:
    while name in taken:
        name += "_"
    return name


def _metadata(leaves: dict[str, Leaf], dt_s: float) -> dict[str, Any]:
    spiking = {path: leaf for path, leaf in leaves.items() if STATEFUL.get(type(leaf.node)) == "spikes"}
    said: dict[str, Any] = {"dt_s": dt_s, "integration": DEFAULTS["integration"]}
    for what in ("reset", "spike_op"):
        kinds = {getattr(leaf, what) for leaf in spiking.values()}
        if len(kinds) > 1:
            raise UnsupportedOp(f"The neurons differ in {what} ({sorted(kinds)}); one kind per network is exported.")
        if kinds:
            said[what] = kinds.pop()
    return said
