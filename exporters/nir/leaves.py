"""Which torch module becomes which NIR node: one function per module class, one table.

A spike lasts one step, so a neuron ``v <- keep * v + input`` has ``tau = dt / (1 - keep)`` and ``r = tau / dt``: one
Euler step of NIR's equation then gives exactly the module's step.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from typing import Any

import nir
import numpy as np
import torch
from torch import nn

from ...models.ei import EILinear
from ...models.errors import UnsupportedOp
from ...models.layers import Delay, DividedLinear, LinearPerPosition, Scale, Threshold
from ...models.neurons import LIF, MeanReadout
from ...models.point_neurons import PointNeuron
from . import kernels, norms, snntorch_leaves
from .circuits import circuit, divisor_loss
from .divisors import Divisor
from .membranes import Context, Leaf, array, spiking, stored

Rule = Callable[[Any, Context], Leaf]


def leaf_of(path: str, module: nn.Module, context: Context, line: str = "") -> Leaf:
    """Translate one module.

    Parameters
    ----------
    path : str
    module : nn.Module
    context : Context
    line : str
        Where the user's code calls it.

    Raises
    ------
    UnsupportedOp
        If no rule knows the module, or the rule refuses one of its settings.
    """
    where = f"{line}: module {path!r}" if line else f"Module {path!r}"
    if _hooked(module):
        raise UnsupportedOp(f"{where}: a forward hook may change what it takes or gives; remove the hook to export it.")
    _renew_weights(module)
    for kind, rule in rules().items():
        if isinstance(module, kind):
            try:
                return rule(module, context)
            except UnsupportedOp as error:
                raise UnsupportedOp(f"{where} ({type(module).__name__}): {error}") from error
    raise UnsupportedOp(
        f"{where} is a {type(module).__name__}, which has no NIR rule; known are {', '.join(_known())}."
    )


def rules() -> dict[type, Rule]:
    """Return the table; snnTorch's classes are in it once the caller's model has imported snnTorch."""
    table: dict[type, Rule] = {
        nn.Linear: _linear,
        LinearPerPosition: _per_position,
        nn.Conv1d: _convolution,
        nn.Conv2d: _convolution,
        nn.AvgPool2d: _pool,
        nn.Flatten: _flatten,
        nn.BatchNorm1d: norms.batch_norm,
        nn.BatchNorm2d: norms.batch_norm,
        LIF: _lif,
        PointNeuron: stored,
        MeanReadout: _mean,
        Scale: _scale,
        Threshold: _threshold,
        Delay: _delay,
        DividedLinear: _divided,
        EILinear: circuit,
    }
    for kind in (nn.Identity, nn.Dropout, nn.Dropout1d, nn.Dropout2d, nn.AlphaDropout):
        table[kind] = _nothing
    snntorch = sys.modules.get("snntorch")
    return table | snntorch_leaves.rules(snntorch) if snntorch else table


def _known() -> Iterator[str]:
    return (f"{kind.__module__.split('.')[0]} {kind.__name__}" for kind in rules())


def _linear(module: nn.Linear, context: Context) -> Leaf:
    if len(context.shape) != 1:
        raise UnsupportedOp(f"it works on the last axis of {context.shape}; put an nn.Flatten in front.")
    weight = array(module.weight)
    return Leaf(nir.Linear(weight) if module.bias is None else nir.Affine(weight, array(module.bias)))


def _per_position(module: LinearPerPosition, context: Context) -> Leaf:
    weight = array(module.weight)
    return Leaf(nir.Linear(weight) if module.bias is None else nir.Affine(weight, array(module.bias)))


def _convolution(module: nn.Conv1d | nn.Conv2d, context: Context) -> Leaf:
    weight = array(module.weight)
    bias = np.zeros(len(weight), weight.dtype) if module.bias is None else array(module.bias)
    return Leaf(kernels.convolution(weight, bias, module, context.shape, context.shape_out))


def _pool(module: nn.AvgPool2d, context: Context) -> Leaf:
    return Leaf(kernels.pool(module))


def _flatten(module: nn.Module, context: Context) -> Leaf:
    before, after = context.shape, context.shape_out
    for start in range(len(before)):
        for end in range(start + 1, len(before)):
            if (*before[:start], int(np.prod(before[start : end + 1])), *before[end + 1 :]) == after:
                last = end - len(before)
                return Leaf(nir.Flatten({"input": np.array(before)}, start, last))
    raise UnsupportedOp(f"{before} becomes {after}; NIR can only merge neighbouring axes into one.")


def _lif(module: LIF, context: Context) -> Leaf:
    keep = 1.0 - 1.0 / float(module.tau)
    return spiking(keep, module.threshold, context, module.reset, module.spike_op)


def _mean(module: MeanReadout, context: Context) -> Leaf:
    # The mean over T rows is an integrator with the gain 1/T, read at the last row.
    node = nir.I(r=np.full(context.shape, 1.0 / (context.steps * context.dt_s)))
    node.metadata = {"spikewright": {"readout": "mean", "steps": context.steps}}
    return Leaf(node)


def _scale(module: Scale, context: Context) -> Leaf:
    return Leaf(nir.Scale(np.broadcast_to(array(module.factor), context.shape).copy()))


def _threshold(module: Threshold, context: Context) -> Leaf:
    limit = np.broadcast_to(array(module.threshold), context.shape).copy()
    return Leaf(nir.Threshold(limit), spike_op=module.spike_op)


def _delay(module: Delay, context: Context) -> Leaf:
    steps = np.broadcast_to(array(module.steps), context.shape)
    return Leaf(nir.Delay(steps * context.dt_s))


def _divided(module: DividedLinear, context: Context) -> Leaf:
    node = nir.Affine(array(module.weight), array(module.bias))
    node.metadata = Divisor(array(module.divisor), array(module.divisor_gain)).metadata()
    return Leaf(node, losses=(divisor_loss(None),))


def _nothing(module: nn.Module, context: Context) -> Leaf:
    return Leaf(None)


def _renew_weights(module: nn.Module) -> None:
    """Let torch's own hooks (weight_norm, spectral_norm, pruning) compute the weights, as a forward pass does first."""
    with torch.no_grad():
        for hook in module._forward_pre_hooks.values():
            hook(module, ())


def _hooked(module: nn.Module) -> bool:
    """Whether a forward hook hangs on `module` that is none of torch's own, which compute its weights."""
    hooks = (*module._forward_hooks.values(), *module._forward_pre_hooks.values())
    homes = [getattr(hook, "__module__", None) or type(hook).__module__ for hook in hooks]
    return any(not home.startswith("torch.nn.utils") for home in homes)
