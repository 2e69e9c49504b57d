"""Pass 2: gains, drifts and learned thresholds move into weights and biases.

A neuron that resets to zero is homogeneous: scaling its weights, bias and threshold by the same factor leaves its
spikes unchanged. So row i is divided by threshold i, and the whole population shares the threshold 1, which is the one
register that a chip has.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ....models.errors import NumericRangeError, UnsupportedOp
from .network import Network, Neurons, Synapses


def fold(network: Network) -> Network:
    """Return a network in which every population has gain 1, drift in its biases and threshold 1.

    Raises
    ------
    UnsupportedOp
        If the neurons of a population decay differently.
    NumericRangeError
        If thresholds are not positive, naming population and neurons.
    """
    mixed = [f"population {n.name!r}: {n.keep.min():g} to {n.keep.max():g}" for n in network.neurons if np.ptp(n.keep)]
    if mixed:
        raise UnsupportedOp("The neurons of a population share one decay register; train one decay per layer:", mixed)
    bad = [f"population {n.name!r}: {_which(n)}" for n in network.neurons if (n.threshold <= 0).any()]
    if bad:
        raise NumericRangeError("Thresholds must be > 0 to be folded into weight rows:", bad)
    neurons = {n.name: n for n in network.neurons}
    synapses = tuple(_fold(s, neurons[s.target]) for s in network.synapses)
    return replace(network, neurons=tuple(_unit(n) for n in network.neurons), synapses=synapses)


def _fold(synapses: Synapses, target: Neurons) -> Synapses:
    row = target.gain / target.threshold
    return replace(synapses, weight=synapses.weight * row[:, None], bias=synapses.bias * row)


def _unit(neurons: Neurons) -> Neurons:
    one = np.ones_like(neurons.gain)
    return replace(neurons, gain=one, drift=neurons.drift / neurons.threshold, threshold=one)


def _which(neurons: Neurons) -> str:
    bad = np.flatnonzero(neurons.threshold <= 0)
    return f"{len(bad)} neuron(s) with threshold <= 0, first is neuron {bad[0]} with {neurons.threshold[bad[0]]:g}"
