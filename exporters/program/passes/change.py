"""One listed loss applied to the float network, with the value that the finished program holds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from ..losses import Loss
from ..program import Population, Program, Projection
from .execute import Arithmetic
from .network import Floats, Network, Neurons

Changed = tuple[Network, Arithmetic]


def applicable(loss: Loss) -> bool:
    """Whether `apply_loss` knows how to apply `loss` alone."""
    return loss.kind in _APPLY


def apply_loss(network: Network, arithmetic: Arithmetic, program: Program, loss: Loss) -> Changed:
    """Round what `loss` says was rounded, and nothing else.

    Parameters
    ----------
    network : Network
        After `fold` and `levels`; the one that became `program`.
    arithmetic : Arithmetic
    program : Program
    loss : Loss
        One of the program's, of a kind that is `applicable`. Losses may be applied one after the other; all of them
        together make the float network compute what the program computes.
    """
    return _APPLY[loss.kind](network, arithmetic, program, loss.node)


def _weights(network: Network, arithmetic: Arithmetic, program: Program, name: str) -> Changed:
    return _with_weight(network, name, _float_weights(program, _projection(program, name))), arithmetic


def _rows(network: Network, arithmetic: Arithmetic, program: Program, name: str) -> Changed:
    weight = next(s.weight for s in network.synapses if s.name == name)
    alive = np.count_nonzero(_projection(program, name).weights, axis=1) > 0
    return _with_weight(network, name, weight * alive[:, None]), arithmetic


def _floor(network: Network, arithmetic: Arithmetic, program: Program, name: str) -> Changed:
    unit = 64 * _population(program, _projection(program, name).target).membrane_unit
    return network, replace(arithmetic, floors={**arithmetic.floors, name: unit})


def _decay(network: Network, arithmetic: Arithmetic, program: Program, name: str) -> Changed:
    return _with_neurons(network, name, keep=(4096 - _population(program, name).dv) / 4096), arithmetic


def _membrane(network: Network, arithmetic: Arithmetic, program: Program, name: str) -> Changed:
    return network, replace(arithmetic, cuts={**arithmetic.cuts, name: _population(program, name).membrane_unit})


def _threshold(network: Network, arithmetic: Arithmetic, program: Program, name: str) -> Changed:
    p = _population(program, name)
    whole = p.vth + (program.settings["spike_op"][0] == ">=")
    return _with_neurons(network, name, threshold=64 * p.membrane_unit * whole), arithmetic


def _spike_op(network: Network, arithmetic: Arithmetic, program: Program, name: str) -> Changed:
    threshold = next(n.threshold for n in network.neurons if n.name == name)
    lower = threshold - 64 * _population(program, name).membrane_unit
    return (
        _with_neurons(network, name, threshold=lower),
        replace(arithmetic, inclusive=arithmetic.inclusive - {name}),
    )


def _bias(network: Network, arithmetic: Arithmetic, program: Program, name: str) -> Changed:
    p = _population(program, name)
    without = tuple(replace(s, bias=0.0 * s.bias) if s.target == name else s for s in network.synapses)
    return _with_neurons(replace(network, synapses=without), name, drift=p.bias * p.membrane_unit), arithmetic


def _reset(network: Network, arithmetic: Arithmetic, program: Program, name: str) -> Changed:
    return network, replace(arithmetic, reset=str(program.settings["reset"][0]))


def _input(network: Network, arithmetic: Arithmetic, program: Program, name: str) -> Changed:
    port = next(i for i in program.inputs if i.name == name)
    return network, replace(arithmetic, inputs={**arithmetic.inputs, name: port})


_APPLY: dict[str, Callable[[Network, Arithmetic, Program, str], Changed]] = {
    "input": _input,
    "weights": _weights,
    "rows": _rows,
    "floor": _floor,
    "decay": _decay,
    "membrane": _membrane,
    "threshold": _threshold,
    "bias": _bias,
    "spike_op": _spike_op,
    "reset": _reset,
}


def _float_weights(program: Program, p: Projection) -> Floats:
    """Grid weights in thresholds per unit of the source: a threshold is ``1 / unit`` accumulator units."""
    unit = 64 * _population(program, p.target).membrane_unit
    scale = next((i.scale for i in program.inputs if i.name == p.source), 1.0)
    return p.weights.astype(np.float64) * (unit * 2.0**p.weight_exp * scale)


def _with_weight(network: Network, name: str, weight: Floats) -> Network:
    return replace(
        network, synapses=tuple(replace(s, weight=weight) if s.name == name else s for s in network.synapses)
    )


def _with_neurons(network: Network, name: str, **values: Any) -> Network:
    """Give the population `name` other terms, one value for all neurons or one each."""

    def changed(n: Neurons) -> Neurons:
        full = {term: np.broadcast_to(np.asarray(value, np.float64), n.keep.shape) for term, value in values.items()}
        return replace(n, **full)

    return replace(network, neurons=tuple(changed(n) if n.name == name else n for n in network.neurons))


def _projection(program: Program, name: str) -> Projection:
    return next(p for p in program.projections if p.name == name)


def _population(program: Program, name: str) -> Population:
    return next(p for p in program.populations if p.name == name)
