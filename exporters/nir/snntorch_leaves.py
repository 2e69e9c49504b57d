"""snnTorch's neurons as NIR nodes (equations: snntorch 1.0.0, its files of the same names).

Leaky: ``mem <- beta mem + input``; Synaptic: ``syn <- alpha syn + input; mem <- beta mem + syn``; spike at
``mem > threshold``. RLeaky and RSynaptic add ``recurrent(spk)`` of the step before to the input.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import nir
import numpy as np
from torch import nn

from ...models.errors import UnsupportedOp
from .kernels import convolution
from .membranes import Context, Leaf, array, membrane, spiking

CHANGES_SPIKES = "the module resets one step late and drops that step's input; train with reset_delay=False"
"""The one loss that our metadata do not make good: the graph's spikes differ from the module's."""


def rules(snntorch: Any) -> dict[type, Callable[[Any, Context], Leaf]]:
    """Return the table of snnTorch's neuron classes."""
    return {
        snntorch.RSynaptic: _synaptic,
        snntorch.RLeaky: _leaky,
        snntorch.Synaptic: _synaptic,
        snntorch.Lapicque: _lapicque,
        snntorch.Leaky: _leaky,
    }


def _leaky(module: Any, context: Context) -> Leaf:
    return _neuron(module, context, ("Leaky", "RLeaky"), None)


def _synaptic(module: Any, context: Context) -> Leaf:
    return _neuron(module, context, ("Synaptic", "RSynaptic"), _decay(module.alpha))


def _lapicque(module: Any, context: Context) -> Leaf:
    """``mem <- (1 - h/(RC)) mem + (h/C) input``; its resets come a step late and drop that step's input."""
    _require_plain(module, ("Lapicque",))
    if module.reset_mechanism != "none":
        raise UnsupportedOp(
            "a Lapicque neuron resets one step late and NIR's at once; only reset_mechanism='none' is exact. "
            "Use snntorch.Leaky with reset_delay=False."
        )
    step, r, c = (array(v).astype(np.float64) for v in (module.time_step, module.R, module.C))
    return membrane(1.0 - step / (r * c), context, gain=step / c)


def _neuron(module: Any, context: Context, known: tuple[str, ...], current_keep: Any) -> Leaf:
    _require_plain(module, known)
    beta = _decay(module.beta)
    recurrent = _recurrence(module, context) if hasattr(module, "recurrent") else None
    if module.reset_mechanism == "none":
        if recurrent is not None:
            raise UnsupportedOp("reset_mechanism='none' with recurrent spikes has no NIR equivalent.")
        return membrane(beta, context, current_keep=current_keep)
    reset, losses = _reset(module)
    leaf = spiking(beta, module.threshold, context, reset, ">", current_keep)
    return replace(leaf, losses=(*leaf.losses, *losses), recurrent=recurrent)


def _reset(module: Any) -> tuple[str, tuple[str, ...]]:
    """Reset in the names of `semantics`, and what these do not say."""
    kind = type(module).__name__
    # RSynaptic resets a copy of its membrane with reset_delay=False, that is never at once (rsynaptic.py, forward).
    late = module.reset_delay or kind == "RSynaptic"
    if module.reset_mechanism == "subtract":
        return ("subtract_late" if late else "subtract_once"), ()
    if not late or kind == "Leaky":  # Leaky forgets the membrane before the leak, which is the same as at once
        return "zero", ()
    return "zero", (CHANGES_SPIKES,)


def _recurrence(module: Any, context: Context) -> nir.NIRNode:
    layer = module.recurrent
    if isinstance(layer, nn.Linear):
        weight = array(layer.weight)
        return nir.Linear(weight) if layer.bias is None else nir.Affine(weight, array(layer.bias))
    if isinstance(layer, nn.Conv2d):
        weight = array(layer.weight)
        bias = np.zeros(len(weight)) if layer.bias is None else array(layer.bias)
        return convolution(weight, bias, layer, context.shape, context.shape)
    return nir.Scale(np.broadcast_to(array(module.recurrent.V), context.shape).copy())


def _require_plain(module: Any, known: tuple[str, ...]) -> None:
    name = type(module).__name__
    if name not in known:
        raise UnsupportedOp(f"only snntorch.{known[0]} itself is known, not what derives from it.")
    if getattr(module, "inhibition", False) or getattr(module, "state_quant", False):
        raise UnsupportedOp("inhibition=True (winner takes all) and state_quant have no NIR equivalent.")
    if float(module.graded_spikes_factor) != 1.0:
        raise UnsupportedOp("graded_spikes_factor is not 1; fold it into the weights behind the neurons.")


def _decay(value: Any) -> Any:
    return np.clip(array(value).astype(np.float64), 0.0, 1.0)
