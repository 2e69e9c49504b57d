"""Membranes in steps of torch (keep, gain) as NIR nodes in seconds and ohms."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import nir
import numpy as np
import torch
from numpy.typing import NDArray

from ...models.errors import UnsupportedOp
from ...models.freezing import GainStatistics
from ...models.point_neurons import PointNeuron

_IGNORED = "a reader that ignores the metadata resets to zero at once"
_RESET_LOSSES = {
    "subtract": f"NIR has no subtractive reset: {_IGNORED}",
    "subtract_late": f"NIR has no subtractive reset, here one step late (reset_delay=True): {_IGNORED}",
    "subtract_once": f"NIR has no subtractive reset, here snnTorch's that never takes off twice: {_IGNORED}",
}


@dataclass(frozen=True)
class Leaf:
    """One module as a NIR node.

    Attributes
    ----------
    node : nir.NIRNode or None
        None where the module passes its input on unchanged (dropout, identity).
    port : int
        Which of the module's results the node stands for: 0 what it sends on, 1 or 2 its membrane.
    reset, spike_op, multi_spike, v_floor : str, bool or None
        What NIR cannot say about a spiking neuron (see `semantics`); None where the question does not arise.
    losses : tuple of str
        What the node does not carry.
    recurrent : nir.NIRNode or None
        A layer from the neurons to themselves, one step late.
    affine : pair of arrays or None
        Factor and shift per channel, where the module is no more than that and may be folded into a layer before it.
    """

    node: nir.NIRNode | None
    port: int = 0
    reset: str | None = None
    spike_op: str | None = None
    multi_spike: bool | None = None
    v_floor: bool | None = None
    losses: tuple[str, ...] = ()
    recurrent: nir.NIRNode | None = None
    affine: tuple[NDArray[Any], NDArray[Any]] | None = None


@dataclass(frozen=True)
class Context:
    """What a module does not know itself.

    Attributes
    ----------
    shape, shape_out : tuple of int
        Of its input and output, without time and batch.
    dt_s : float
        Time step in seconds.
    steps : int
        Rows of a sample.
    circuit : GainStatistics or None
        Static gain of an E-I circuit.
    """

    shape: tuple[int, ...]
    shape_out: tuple[int, ...]
    dt_s: float
    steps: int
    circuit: GainStatistics | None = None


def array(value: Any) -> NDArray[Any]:
    """Copy of a tensor or number as an array."""
    return torch.as_tensor(value).detach().cpu().numpy().copy()


def spiking(keep: Any, threshold: Any, context: Context, reset: str, spike_op: str, current_keep: Any = None) -> Leaf:
    """Spiking neurons ``i <- current_keep i + x; v <- keep v + i`` (without `current_keep`: i = x)."""
    given = None if current_keep is None else (current_keep, 1.0)
    node = _node(context, keep, 1.0, 0.0, threshold, 0.0, given)
    losses = [_RESET_LOSSES[reset]] if reset in _RESET_LOSSES else []
    if spike_op == ">=":
        losses.append("NIR compares with '>': a reader that ignores the metadata misses exact ties of '>='")
    return Leaf(node, reset=reset, spike_op=spike_op, losses=tuple(losses))


def membrane(keep: Any, context: Context, gain: Any = 1.0, current_keep: Any = None) -> Leaf:
    """Neurons that never fire; what is read is their membrane, the last of the module's results."""
    given = None if current_keep is None else (current_keep, 1.0)
    node = _node(context, keep, gain, 0.0, None, 0.0, given)
    return Leaf(node, port=1 if current_keep is None else 2)


def stored(module: PointNeuron, context: Context) -> Leaf:
    """Our own `PointNeuron`, which has every constant of NIR."""
    if module.current_late:
        raise UnsupportedOp("NIR cannot say that the membrane takes the current of the step before.")
    current = None if module.current_keep is None else (module.current_keep, module.current_gain)
    node = _node(context, module.keep, module.gain, module.drift, module.threshold, module.v_reset, current)
    if module.threshold is None:
        return Leaf(node)
    said = spiking(0.0, 0.0, context, module.reset, module.spike_op)
    losses = list(said.losses)
    if module.multi_spike:
        losses.append("NIR knows one spike a step: a reader that ignores the metadata fires no more")
    if module.v_floor:
        losses.append("NIR has no lower bound of a membrane: a reader that ignores the metadata lets it sink")
    floor = module.v_floor if isinstance(node, nir.IF) else None
    return Leaf(node, 0, module.reset, module.spike_op, module.multi_spike, floor, tuple(losses))


def _node(
    context: Context, keep: Any, gain: Any, drift: Any, threshold: Any, v_reset: Any, current: tuple[Any, Any] | None
) -> Any:
    full = lambda value: np.broadcast_to(array(value).astype(np.float64), context.shape).copy()  # noqa: E731
    keep, gain, drift = full(keep), full(gain), full(drift)
    fires = {} if threshold is None else {"v_threshold": full(threshold), "v_reset": full(v_reset)}
    leaks = keep != 1.0
    if not leaks.any() and current is None and not drift.any():
        return (nir.IF if fires else nir.I)(r=gain / context.dt_s, **fires)
    if not leaks.all():
        raise UnsupportedOp(
            "NIR has no membrane without leak behind a synaptic current or with a constant drift."
            if not leaks.any()
            else "some neurons of the layer have no leak and others do; split the layer."
        )
    share = 1.0 - keep
    leaky = {"r": gain / share, "v_leak": drift / share, **fires}
    if current is None:
        return (nir.LIF if fires else nir.LI)(tau=context.dt_s / share, **leaky)
    current_share = 1.0 - full(current[0])
    if not current_share.all():
        raise UnsupportedOp("the synaptic current of some neurons never decays; NIR has none such.")
    synapse = {"tau_syn": context.dt_s / current_share, "w_in": full(current[1]) / current_share}
    return (nir.CubaLIF if fires else nir.CubaLI)(tau_mem=context.dt_s / share, **synapse, **leaky)
