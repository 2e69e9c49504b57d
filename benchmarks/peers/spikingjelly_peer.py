"""SpikingJelly: its layers and LIFNode, over all steps of a layer at once or step by step.

Its LIFNode keeps ``1 - 1 / tau`` of a membrane, adds its input as it is (decay_input=False), and spikes at its
threshold.
"""

from __future__ import annotations

from functools import partial

import torch
from spikingjelly.activation_based import functional, layer, neuron
from torch import Tensor, nn

from benchmarks.casefile import Case

from . import torch_peer
from .torch_peer import above, is_flattened, synapses


class Network(torch_peer.Network):
    """Synapses and LIFNode layers in turn, in one step mode."""

    def __init__(self, case: Case, step_mode: str) -> None:
        super().__init__()
        modules: list[nn.Module] = []
        weights = synapses(case, layer.Linear, layer.Conv2d)
        for own, flat, one in zip(weights, is_flattened(case), case.layers, strict=True):
            lif = neuron.LIFNode(tau=4096 / case.dv, decay_input=False, v_threshold=above(one.vth), v_reset=0.0)
            modules += [*([layer.Flatten()] if flat else []), own, lif]
        self.layers = nn.Sequential(*modules)
        functional.set_step_mode(self.layers, step_mode)
        self.step_mode = step_mode
        self.neurons = [module for module in modules if isinstance(module, neuron.LIFNode)]

    def forward(self, x: Tensor) -> Tensor:
        """Start from zero state, then run every layer over all steps, or every step over all layers."""
        functional.reset_net(self.layers)
        return self.layers(x) if self.step_mode == "m" else torch.stack([self.layers(s) for s in x])


def make(case: Case, form: str) -> Network:
    """Build the network in one of its forms."""
    return Network(case, "m" if form == "multistep" else "s")


prepare, count, describe = partial(torch_peer.prepare, make), partial(torch_peer.count, make), torch_peer.describe
