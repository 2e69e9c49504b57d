"""What all peers on torch share: the synapses, the input, the run and the counts. Their neurons are their own.

Input is handed over as float32 tensors made beforehand, and they report the spikes of the last layer alone; both are
in their favour. So is a readout: it takes the spikes of all steps at once, which a sum allows. A form may end in
modifiers, see `peers.FORMAT` and `peers.PRODUCTS`.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from benchmarks.casefile import Case, Layer

from . import FORMAT, PRODUCTS


class Network(nn.Module):
    """A peer's network; (T, B, *shape) float32 to (T, B, classes) spikes.

    Attributes
    ----------
    neurons : list of nn.Module
        Neurons of every layer, whose output, or the first of whose outputs, are spikes.
    batch_first : bool
        Whether its input is (B, T, *shape) instead.
    readout : nn.Module or None
        Takes the spike counts of the last layer.
    """

    neurons: Iterable[nn.Module]
    batch_first = False

    def __init__(self) -> None:
        super().__init__()
        self.readout: nn.Module | None = None

    def outputs(self, x: Tensor) -> Tensor:
        """Run all steps; spike counts of the last layer, or what the readout makes of them, (B, classes)."""
        counts = self(x).sum(0)
        return counts if self.readout is None else self.readout(counts)

    @abstractmethod
    def forward(self, x: Tensor) -> Tensor:
        """Run all steps from zero state."""


def synapses(case: Case, dense: type = nn.Linear, convolution: type = nn.Conv2d) -> list[nn.Module]:
    """Weights of every layer, in a module of the framework's own kind."""
    return [_synapses(layer, dense, convolution) for layer in case.layers]


def is_flattened(case: Case) -> list[bool]:
    """Which layers take the channels, rows and columns of their source flat."""
    volumes = [case.x.ndim == 5, *(layer.kind == "convolution" for layer in case.layers)]
    return [layer.kind == "dense" and volume for layer, volume in zip(case.layers, volumes, strict=False)]


def per_step(case: Case) -> list[nn.Module]:
    """Synapses of every layer, which take (B, *shape)."""
    pairs = zip(synapses(case), is_flattened(case), strict=True)
    return [nn.Sequential(nn.Flatten(), module) if flat else module for module, flat in pairs]


def over_time(module: nn.Module, x: Tensor) -> Tensor:
    """Apply synapses to all steps at once."""
    return module(x.flatten(0, 1)).unflatten(0, x.shape[:2])


def prepare(make: Callable[[Case, str], Network], case: Case, options: dict[str, Any]) -> Callable[[], object]:
    """Build the network and its float32 batches; what is returned runs them and sums the output's spikes."""
    _set(options)
    network = _network(make, case, options["form"])
    inputs = case.batches(options["samples"], options["batch"])
    batches = [_tensor(x, network, options["form"]) for x in inputs]
    no_gradient = torch.no_grad if options["form"].startswith("documented") else torch.inference_mode

    def run() -> None:
        _set(options)
        with no_gradient():
            for x in batches:
                network.outputs(x)

    return run


def count(make: Callable[[Case, str], Network], case: Case, options: dict[str, Any]) -> list[int]:
    """Spikes of every layer over all samples."""
    _set(options)
    network = _network(make, case, options["form"])
    totals = [0] * len(case.layers)

    def add(layer: int, out: Any) -> None:
        totals[layer] += int((out[0] if isinstance(out, tuple) else out).count_nonzero())

    for layer, neuron in enumerate(network.neurons):
        neuron.register_forward_hook(lambda module, x, out, layer=layer: add(layer, out))
    with torch.no_grad():
        for x in case.batches(options["samples"], options["batch"]):
            network(_tensor(x, network, options["form"]))
    return totals


def describe() -> dict[str, str]:
    """What torch computes with."""
    blas = next(
        line.strip(" -") for line in torch.__config__.show().splitlines() if "Math Kernel" in line or "BLAS" in line
    )
    return {"cpu_capability": torch.backends.cpu.get_cpu_capability(), "blas": blas}


def above(threshold: float) -> float:
    """The next float32: for peers that spike at their threshold, while the case's neurons do so above it."""
    at = torch.tensor(threshold, dtype=torch.float32)
    return float(torch.nextafter(at, torch.tensor(torch.inf)))


def _synapses(layer: Layer, dense: type, convolution: type) -> nn.Module:
    post, pre, *window = layer.weights.shape
    if layer.kind == "dense":
        module = dense(pre, post, bias=layer.bias is not None)
    else:
        settings = {"stride": layer.stride, "padding": layer.padding, "bias": layer.bias is not None}
        module = convolution(pre, post, tuple(window), **settings)
    module.weight.data = torch.from_numpy(layer.weights).float()
    if layer.bias is not None:
        module.bias.data = torch.from_numpy(layer.bias).float()
    return module


def _network(make: Callable[[Case, str], Network], case: Case, form: str) -> Network:
    network = make(case, form.split(",")[0])
    if case.readout is not None:
        network.readout = _readout(case.readout, case.x.shape[0])
    network.eval()
    for parameter in network.parameters():
        parameter.requires_grad_(False)
    return network.to(memory_format=torch.channels_last) if FORMAT in form else network


def _readout(layer: Layer, steps: int) -> nn.Module:
    """Synapses that take spike counts."""
    bias = None if layer.bias is None else steps * layer.bias
    return nn.Sequential(nn.Flatten(), _synapses(replace(layer, bias=bias), nn.Linear, nn.Conv2d))


def _tensor(x: NDArray[np.uint8], network: Network, form: str) -> Tensor:
    """Input in float32 and in the layout that the network wants."""
    tensor = torch.from_numpy(np.ascontiguousarray(x.swapaxes(0, 1)) if network.batch_first else x).float()
    if FORMAT not in form:
        return tensor
    flat = tensor.flatten(0, 1).contiguous(memory_format=torch.channels_last)
    return flat.unflatten(0, tensor.shape[:2])


def _set(options: dict[str, Any]) -> None:
    """Threads and products of this run; both belong to the process."""
    torch.set_num_threads(options["threads"])
    precision = "bf16" if PRODUCTS in options["form"] else "ieee"
    torch.backends.mkldnn.matmul.fp32_precision = precision  # type: ignore[attr-defined]
    torch.backends.mkldnn.conv.fp32_precision = precision  # type: ignore[attr-defined]
