"""snnTorch: the same integer weights and thresholds in float32, in the forms that `peers.SNNTORCH` describes.

Its input is handed over as float32 tensors made beforehand, and it reports the spikes of the last layer alone; both
are in its favour. With reset to zero, `reset_delay` decides when a membrane is cleared, before or after it is returned,
and not which spikes there are.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import snntorch
import torch
from torch import Tensor, nn

from benchmarks.casefile import Case


class Network(nn.Module):
    """Linear and Leaky layers in turn, without biases; (T, B, channels) float32 to (T, B, classes) spikes."""

    def __init__(self, case: Case, lean: bool) -> None:
        super().__init__()
        self.linears, self.neurons = nn.ModuleList(), nn.ModuleList()
        for w, vth in zip(case.weights, case.vth, strict=True):
            linear = nn.Linear(w.shape[1], w.shape[0], bias=False)
            linear.weight.data = torch.from_numpy(w).float()
            self.linears.append(linear)
            self.neurons.append(
                snntorch.Leaky(
                    beta=1 - case.dv / 4096,
                    threshold=float(vth),
                    reset_mechanism="zero",
                    reset_delay=lean,
                    surrogate_disable=lean,
                )
            )

    def forward(self, x: Tensor) -> Tensor:
        """Advance all layers together, step by step."""
        membranes = [neuron.reset_mem() for neuron in self.neurons]
        spikes = []
        for s in x:
            for layer, (linear, neuron) in enumerate(zip(self.linears, self.neurons, strict=True)):
                s, membranes[layer] = neuron(linear(s), membranes[layer])
            spikes.append(s)
        return torch.stack(spikes)


class MultistepNetwork(Network):
    """One layer after the other, each over all steps."""

    def forward(self, x: Tensor) -> Tensor:
        """Sum the inputs of all steps in one product, then step the neurons."""
        for linear, neuron in zip(self.linears, self.neurons, strict=True):
            membrane, spikes = neuron.reset_mem(), []
            for current in linear(x):
                s, membrane = neuron(current, membrane)
                spikes.append(s)
            x = torch.stack(spikes)
        return x


def prepare(case: Case, options: dict[str, Any]) -> Callable[[], object]:
    """Build the network and its float32 batches; what is returned runs them and sums the output's spikes."""
    torch.set_num_threads(options["threads"])
    network = _network(case, options["form"])
    batches = [torch.from_numpy(x).float() for x in case.batches(options["samples"], options["batch"])]
    no_gradient = torch.no_grad if options["form"] == "documented" else torch.inference_mode

    def run() -> None:
        torch.set_num_threads(options["threads"])
        with no_gradient():
            for x in batches:
                network(x).sum(0)

    return run


def count(case: Case, options: dict[str, Any]) -> list[int]:
    """Spikes of every layer over all samples."""
    network = _network(case, options["form"])
    totals = [0] * len(case.weights)

    def add(layer: int, spikes: Tensor) -> None:
        totals[layer] += int(spikes.sum())

    for layer, neuron in enumerate(network.neurons):
        neuron.register_forward_hook(lambda module, x, out, layer=layer: add(layer, out[0]))
    with torch.no_grad():
        for x in case.batches(options["samples"], options["batch"]):
            network(torch.from_numpy(x).float())
    return totals


def describe() -> dict[str, str]:
    """What torch computes with."""
    blas = next(
        line.strip(" -") for line in torch.__config__.show().splitlines() if "Math Kernel" in line or "BLAS" in line
    )
    return {"cpu_capability": torch.backends.cpu.get_cpu_capability(), "blas": blas}


def _network(case: Case, form: str) -> Network:
    kind = MultistepNetwork if form == "multistep" else Network
    return kind(case, lean=form != "documented").eval()
