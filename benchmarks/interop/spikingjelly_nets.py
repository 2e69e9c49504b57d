"""Networks of SpikingJelly, written by its export_to_nir and recorded step by step."""

from __future__ import annotations

import sys

import numpy as np
import torch
from recording import Folder, inputs, versions
from spikingjelly.activation_based import functional, layer, neuron
from spikingjelly.activation_based.nir_exchange import export_to_nir
from torch import nn

TOLD = {"dt_s": 1e-4, "integration": "euler", "spike_op": ">=", "reset": "zero"}


def scaled(module: nn.Module, factor: float) -> nn.Module:
    """A layer whose weights are large enough that the neurons behind it fire."""
    with torch.no_grad():
        module.weight *= factor
    return module


def write(folder: Folder, name: str, net: nn.Sequential, x: np.ndarray, what: str) -> None:
    """Export, then run row by row and record every neuron layer under its NIR name."""
    export_to_nir(net, torch.as_tensor(x[0]), save_path=folder.file(name))
    functional.reset_net(net)
    layers = {key: m for key, m in net.named_children() if isinstance(m, neuron.BaseNode)}
    spikes: dict = {key: [] for key in layers}
    voltages: dict = {key: [] for key in layers}
    hooks = [
        m.register_forward_hook(lambda module, args, out, key=key: spikes[key].append(out.detach().numpy().copy()))
        for key, m in layers.items()
    ]
    with torch.no_grad():
        for row in torch.as_tensor(x):
            net(row)
            for key, module in layers.items():
                voltages[key].append(module.v.numpy().copy())
    for hook in hooks:
        hook.remove()
    folder.record(
        name,
        x,
        {key: np.stack(rows) for key, rows in spikes.items()},
        {key: np.stack(rows) for key, rows in voltages.items()},
        TOLD,
        what,
    )


def net(**layers: nn.Module) -> nn.Sequential:
    """Layers in a row under names of their own."""
    from collections import OrderedDict

    return nn.Sequential(OrderedDict(layers))


def mlp(make, gain: float, what: str):
    """Two layers of one kind of neuron."""

    def build(folder: Folder, name: str) -> None:
        torch.manual_seed(0)
        layers = net(
            fc1=scaled(layer.Linear(12, 20), gain),
            sn1=make(),
            fc2=scaled(layer.Linear(20, 6), gain),
            sn2=make(),
        )
        write(folder, name, layers, inputs(12), what)

    return build


def convolution(folder: Folder, name: str) -> None:
    """Convolution, pooling, flatten."""
    torch.manual_seed(0)
    layers = net(
        conv=scaled(layer.Conv2d(1, 2, 3, padding=1), 3.0),
        sn1=neuron.LIFNode(tau=2.0, decay_input=False),
        pool=layer.AvgPool2d(2),
        flat=layer.Flatten(),
        fc=scaled(layer.Linear(32, 5), 3.0),
        sn2=neuron.IFNode(),
    )
    write(folder, name, layers, inputs(1, 8, 8), "Conv2d, AvgPool2d, Flatten, Linear with LIFNode and IFNode")


class Recurrent(nn.Module):
    """A layer that hears its own spikes of the step before."""

    def __init__(self) -> None:
        super().__init__()
        self.rec = layer.LinearRecurrentContainer(neuron.LIFNode(tau=2.0), 10, 10)

    def forward(self, x):
        """One step."""
        return self.rec(x)


def recurrent(folder: Folder, name: str) -> None:
    """What its export makes of a recurrent container."""
    torch.manual_seed(0)
    write(folder, name, nn.Sequential(Recurrent()), inputs(10), "LinearRecurrentContainer")


def soft(folder: Folder, name: str) -> None:
    """A subtractive reset, which its export refuses."""
    torch.manual_seed(0)
    write(folder, name, net(fc1=layer.Linear(12, 8), sn1=neuron.LIFNode(v_reset=None)), inputs(12), "soft reset")


def main() -> None:
    """Write everything into the folder named on the command line."""
    folder = Folder(sys.argv[1])
    folder.attempt("mlp_if", mlp(neuron.IFNode, 2.0, "12-20-6 of IFNode"))
    folder.attempt("mlp_lif", mlp(lambda: neuron.LIFNode(tau=3.0), 6.0, "12-20-6 of LIFNode, input decays"))
    plif = lambda: neuron.ParametricLIFNode(init_tau=2.5, decay_input=False)  # noqa: E731
    folder.attempt("mlp_plif", mlp(plif, 2.5, "12-20-6 of ParametricLIFNode"))
    folder.attempt("mlp_cuba", mlp(lambda: neuron.CUBALIFNode(0.6, 0.8), 2.0, "12-20-6 of CUBALIFNode"))
    folder.attempt("cnn_lif_if", convolution)
    folder.attempt("rnn_lif", recurrent)
    folder.attempt("mlp_lif_soft", soft)
    folder.close(versions("spikingjelly", "nir", "nirtorch", "torch"))


main()
