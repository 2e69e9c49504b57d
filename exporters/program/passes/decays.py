"""Decay registers of a population, one for all neurons or one for each."""

from __future__ import annotations

import numpy as np

from ..bounds import longest_memory
from ..population import LEAKLESS, Register
from .network import Floats, Neurons


def current_register(neurons: Neurons) -> Register:
    """Decay of the synaptic current: a step keeps ``(4095 - du) / 4096`` of it."""
    return _register(np.maximum(np.rint(4096 * (1.0 - _each(neurons, neurons.current))) - 1, 0))


def membrane_register(neurons: Neurons) -> Register:
    """Decay of the membrane: a step keeps ``(4096 - dv) / 4096`` of it, of a neuron at least 1/4096."""
    if neurons.kind == "threshold":
        return LEAKLESS
    return _register(np.minimum(np.rint(4096 * (1.0 - _each(neurons, neurons.keep))), 4095))


def kept(register: Register, whole: int) -> Floats:
    """Share of a state that a step keeps; `whole` is 4095 for the current, 4096 for the membrane."""
    return (whole - np.asarray(register, np.float64)) / 4096


def current_memory(du: Register, steps: int | None = None) -> float:
    """Largest factor by which a constant input can grow in a current within `steps` rows, or in any number of them."""
    return longest_memory(float(np.max(kept(du, LEAKLESS - 1))), steps)


def membrane_memory(dv: Register, steps: int | None) -> float:
    """Largest factor by which a constant current can grow in a membrane within `steps` rows.

    Without a leak and with an unknown length it is 1: one row is all that can be promised.
    """
    memory = longest_memory(float(np.max(kept(dv, LEAKLESS))), steps)
    return 1.0 if np.isinf(memory) else memory


def _each(neurons: Neurons, share: Floats | float) -> Floats:
    return np.broadcast_to(np.asarray(share, np.float64), neurons.keep.shape)


def _register(values: Floats) -> Register:
    whole = values.astype(np.int32)
    return int(whole[0]) if np.ptp(whole) == 0 else whole
