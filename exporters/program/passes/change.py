"""One listed loss applied to the float network, with the value that the finished program holds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from ..losses import Loss
from ..population import Unit
from ..program import STATE_LIMIT, Population, Program, Projection
from .circuits import static
from .decays import kept
from .division import Division
from .execute import Arithmetic
from .network import Floats, Network, Neurons, Synapses
from .registers import lowered_by

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
    """Grid weights in thresholds per unit of the source."""
    p, s = _projection(program, name), _synapses(network, name)
    unit = p.unit[s.weight.row] if isinstance(p.unit, np.ndarray) else p.unit
    scale = next((i.scale for i in program.inputs if i.name == s.source), 1.0)
    return _with_weight(network, s, p.weights.astype(np.float64) * (unit * scale)), arithmetic


def _rows(network: Network, arithmetic: Arithmetic, program: Program, name: str) -> Changed:
    s = _synapses(network, name)
    alive = s.weight.with_values(_projection(program, name).weights).live_rows
    return _with_weight(network, s, s.weight.values * alive[s.weight.row]), arithmetic


def _floor(network: Network, arithmetic: Arithmetic, program: Program, name: str) -> Changed:
    return network, replace(arithmetic, floors={**arithmetic.floors, name: _accumulator(_projection(program, name))})


def _decay(network: Network, arithmetic: Arithmetic, program: Program, name: str) -> Changed:
    return _with_neurons(network, name, keep=kept(_population(program, name).dv, 4096)), arithmetic


def _current_decay(network: Network, arithmetic: Arithmetic, program: Program, name: str) -> Changed:
    return _with_neurons(network, name, current=kept(_population(program, name).du, 4095)), arithmetic


def _current(network: Network, arithmetic: Arithmetic, program: Program, name: str) -> Changed:
    unit = _population(program, name).membrane_unit
    return network, replace(arithmetic, current_cuts={**arithmetic.current_cuts, name: unit})


def _start(network: Network, arithmetic: Arithmetic, program: Program, name: str) -> Changed:
    return _with_neurons(network, name, start=0.0), arithmetic


def _range(network: Network, arithmetic: Arithmetic, program: Program, name: str) -> Changed:
    limit = STATE_LIMIT * _population(program, name).membrane_unit
    return network, replace(arithmetic, limits={**arithmetic.limits, name: limit})


def _membrane(network: Network, arithmetic: Arithmetic, program: Program, name: str) -> Changed:
    return network, replace(arithmetic, cuts={**arithmetic.cuts, name: _population(program, name).membrane_unit})


def _threshold(network: Network, arithmetic: Arithmetic, program: Program, name: str) -> Changed:
    p = _population(program, name)
    whole = p.vth + lowered_by(_neurons(network, name), str(program.settings["spike_op"][0]))
    return _with_neurons(network, name, threshold=64 * p.membrane_unit * whole), arithmetic


def _spike_op(network: Network, arithmetic: Arithmetic, program: Program, name: str) -> Changed:
    neurons = _neurons(network, name)
    lower = neurons.threshold - 64 * _population(program, name).membrane_unit * lowered_by(neurons, ">=")
    return (
        _with_neurons(network, name, threshold=lower),
        replace(arithmetic, inclusive=arithmetic.inclusive - {name}),
    )


def _bias(network: Network, arithmetic: Arithmetic, program: Program, name: str) -> Changed:
    p = _population(program, name)
    return _with_neurons(network, name, bias=0.0, drift=p.bias * p.membrane_unit), arithmetic


def _reset(network: Network, arithmetic: Arithmetic, program: Program, name: str) -> Changed:
    return network, replace(arithmetic, reset=str(program.settings["reset"][0]))


def _gain(network: Network, arithmetic: Arithmetic, program: Program, name: str) -> Changed:
    return static(network, name), arithmetic


def _reciprocal(network: Network, arithmetic: Arithmetic, program: Program, name: str) -> Changed:
    bits, unit = _population(program, name).reciprocal_bits, _divisor_unit(program, name)
    return network, _dividing(arithmetic, name, bits=bits, unit=unit)


def _guard(network: Network, arithmetic: Arithmetic, program: Program, name: str) -> Changed:
    smallest = _population(program, name).divisor_min * _divisor_unit(program, name)
    return network, _dividing(arithmetic, name, smallest=smallest)


def _quotient(network: Network, arithmetic: Arithmetic, program: Program, name: str) -> Changed:
    step = np.asarray(64 * _population(program, name).membrane_unit)
    return network, _dividing(arithmetic, name, step=step)


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
    "range": _range,
    "current_decay": _current_decay,
    "current": _current,
    "threshold": _threshold,
    "bias": _bias,
    "spike_op": _spike_op,
    "start": _start,
    "reset": _reset,
    "gain": _gain,
    "reciprocal": _reciprocal,
    "guard": _guard,
    "quotient": _quotient,
}


def _dividing(arithmetic: Arithmetic, name: str, **changes: Any) -> Arithmetic:
    division = replace(arithmetic.divisions.get(name, Division()), **changes)
    return replace(arithmetic, divisions={**arithmetic.divisions, name: division})


def _divisor_unit(program: Program, name: str) -> Floats:
    """Float divisor of the integer divisor 1 in every neuron."""
    p = next(p for p in program.projections if p.target == name and p.port == "divisor")
    return np.broadcast_to(_accumulator(p), (_population(program, name).size,))


def _accumulator(p: Projection) -> Unit:
    """Float value of one unit of what `p` adds to its target's sum."""
    return p.unit / 2.0**p.weight_exp


def _with_weight(network: Network, changed: Synapses, values: Floats) -> Network:
    new = replace(changed, weight=changed.weight.with_values(values))
    return replace(network, synapses=tuple(new if s is changed else s for s in network.synapses))


def _with_neurons(network: Network, name: str, **values: Any) -> Network:
    """Give the population `name` other terms, one value for all neurons or one each."""

    def changed(n: Neurons) -> Neurons:
        full = {term: np.broadcast_to(np.asarray(value, np.float64), n.keep.shape) for term, value in values.items()}
        return replace(n, **full)

    return replace(network, neurons=tuple(changed(n) if n.name == name else n for n in network.neurons))


def _neurons(network: Network, name: str) -> Neurons:
    return next(n for n in network.neurons if n.name == name)


def _synapses(network: Network, name: str) -> Synapses:
    return next(s for s in network.synapses if s.name == name)


def _projection(program: Program, name: str) -> Projection:
    return next(p for p in program.projections if p.name == name)


def _population(program: Program, name: str) -> Population:
    return next(p for p in program.populations if p.name == name)
