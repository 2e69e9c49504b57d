"""Pass: biases that pass a synaptic filter come from a source that sends a spike in every row.

A chip adds its bias to the membrane; a bias of NIR's Affine is part of the input of its neurons, so in front of a
synaptic current it is filtered with the rest of the input and acts only gradually. A leak's drift stays the membrane's.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from .linear import Dense
from .network import CONSTANT, Network, Neurons, Rows, Synapses


def sources(network: Network) -> Network:
    """Move the biases of populations with a synaptic current to synapses from the constant source."""
    moved = [n for n in network.neurons if n.bias.any() and (np.any(n.current) or np.any(n.rows))]
    neurons = tuple(replace(n, bias=np.zeros(1)) if n in moved else n for n in network.neurons)
    return with_constants(replace(network, neurons=neurons), [_bias_of(n) for n in moved])


def with_constants(network: Network, synapses: list[Synapses]) -> Network:
    """Add synapses from the constant source, and the source itself if there is one to add."""
    if not synapses:
        return network
    return replace(
        network,
        inputs=network.inputs | {CONSTANT: (1,)},
        constants=network.constants | {CONSTANT},
        synapses=(*network.synapses, *synapses),
    )


def one_if_equal(delay: NDArray[np.int64]) -> Rows:
    """One number in place of an array of equal delays."""
    return delay.astype(np.int64) if np.ptp(delay) else int(delay.reshape(-1)[0])


def _bias_of(neurons: Neurons) -> Synapses:
    bias = np.broadcast_to(neurons.bias, neurons.keep.shape)
    return Synapses(f"{neurons.name} (bias)", CONSTANT, neurons.name, Dense(bias[:, None]), neurons.rows)
