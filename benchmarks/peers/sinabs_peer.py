"""Sinabs: LIFSqueeze between torch's own layers, which see batch and time as one axis.

One spike a step and a reset to zero are asked for; its neuron keeps ``exp(-1 / tau)`` of a membrane and spikes at its
threshold.
"""

from __future__ import annotations

from functools import partial
from math import log

import torch
from sinabs.activation import MembraneReset, SingleSpike
from sinabs.layers import LIFSqueeze
from torch import Tensor, nn

from benchmarks.casefile import Case

from . import torch_peer
from .torch_peer import above, per_step


class Network(torch_peer.Network):
    """Synapses and LIFSqueeze layers in turn."""

    batch_first = True

    def __init__(self, case: Case) -> None:
        super().__init__()
        self.neurons = [
            LIFSqueeze(
                batch_size=1,
                tau_mem=-1 / log(1 - case.dv / 4096),
                spike_threshold=torch.tensor(above(layer.vth)),
                spike_fn=SingleSpike,
                reset_fn=MembraneReset(),
                norm_input=False,
            )
            for layer in case.layers
        ]
        pairs = zip(per_step(case), self.neurons, strict=True)
        self.layers = nn.Sequential(*(module for pair in pairs for module in pair))

    def forward(self, x: Tensor) -> Tensor:
        """Start from zero state, then run every layer over all steps; (T, B, classes)."""
        for neuron in self.neurons:
            neuron.batch_size = x.shape[0]
            neuron.reset_states()
        return self.layers(x.flatten(0, 1)).unflatten(0, x.shape[:2]).transpose(0, 1)


def make(case: Case, form: str) -> Network:
    """Build the network in its one form."""
    return Network(case)


prepare, count, describe = partial(torch_peer.prepare, make), partial(torch_peer.count, make), torch_peer.describe
