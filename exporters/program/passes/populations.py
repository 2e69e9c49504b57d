"""Neurons of the float network: what a NIR node with a state, a threshold or a delay becomes."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import nir
import numpy as np

from ...nir.delays import delay_steps
from ...nir.dynamics import STATEFUL, membrane_terms
from ...nir.neurons import current_terms
from ...nir.semantics import Semantics
from .network import Floats, Neurons

POPULATIONS = (*STATEFUL, nir.Threshold, nir.Delay)
"""Nodes that `neurons_of` turns into neurons; a Delay only until the pass `delays` has run."""


def neurons_of(name: str, node: Any, semantics: Semantics) -> Neurons:
    """Neurons of the node `name`, one of `POPULATIONS`.

    A synaptic current is scaled so that the membrane takes it as it is: its gain is the product of both gains. A
    membrane that is reset to v_reset is counted from there, so that it starts at -v_reset.
    """
    if isinstance(node, nir.Delay):
        return replace(_without_memory(name, node.input_type["input"], 1.0), kind="delay", rows=_steps(node, semantics))
    if isinstance(node, nir.Threshold):
        return _without_memory(name, node.input_type["input"], node.threshold)
    keep, gain, drift = membrane_terms(node, semantics)
    shape = as_shape(node.output_type["output"])
    spiking = STATEFUL[type(node)] == "spikes"
    threshold = node.v_threshold if spiking else 1.0
    current, late = 0.0, False
    if hasattr(node, "tau_syn"):
        current, current_gain = current_terms(node, semantics)
        gain, late = gain * current_gain, semantics.current_late
    neurons = Neurons(
        name,
        shape,
        *(_each(term, shape) for term in (keep, gain, drift, threshold)),
        spiking=spiking,
        current=_each(current, shape),
        rows=int(late),
    )
    if spiking and semantics.reset == "subtract":
        return replace(neurons, reset="subtract")
    return _from_reset(neurons, _each(node.v_reset, shape)) if spiking else neurons


def summing_neurons(name: str, node: Any) -> Neurons:
    """Neurons that sum what a linear node in front of an Output gives."""
    shape = as_shape(node.output_type["output"])
    one, zero = _each(1.0, shape), _each(0.0, shape)
    return Neurons(name, shape, one, one, zero, one, spiking=False)


def as_shape(shape: Any) -> tuple[int, ...]:
    """Shape that NIR states as an array."""
    return tuple(int(n) for n in np.atleast_1d(shape))


def _from_reset(neurons: Neurons, reset: Floats) -> Neurons:
    """Membranes counted from their reset: v - reset leaks to where v leaks to."""
    if not reset.any():
        return neurons
    drift = neurons.drift - (1.0 - neurons.keep) * reset
    return replace(neurons, drift=drift, threshold=neurons.threshold - reset, start=-reset)


def _without_memory(name: str, shape: Any, threshold: Any) -> Neurons:
    shape = as_shape(shape)
    one, zero = _each(1.0, shape), _each(0.0, shape)
    return Neurons(name, shape, zero, one, zero, _each(threshold, shape), spiking=True, kind="threshold")


def _steps(node: Any, semantics: Semantics) -> Any:
    steps = delay_steps(node, semantics)
    return np.broadcast_to(steps, as_shape(node.input_type["input"])).reshape(-1)


def _each(term: Any, shape: tuple[int, ...]) -> Floats:
    """One value for every neuron."""
    return np.broadcast_to(np.asarray(term, np.float64), shape).reshape(-1)
