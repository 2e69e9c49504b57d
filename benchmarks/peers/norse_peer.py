"""Norse: LIFBoxCell, its neuron without a synaptic current, step by step or one layer after the other.

Its membrane takes ``dt / tau`` of the input, so that it is our membrane times that factor; the threshold carries it.
"""

from __future__ import annotations

from functools import partial

import norse.torch as norse
import torch
from norse.torch.functional.lif_box import LIFBoxFeedForwardState, LIFBoxParameters
from norse.torch.module.lif_box import LIFBoxCell
from torch import Tensor, nn

from benchmarks.casefile import Case

from . import torch_peer
from .torch_peer import over_time, per_step

DT_S = 0.001


class Network(torch_peer.Network):
    """Synapses and LIFBoxCell layers in turn, step by step."""

    def __init__(self, case: Case) -> None:
        super().__init__()
        share = torch.tensor(case.dv / 4096)
        self.synapses = nn.ModuleList(per_step(case))
        self.neurons = nn.ModuleList(
            LIFBoxCell(LIFBoxParameters(tau_mem_inv=share / DT_S, v_th=share * layer.vth), dt=DT_S)
            for layer in case.layers
        )
        pairs = zip(self.synapses, self.neurons, strict=True)
        self.steps = norse.Lift(norse.SequentialState(*(module for pair in pairs for module in pair)))

    def forward(self, x: Tensor) -> Tensor:
        """Advance all layers together, step by step."""
        rest = LIFBoxFeedForwardState(v=torch.tensor(0.0))
        return self.steps((x, [None, rest] * len(self.neurons)))[0]


class LiftedNetwork(Network):
    """One layer after the other, each over all steps."""

    def forward(self, x: Tensor) -> Tensor:
        """Sum the inputs of all steps in one product, then step the neurons."""
        rest = LIFBoxFeedForwardState(v=torch.tensor(0.0))
        for weights, neuron in zip(self.synapses, self.neurons, strict=True):
            state, spikes = rest, []
            for current in over_time(weights, x):
                s, state = neuron(current, state)
                spikes.append(s)
            x = torch.stack(spikes)
        return x


def make(case: Case, form: str) -> Network:
    """Build the network in one of its forms."""
    return LiftedNetwork(case) if form == "lifted" else Network(case)


prepare, count, describe = partial(torch_peer.prepare, make), partial(torch_peer.count, make), torch_peer.describe
