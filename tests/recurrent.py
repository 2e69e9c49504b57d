"""snnTorch networks with recurrent and synaptic neurons, over the rows of their input."""

from __future__ import annotations

import snntorch as snn
import torch
from torch import nn


class Recurrent(nn.Module):
    """RLeaky, all to all or one to one, then Leaky."""

    def __init__(self, all_to_all: bool = True, **how: object) -> None:
        super().__init__()
        wiring = {"linear_features": 12} if all_to_all else {"all_to_all": False, "V": torch.linspace(-1, 1, 12)}
        self.fc1 = nn.Linear(20, 12)
        self.lif1 = snn.RLeaky(beta=0.8, threshold=0.5, **wiring, **how)
        self.fc2 = nn.Linear(12, 5)
        self.lif2 = snn.Leaky(beta=0.9, threshold=0.3, **how)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        spk1, mem1 = self.lif1.reset_mem()
        mem2 = self.lif2.reset_mem()
        spikes = []
        for t in range(x.size(0)):
            spk1, mem1 = self.lif1(self.fc1(x[t]), spk1, mem1)
            spk2, mem2 = self.lif2(self.fc2(spk1), mem2)
            spikes.append(spk2)
        return torch.stack(spikes)


class RecurrentSynaptic(Recurrent):
    """RSynaptic in the first layer."""

    def __init__(self, **how: object) -> None:
        super().__init__(**how)
        self.lif1 = snn.RSynaptic(alpha=0.6, beta=0.8, threshold=0.5, linear_features=12, **how)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        spk1, syn1, mem1 = self.lif1.reset_mem()
        mem2 = self.lif2.reset_mem()
        spikes = []
        for t in range(x.size(0)):
            spk1, syn1, mem1 = self.lif1(self.fc1(x[t]), spk1, syn1, mem1)
            spk2, mem2 = self.lif2(self.fc2(spk1), mem2)
            spikes.append(spk2)
        return torch.stack(spikes)


class Synaptic(Recurrent):
    """Synaptic in the first layer."""

    def __init__(self, **how: object) -> None:
        super().__init__(**how)
        self.lif1 = snn.Synaptic(alpha=0.6, beta=0.8, threshold=0.5, **how)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        syn1, mem1 = self.lif1.reset_mem()
        mem2 = self.lif2.reset_mem()
        spikes = []
        for t in range(x.size(0)):
            spk1, syn1, mem1 = self.lif1(self.fc1(x[t]), syn1, mem1)
            spk2, mem2 = self.lif2(self.fc2(spk1), mem2)
            spikes.append(spk2)
        return torch.stack(spikes)


class StatesSwapped(Synaptic):
    """Hands the current in as the membrane."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        syn1, mem1 = self.lif1.reset_mem()
        spikes = []
        for t in range(x.size(0)):
            spk1, syn1, mem1 = self.lif1(self.fc1(x[t]), mem1, syn1)
            spikes.append(spk1)
        return torch.stack(spikes)
