"""A graph is compared with the model it was exported from, on a small random input.

The tracer knows what it reads; what a model does beside that (resets a neuron within its loop, starts it from a
constant) shows only when both are run. The model runs in float64 as `run_graph` does, so that rounding decides over a
spike only where a membrane lies on its threshold; such a tie is no difference.
"""

from __future__ import annotations

from typing import Any

import nir
import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from torch.nn.utils import parametrize

from ...models.errors import CheckFailed, UnsupportedOp
from .assemble import Draft
from .differences import Run, first_difference
from .divisors import divisor_of
from .dynamics import SPIKING
from .execute import run_graph
from .replay import is_looped, replay
from .snntorch_leaves import CHANGES_SPIKES
from .wiring import Wiring

_STEPS = 6
_SAMPLES = 2
_SCALES = (1.0, 4.0, 16.0, 64.0)
"""Sizes of the input, tried until every neuron layer fires."""
_CLOSE = {torch.float64: 1e-9, torch.float32: 1e-4}
"""Difference of currents, and distance to the threshold of a tie, relative to 1 or the values if larger: sums run in
another order, and a time constant is rounded when it is written."""

Rows = NDArray[Any]


def require_same(
    model: nn.Module, example: torch.Tensor, wiring: Wiring | None, draft: Draft, graph: nir.NIRGraph
) -> None:
    """Run both and refuse a difference, unless a loss that changes spikes is recorded.

    Parameters
    ----------
    model : nn.Module
    example : Tensor
        Its device and, where the model cannot run in float64, its type are the run's.
    wiring : Wiring or None
        Of a traced model; None for a `GraphNetwork`.
    draft : Draft
    graph : nir.NIRGraph

    Raises
    ------
    CheckFailed
        Naming the first difference in time, the line of code and the remedy.
    UnsupportedOp
        If the model does not run on such an input.
    """
    if any(CHANGES_SPIKES in leaf.losses for leaf in draft.leaves.values()):
        return
    order = [path for path in draft.leaves if isinstance(graph.nodes.get(path), SPIKING)] if wiring else []
    for scale in _SCALES:
        x = _inputs(model, wiring, graph, scale)
        run = _run(model, example, wiring, graph, x, order)
        found = first_difference(run, graph, draft)
        if found:
            raise CheckFailed(
                f"The graph would not give what the model gives. On a random input, {found}. Usual reasons: states "
                "that are reset or made within the steps, weights computed in forward, or an example over time "
                "(T, B, ...) for a model that takes one step a call. Mend the model, or export with verify=False."
            )
        if all(spikes.any() for spikes in run.trace.spikes.values()):
            return


def _inputs(model: Any, wiring: Wiring | None, graph: nir.NIRGraph, scale: float) -> dict[str, Rows]:
    """Random rows: the first sample positive, the second of both signs, which E-I circuits do not take."""
    if wiring is None:
        size = max((int(getattr(layer, "steps_written", 0)) for layer in model.layers.values()), default=0)
        size = size or _STEPS, _SAMPLES
    elif len(wiring.input_lead) == 2:
        size = wiring.input_lead
    else:
        steps = max(wiring.calls.values(), default=1) if is_looped(wiring) else _STEPS
        size = steps, *(wiring.input_lead or (1,))
    rng = np.random.default_rng(0)
    divided = any(divisor_of(node) is not None for node in graph.nodes.values())
    x = {}
    for name, node in sorted(graph.nodes.items()):
        if isinstance(node, nir.Input):
            rows = rng.random((*size, *(int(n) for n in node.input_type["input"])))
            if not divided:
                rows[:, 1::2] = rng.standard_normal(rows[:, 1::2].shape)
            repeated = wiring is not None and len(wiring.input_lead) < 2 and is_looped(wiring)
            x[name] = scale * (np.repeat(rows[:1], len(rows), axis=0) if repeated else rows)
    return x


def _run(
    model: nn.Module,
    example: torch.Tensor,
    wiring: Wiring | None,
    graph: nir.NIRGraph,
    x: dict[str, Rows],
    order: list[str],
) -> Run:
    own = example.dtype if example.is_floating_point() else torch.float32
    kinds = [own] if _computes_weights(model) else list(dict.fromkeys((torch.float64, own)))
    trace = run_graph(graph, x)
    for kind in kinds[:-1]:
        try:
            return Run(*replay(model, wiring, x, order, _like(kind, example)), trace, _CLOSE[kind])
        except Exception:  # forward may make tensors of its own type, and then runs in no other
            continue
    try:
        return Run(*replay(model, wiring, x, order, _like(own, example)), trace, _CLOSE.get(own, 1e-2))
    except Exception as error:  # the user's own code may raise anything
        raise UnsupportedOp(
            f"The model does not run on random input of the example's shape ({error}), so that the graph cannot be "
            "compared with it. Mend that, or export with verify=False."
        ) from error


def _like(kind: torch.dtype, example: torch.Tensor) -> torch.Tensor:
    return torch.zeros((), dtype=kind, device=example.device)


def _computes_weights(model: nn.Module) -> bool:
    """Whether weights are results (weight_norm, pruning), which in float64 are others than those that were written."""
    return any(parametrize.is_parametrized(m) or m._forward_pre_hooks for m in model.modules())
