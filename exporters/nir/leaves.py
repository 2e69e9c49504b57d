"""Which torch module becomes which NIR node: one function per module class, one table.

A spike lasts one step, so a neuron ``v <- keep * v + input`` has ``tau = dt / (1 - keep)`` and ``r = tau / dt``: one
Euler step of NIR's equation then gives exactly the module's step.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import nir
import numpy as np
import torch
from torch import nn

from ...models.ei import EILinear
from ...models.errors import UnsupportedOp
from ...models.neurons import LIF, MeanReadout


@dataclass(frozen=True)
class Leaf:
    """One module as a NIR node.

    Attributes
    ----------
    node : nir.NIRNode or None
        None where the module passes its input on unchanged (dropout, identity).
    port : int
        Which of the module's results the node stands for: 0 what it sends on, 1 its membrane.
    reset, spike_op : str or None
        What NIR cannot say about a spiking neuron.
    losses : tuple of str
        What the node does not carry.
    """

    node: nir.NIRNode | None
    port: int = 0
    reset: str | None = None
    spike_op: str | None = None
    losses: tuple[str, ...] = ()


@dataclass(frozen=True)
class Context:
    """What a module does not know itself: `size` of its input, time step `dt_s`, rows `steps` of a sample."""

    size: int
    dt_s: float
    steps: int


Rule = Callable[[Any, Context], Leaf]


def leaf_of(path: str, module: nn.Module, context: Context) -> Leaf:
    """Translate one module.

    Raises
    ------
    UnsupportedOp
        If no rule knows the module, or the rule refuses one of its settings.
    """
    for kind, rule in rules().items():
        if isinstance(module, kind):
            try:
                return rule(module, context)
            except UnsupportedOp as error:
                raise UnsupportedOp(f"Module {path!r} ({type(module).__name__}): {error}") from error
    raise UnsupportedOp(
        f"Module {path!r} is a {type(module).__name__}, which has no NIR rule; known are {', '.join(_known())}."
    )


def rules() -> dict[type, Rule]:
    """Return the table; snnTorch's classes are in it once the caller's model has imported snnTorch."""
    table: dict[type, Rule] = {
        nn.Linear: _linear,
        LIF: _lif,
        MeanReadout: _mean,
        EILinear: _circuit,
        nn.Identity: _nothing,
        nn.Dropout: _nothing,
    }
    snntorch = sys.modules.get("snntorch")
    return table | {snntorch.Leaky: _leaky} if snntorch else table


def _known() -> Iterator[str]:
    return (f"{kind.__module__.split('.')[0]} {kind.__name__}" for kind in rules())


def _linear(module: nn.Linear, context: Context) -> Leaf:
    weight = _numpy(module.weight)
    return Leaf(nir.Linear(weight) if module.bias is None else nir.Affine(weight, _numpy(module.bias)))


def _lif(module: LIF, context: Context) -> Leaf:
    keep = 1.0 - 1.0 / float(module.tau)
    return _spiking(keep, module.threshold, context, module.reset, module.spike_op)


def _mean(module: MeanReadout, context: Context) -> Leaf:
    # The mean over T rows is an integrator with the gain 1/T, read at the last row.
    node = nir.I(r=np.full(context.size, 1.0 / (context.steps * context.dt_s)))
    node.metadata = {"spikewright": {"readout": "mean", "steps": context.steps}}
    return Leaf(node)


def _circuit(module: EILinear, context: Context) -> Leaf:
    raise UnsupportedOp("NIR has no node for a divisor that depends on the input. Call models.freeze_gain first.")


def _nothing(module: nn.Module, context: Context) -> Leaf:
    return Leaf(None)


def _leaky(module: Any, context: Context) -> Leaf:
    """SnnTorch's Leaky: ``mem <- beta * mem + input``, spike at ``mem > threshold`` (snntorch 1.0.0, leaky.py)."""
    if type(module).__name__ != "Leaky":
        raise UnsupportedOp("only snntorch.Leaky itself is known, not what derives from it.")
    if getattr(module, "inhibition", False) or getattr(module, "state_quant", False):
        raise UnsupportedOp("inhibition=True (winner takes all) and state_quant have no NIR equivalent.")
    if float(module.graded_spikes_factor) != 1.0:
        raise UnsupportedOp("graded_spikes_factor is not 1; fold it into the weights behind the neurons.")
    beta = np.clip(_numpy(module.beta).astype(np.float64), 0.0, 1.0)
    if module.reset_mechanism == "none":
        return _readout(beta, context)
    losses = []
    if module.reset_delay:
        losses.append("the module resets one step late (reset_delay=True), the node at once; train with False")
    leaf = _spiking(beta, module.threshold, context, module.reset_mechanism, ">")
    return replace(leaf, losses=(*leaf.losses, *losses))


def _spiking(keep: Any, threshold: Any, context: Context, reset: str, spike_op: str) -> Leaf:
    n = context.size
    v_threshold = np.broadcast_to(_numpy(threshold).astype(np.float64), (n,)).copy()
    keep = np.broadcast_to(np.asarray(keep, np.float64), (n,))
    zero = np.zeros(n)
    if (keep == 1.0).all():
        node: Any = nir.IF(np.full(n, 1.0 / context.dt_s), v_threshold, v_reset=zero)
    elif (keep == 1.0).any():
        raise UnsupportedOp("some neurons of the layer have no leak and others do; split the layer.")
    else:
        share = 1.0 - keep
        node = nir.LIF(context.dt_s / share, 1.0 / share, zero, v_threshold, v_reset=zero.copy())
    losses = []
    if reset == "subtract":
        losses.append("NIR has no subtractive reset: a reader that ignores the metadata resets to zero")
    if spike_op == ">=":
        losses.append("NIR compares with '>': a reader that ignores the metadata misses exact ties of '>='")
    return Leaf(node, 0, reset, spike_op, tuple(losses))


def _readout(keep: Any, context: Context) -> Leaf:
    share = 1.0 - np.broadcast_to(keep, (context.size,))
    if not share.all():
        return Leaf(nir.I(np.full(context.size, 1.0 / context.dt_s)), port=1)
    return Leaf(nir.LI(context.dt_s / share, 1.0 / share, np.zeros(context.size)), port=1)


def _numpy(value: Any) -> np.ndarray:
    return torch.as_tensor(value).detach().cpu().numpy().copy()
