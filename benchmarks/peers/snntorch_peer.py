"""snnTorch: the same integer weights and thresholds in float32, in the forms that `peers.SNNTORCH` describes.

With reset to zero, `reset_delay` decides when a membrane is cleared, before or after it is returned, and not which
spikes there are.
"""

from __future__ import annotations

from functools import partial

import snntorch
import torch
from torch import Tensor, nn

from benchmarks.casefile import Case

from . import torch_peer
from .torch_peer import over_time, per_step


class Network(torch_peer.Network):
    """Synapses and Leaky layers in turn."""

    def __init__(self, case: Case, lean: bool) -> None:
        super().__init__()
        self.synapses = nn.ModuleList(per_step(case))
        self.neurons = nn.ModuleList(
            snntorch.Leaky(
                beta=1 - case.dv / 4096,
                threshold=float(layer.vth),
                reset_mechanism="zero",
                reset_delay=lean,
                surrogate_disable=lean,
            )
            for layer in case.layers
        )

    def forward(self, x: Tensor) -> Tensor:
        """Advance all layers together, step by step."""
        membranes = [neuron.reset_mem() for neuron in self.neurons]
        spikes = []
        for s in x:
            for layer, (weights, neuron) in enumerate(zip(self.synapses, self.neurons, strict=True)):
                s, membranes[layer] = neuron(weights(s), membranes[layer])
            spikes.append(s)
        return torch.stack(spikes)


class MultistepNetwork(Network):
    """One layer after the other, each over all steps."""

    def forward(self, x: Tensor) -> Tensor:
        """Sum the inputs of all steps in one product, then step the neurons."""
        for weights, neuron in zip(self.synapses, self.neurons, strict=True):
            membrane, spikes = neuron.reset_mem(), []
            for current in over_time(weights, x):
                s, membrane = neuron(current, membrane)
                spikes.append(s)
            x = torch.stack(spikes)
        return x


def make(case: Case, form: str) -> Network:
    """Build the network in one of its forms."""
    kind = MultistepNetwork if form == "multistep" else Network
    return kind(case, lean=form != "documented")


prepare, count, describe = partial(torch_peer.prepare, make), partial(torch_peer.count, make), torch_peer.describe
