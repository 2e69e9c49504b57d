"""A model is run on rows of input, each neuron's spikes recorded, and nothing of the model or of torch is changed."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ...models.copying import copy_module
from ...models.graph_network import GraphNetwork
from .wiring import Wiring

Rows = NDArray[Any]


def replay(
    model: nn.Module, wiring: Wiring | None, x: dict[str, Rows], paths: Iterable[str], like: Tensor
) -> tuple[dict[str, Rows], list[Rows]]:
    """Run a copy of `model` from rest, in evaluation mode.

    Parameters
    ----------
    model : nn.Module
    wiring : Wiring or None
        How a traced model takes time and batch; None for a `GraphNetwork`.
    x : dict of Input node to (T, B, *shape) array
    paths : iterable of str
        Modules whose first result is recorded.
    like : Tensor
        Its type and device are the run's. In float64 no rounding decides over a spike.

    Returns
    -------
    dict of str to array
        What each module gave, its calls one after the other.
    list of array
        The model's first result, rows first if it has rows; every output of a `GraphNetwork`, by name.
    """
    with torch.no_grad(), torch.random.fork_rng(devices=[]):
        copy = copy_module(model).eval().to(like.dtype)
        modules, given = dict(copy.named_modules()), {}
        for path in paths:
            neuron = modules.get(path, copy)  # a layer by itself is traced as a network of one layer
            neuron.register_forward_hook(lambda m, a, out, path=path: given.setdefault(path, []).append(_first(out)))
        with _at_rest(copy):
            outputs = _outputs(copy, wiring, {name: torch.as_tensor(rows).to(like) for name, rows in x.items()})
    spikes = {path: torch.stack(calls).double().cpu().numpy() for path, calls in given.items()}
    return spikes, [output.double().cpu().numpy() for output in outputs]


def _outputs(model: nn.Module, wiring: Wiring | None, x: dict[str, Tensor]) -> list[Tensor]:
    if isinstance(model, GraphNetwork) or wiring is None:
        result = model(x)
        return [result[name] for name in sorted(result)] if isinstance(result, dict) else [result]
    rows = next(iter(x.values()))
    lead = len(wiring.input_lead)
    if lead == 2 or is_looped(wiring):
        return [torch.movedim(_first(model(rows if lead == 2 else rows[0])), wiring.time_axis, 0)]
    return [_stepped(model, rows if lead else rows[:, 0], wiring.states)]


def is_looped(wiring: Wiring) -> bool:
    """Whether the model repeats modules within one call."""
    return max(wiring.calls.values(), default=1) > 1


def _stepped(model: nn.Module, rows: Tensor, states: int) -> Tensor:
    """Step a model of one step; states that it gives are handed in again if it takes as many."""
    outputs, held = [], []
    for row in rows:
        result = model(row, *held)
        outputs.append(_first(result))
        rest = list(result[1:]) if isinstance(result, (tuple, list)) else []
        held = rest if len(rest) == states else []
    return torch.stack(outputs)


@contextmanager
def _at_rest(model: nn.Module) -> Iterator[None]:
    """Bring snnTorch's neurons to rest, in the model's type, and let its global resets reach these alone."""
    neurons: list[Any] = [module for module in model.modules() if hasattr(module, "reset_mem")]
    for neuron in neurons:
        neuron.reset_mem()
        fire = vars(neuron).get("spike_grad")
        if fire is not None:  # snnTorch's spikes are float32 whatever the membrane is
            neuron.spike_grad = lambda v, fire=fire: fire(v).to(v.dtype)
    if "snntorch" not in sys.modules:
        yield
        return
    from snntorch import SpikingNeuron

    everywhere, SpikingNeuron.instances = SpikingNeuron.instances, neurons
    try:
        yield
    finally:
        SpikingNeuron.instances = everywhere


def _first(result: Any) -> Any:
    while isinstance(result, (tuple, list)):
        result = result[0]
    return result
