"""Which NIR node becomes which torch module: one function per kind, one table."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import nir
import numpy as np
import torch
from torch import Tensor, nn

from ...models.errors import UnsupportedOp
from ...models.layers import Delay, DividedLinear, LinearPerPosition, Scale, Threshold
from ...models.neurons import MeanReadout
from ...models.point_neurons import PointNeuron
from .delays import delay_steps
from .divisors import divisor_of
from .neurons import STATEFUL, current_terms, membrane_terms
from .semantics import METADATA_KEY, Semantics


def module_of(name: str, node: Any, semantics: Semantics, only_read: bool) -> nn.Module:
    """Build the module of one node in float64.

    Parameters
    ----------
    name : str
    node : nir.NIRNode
    semantics : Semantics
    only_read : bool
        Whether the node alone feeds nothing but outputs, as a readout does.

    Raises
    ------
    UnsupportedOp
        If no module has this meaning; the known kinds are listed.
    """
    said = (getattr(node, "metadata", None) or {}).get(METADATA_KEY, {})
    if isinstance(node, nir.I) and only_read and str(said.get("readout")) == "mean":
        mean = MeanReadout()
        mean.steps_written = int(said["steps"])
        return mean
    if type(node) in STATEFUL:
        return _neuron(node, semantics)
    if type(node) not in _RULES:
        known = sorted(kind.__name__ for kind in (*STATEFUL, *_RULES))
        raise UnsupportedOp(
            f"Node {name!r} is a {type(node).__name__}, for which no module is known; known are {', '.join(known)}."
        )
    return _RULES[type(node)](node, semantics)


def _neuron(node: Any, semantics: Semantics) -> PointNeuron:
    keep, gain, drift = (tensor(term) for term in membrane_terms(node, semantics))
    fires = STATEFUL[type(node)] == "spikes"
    current = [tensor(t) for t in current_terms(node, semantics)] if hasattr(node, "tau_syn") else [None, None]
    return PointNeuron(
        tuple(int(n) for n in node.input_type["input"]),
        keep,
        gain,
        drift,
        tensor(node.v_threshold) if fires else None,
        tensor(node.v_reset) if fires else 0.0,
        *current,
        current_late=semantics.current_late,
        reset=semantics.reset,
        spike_op=semantics.spike_op,
        multi_spike=semantics.multi_spike,
        v_floor=semantics.v_floor and isinstance(node, nir.IF),
    ).double()


def _linear(node: Any, semantics: Semantics) -> nn.Module:
    if node.weight.ndim > 2:
        return LinearPerPosition(tensor(node.weight), tensor(node.bias) if hasattr(node, "bias") else None)
    outputs, inputs = node.weight.shape
    if (divisor := divisor_of(node)) is not None:
        bias = np.zeros(outputs) if not hasattr(node, "bias") else node.bias
        return DividedLinear(*map(tensor, (node.weight, divisor.weight, divisor.gain, bias)))
    return _filled(nn.Linear(inputs, outputs, bias=hasattr(node, "bias"), dtype=torch.float64), node)


def _convolution(node: Any, semantics: Semantics) -> nn.Module:
    n = node.weight.ndim - 2
    padding = node.padding.decode() if isinstance(node.padding, bytes) else node.padding
    if not isinstance(padding, str):
        padding = _tuple(padding, n)
    groups = int(node.groups)
    kind = nn.Conv1d if n == 1 else nn.Conv2d
    layer = kind(
        node.weight.shape[1] * groups,
        node.weight.shape[0],
        node.weight.shape[2:],
        _tuple(node.stride, n),
        padding,
        _tuple(node.dilation, n),
        groups,
        dtype=torch.float64,
    )
    return _filled(layer, node)


def _filled(layer: Any, node: Any) -> Any:
    with torch.no_grad():
        layer.weight.copy_(tensor(node.weight))
        if layer.bias is not None:
            layer.bias.copy_(tensor(node.bias))
    return layer


def _pool(node: Any, semantics: Semantics) -> nn.AvgPool2d:
    sizes = [_tuple(value, 2) for value in (node.kernel_size, node.stride, node.padding)]
    return nn.AvgPool2d(*sizes, divisor_override=1 if isinstance(node, nir.SumPool2d) else None)


def _flatten(node: Any, semantics: Semantics) -> nn.Module:
    # torch counts the batch axis, NIR does not.
    start, end = (int(d) + 1 if int(d) >= 0 else int(d) for d in (node.start_dim, node.end_dim))
    if start > len(node.input_type["input"]):
        return nn.Identity()
    return nn.Flatten(start, end)


def _tuple(value: Any, n: int) -> tuple[int, ...]:
    return tuple(int(v) for v in np.broadcast_to(np.asarray(value), (n,)))


def tensor(value: Any) -> Tensor:
    """Copy of an array in float64."""
    return torch.as_tensor(np.array(value, np.float64))


_RULES: dict[type, Callable[[Any, Semantics], nn.Module]] = {
    nir.Affine: _linear,
    nir.Linear: _linear,
    nir.Conv1d: _convolution,
    nir.Conv2d: _convolution,
    nir.SumPool2d: _pool,
    nir.AvgPool2d: _pool,
    nir.Flatten: _flatten,
    nir.Scale: lambda node, semantics: Scale(tensor(node.scale)),
    nir.Threshold: lambda node, semantics: Threshold(tensor(node.threshold), semantics.spike_op),
    nir.Delay: lambda node, semantics: Delay(delay_steps(node, semantics)),
}
