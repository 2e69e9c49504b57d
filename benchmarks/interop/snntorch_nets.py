"""Networks of snnTorch, written by its export_to_nir and recorded step by step."""

from __future__ import annotations

import sys

import nir
import numpy as np
import snntorch as snn
import torch
from recording import Folder, inputs, versions
from snntorch.export_nir import export_to_nir
from torch import nn

DT_S = 1e-4
TOLD = {"dt_s": DT_S, "integration": "euler", "spike_op": ">"}
RESETS = {
    ("zero", False): "zero",
    ("zero", True): "zero",
    ("subtract", False): "subtract_once",
    ("subtract", True): "subtract_late",
}
"""What run_graph calls a reset_mechanism with and without reset_delay."""


class Net(nn.Module):
    """Layers in a row, each neuron layer threading its own state."""

    def __init__(self, **layers: nn.Module) -> None:
        super().__init__()
        for name, layer in layers.items():
            self.add_module(name, layer)

    def forward(self, x):
        """One step, with which the exporter traces the layers."""
        for layer in self.children():
            x = layer(x)
            x = x[0] if isinstance(x, tuple) else x
        return x


def leaky(*shape: int, seed: int, reset: str = "zero", delay: bool = False, kind=snn.Leaky, **more):
    """Neurons with betas that differ; vectors, as nir 1.0.8 takes no scalars of snnTorch."""
    draw = torch.Generator().manual_seed(seed)
    beta = 0.7 + 0.25 * torch.rand(shape, generator=draw)
    threshold = torch.full(shape, 1.0)
    return kind(beta=beta, threshold=threshold, reset_mechanism=reset, reset_delay=delay, init_hidden=False, **more)


def scaled(layer: nn.Module, factor: float) -> nn.Module:
    """A layer whose weights are large enough that the neurons behind it fire."""
    with torch.no_grad():
        layer.weight *= factor
    return layer


def write(folder: Folder, name: str, net: Net, x, what: str, **told) -> None:
    """Step the network by hand, record every neuron layer, then export it."""
    kinds = (snn.Leaky, snn.Synaptic, snn.RLeaky)
    spikes: dict = {k: [] for k, m in net.named_children() if isinstance(m, kinds)}
    voltages: dict = {k: [] for k in spikes}
    states: dict = {}
    with torch.no_grad():
        for row in torch.as_tensor(x):
            value = row
            for key, layer in net.named_children():
                if key not in spikes:
                    value = layer(value)
                    continue
                state = states.get(key) or start(layer, value)
                out = layer(value, *state)
                value, state = out[0], out if isinstance(layer, snn.RLeaky) else out[1:]
                states[key] = state
                spikes[key].append(value.numpy())
                voltages[key].append(state[-1].numpy())
        graph = export_to_nir(net.eval(), torch.as_tensor(x[0]), model_name=name, ignore_dims=[0])
    nir.write(folder.file(name), graph)
    names = {k: f"{k}.lif" if isinstance(getattr(net, k), snn.RLeaky) else k for k in spikes}
    folder.record(
        name,
        x,
        {names[k]: np.stack(rows) for k, rows in spikes.items()},
        {names[k]: np.stack(rows) for k, rows in voltages.items()},
        TOLD | told,
        what,
    )


def start(layer: nn.Module, value: torch.Tensor) -> list:
    """States at zero, of the shape that arrives."""
    zero = torch.zeros_like(value)
    return [zero.clone() for _ in range(1 if type(layer) is snn.Leaky else 2)]


def mlp(reset: str, delay: bool):
    """Two layers of Leaky."""

    def build(folder: Folder, name: str) -> None:
        torch.manual_seed(0)
        net = Net(
            fc1=scaled(nn.Linear(12, 20), 2.5),
            lif1=leaky(20, seed=1, reset=reset, delay=delay),
            fc2=scaled(nn.Linear(20, 6), 3.0),
            lif2=leaky(6, seed=2, reset=reset, delay=delay),
        )
        late = ", one step late (the default of snnTorch)" if delay else ""
        write(folder, name, net, inputs(12), f"12-20-6 of Leaky, reset {reset}{late}", reset=RESETS[reset, delay])

    return build


def uniform(folder: Folder, name: str) -> None:
    """One beta for a whole layer, which some readers insist on."""
    torch.manual_seed(0)
    cells = [
        snn.Leaky(torch.full((n,), 0.8), threshold=torch.ones(n), reset_mechanism="zero", reset_delay=False)
        for n in (20, 6)
    ]
    layers = {"fc1": nn.Linear(12, 20), "lif1": cells[0], "fc2": nn.Linear(20, 6), "lif2": cells[1]}
    scaled(layers["fc1"], 2.5), scaled(layers["fc2"], 3.0)
    write(folder, name, Net(**layers), inputs(12), "12-20-6 of Leaky, one beta a layer, reset zero", reset="zero")


def synaptic(folder: Folder, name: str) -> None:
    """Neurons with a synaptic current."""
    torch.manual_seed(0)
    alpha = 0.5 + 0.3 * torch.rand(18)
    layer = leaky(18, seed=3, kind=snn.Synaptic, alpha=alpha)
    net = Net(fc1=scaled(nn.Linear(12, 18), 1.5), lif1=layer)
    write(folder, name, net, inputs(12), "12-18 of Synaptic, reset zero", reset="zero")


def convolution(folder: Folder, name: str) -> None:
    """Convolution, pooling, flatten."""
    torch.manual_seed(0)
    net = Net(
        conv=scaled(nn.Conv2d(1, 2, 3, padding=1, stride=1), 4.0),
        lif1=leaky(2, 8, 8, seed=1),
        pool=nn.AvgPool2d(2),
        flat=nn.Flatten(),
        fc=scaled(nn.Linear(32, 5), 6.0),
        lif2=leaky(5, seed=2),
    )
    write(folder, name, net, inputs(1, 8, 8), "Conv2d, AvgPool2d, Flatten, Linear with Leaky, reset zero", reset="zero")


def recurrent(folder: Folder, name: str) -> None:
    """All-to-all recurrence with a bias."""
    torch.manual_seed(0)
    layer = leaky(16, seed=1, kind=snn.RLeaky, all_to_all=True, linear_features=16)
    net = Net(fc1=scaled(nn.Linear(12, 16), 2.0), rec=layer)
    write(folder, name, net, inputs(12), "12-16 of RLeaky, all to all, reset zero", reset="zero")


def main() -> None:
    """Write everything into the folder named on the command line."""
    folder = Folder(sys.argv[1])
    for reset in ("zero", "subtract"):
        folder.attempt(f"mlp_leaky_{reset}", mlp(reset, False))
        folder.attempt(f"mlp_leaky_{reset}_delayed", mlp(reset, True))
    folder.attempt("mlp_leaky_zero_uniform", uniform)
    folder.attempt("mlp_synaptic_zero", synaptic)
    folder.attempt("cnn_leaky_zero", convolution)
    folder.attempt("rnn_rleaky_zero", recurrent)
    folder.close(versions("snntorch", "nir", "nirtorch", "torch"))


main()
