"""A torch model becomes a NIR graph."""

from __future__ import annotations

from typing import Any

import nir
import torch
from torch import nn

from ...models.errors import UnsupportedOp
from ...models.freezing import freeze_gain
from ...models.graph_network import GraphNetwork
from ..program.losses import Loss
from .assemble import Draft, draft_of_network, draft_of_wiring
from .calls import trace_wiring
from .check import require_meaning
from .circuits import circuit_statistics
from .divisors import divisor_of
from .portable import make_portable, static_loss
from .semantics import DEFAULTS, METADATA_KEY
from .verify import require_same


def to_nir(
    model: nn.Module,
    example: torch.Tensor,
    portable: bool = False,
    strict: bool = False,
    dt_s: float = 1e-4,
    verify: bool = True,
) -> tuple[nir.NIRGraph, list[Loss]]:
    """Export a model of ours or of snnTorch.

    Parameters
    ----------
    model : nn.Module
        Layers, pooling, neurons and sums of branches (see `leaves`). E-I circuits keep their divisor in metadata (see
        `divisors`). A loop over time inside `forward` is folded into one step.
    example : (T, B, *shape) tensor for models over all time, (B, *shape) for a model of one step
        The model is run on it. The static gain of E-I circuits is calibrated on it, so that it must be real input.
    portable : bool
        Write only what snnTorch and nirtorch read (see `portable`), or refuse with every reason. The gain of E-I
        circuits is frozen first.
    strict : bool
        Refuse if there is any loss.
    dt_s : float
        Length of a step in seconds, with which time constants are written.
    verify : bool
        Run the model and the graph on a small random input and refuse a difference (see `verify`).

    Returns
    -------
    graph : nir.NIRGraph
        Nodes carry the torch modules' paths as names.
    losses : list of Loss
        What NIR cannot say; reset kind and comparison also go to the metadata under "spikewright".

    Raises
    ------
    InputError
        If the model does not run on the example, or holds NaN or negative thresholds; if the example drives no neuron
        of an E-I circuit.
    UnsupportedOp
        For a module or operation without a NIR equivalent, naming path and line; or for losses under `strict`.
    CheckFailed
        If the graph does not give what the model gives, naming the first difference and its line.
    """
    circuits = {} if isinstance(model, GraphNetwork) else circuit_statistics(model, example)
    frozen = {path: found for path, found in circuits.items() if portable and found.divisor_cv != 0}
    if frozen:
        model = freeze_gain(model, example)
    if isinstance(model, GraphNetwork):
        wiring, draft = None, draft_of_network(model, dt_s)
    else:
        wiring = trace_wiring(model, example)
        steps = max([int(example.shape[0]) if example.ndim > 2 else 1, *wiring.calls.values()])
        draft = draft_of_wiring(wiring, dt_s, steps, circuits)
    draft.losses += [Loss(path, static_loss(found.divisor_cv)) for path, found in frozen.items()]
    divides = any(divisor_of(node) is not None for node in draft.nodes.values())
    if portable:
        make_portable(draft, dt_s)
    if strict and draft.losses:
        raise UnsupportedOp(
            "NIR cannot say all of the model; export without strict to accept it:",
            [f"{loss.node}: {loss.what}" for loss in draft.losses],
        )
    graph = _graph(draft, {METADATA_KEY: _metadata(draft, dt_s)})
    require_meaning(graph, "the model")
    if verify and not (portable and divides):  # the graph of a `GraphNetwork` that divides, without its divisors
        require_same(model, example, wiring, draft, graph)
    return graph, draft.losses


def _graph(draft: Draft, metadata: dict[str, Any]) -> nir.NIRGraph:
    try:
        return nir.NIRGraph(dict(draft.nodes), draft.edges, metadata=metadata)
    except ValueError as error:
        raise UnsupportedOp(f"nir {nir.__version__} refuses the graph's shapes: {error}.") from error


def _metadata(draft: Draft, dt_s: float) -> dict[str, Any]:
    said: dict[str, Any] = {"dt_s": dt_s, "integration": DEFAULTS["integration"]}
    for what in ("reset", "spike_op", "multi_spike", "v_floor"):
        kinds = {path: getattr(leaf, what) for path, leaf in draft.leaves.items() if getattr(leaf, what) is not None}
        if len(set(kinds.values())) > 1:
            raise UnsupportedOp(
                f"The neurons differ in {what}; one kind per network is exported:",
                [f"{draft.lines.get(path, 'in the network')}: {path!r} has {kind!r}" for path, kind in kinds.items()],
            )
        if kinds:
            said[what] = next(iter(kinds.values()))
    return said
