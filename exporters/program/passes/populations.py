"""Neurons of the float network: what a NIR node with a state becomes."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...nir.dynamics import STATEFUL, membrane_terms
from ...nir.semantics import Semantics
from .network import Neurons


def neurons_of(name: str, node: Any, semantics: Semantics) -> Neurons:
    """Neurons of the node `name`, which has a state."""
    keep, gain, drift = membrane_terms(node, semantics)
    shape = as_shape(node.output_type["output"])
    size = int(np.prod(shape))
    spiking = STATEFUL[type(node)] == "spikes"
    threshold = node.v_threshold if spiking else 1.0
    terms = (np.broadcast_to(term, shape).reshape(size).astype(np.float64) for term in (keep, gain, drift, threshold))
    return Neurons(name, shape, *terms, spiking=spiking)


def summing_neurons(name: str, node: Any) -> Neurons:
    """Neurons that sum what a linear node in front of an Output gives."""
    size = len(node.weight)
    one, zero = np.ones(size), np.zeros(size)
    return Neurons(name, (size,), one, one, zero, one, spiking=False)


def as_shape(shape: Any) -> tuple[int, ...]:
    """Shape that NIR states as an array."""
    return tuple(int(n) for n in np.atleast_1d(shape))
