"""Networks of Rockpool, written by its to_nir and recorded over all time."""

from __future__ import annotations

import sys

import nir
import numpy as np
import torch
from recording import Folder, inputs, versions
from rockpool.nn.combinators import Sequential
from rockpool.nn.modules.torch import LIFTorch, LinearTorch
from rockpool.nn.modules.torch.nir import to_nir

DT_S = 1e-3
TOLD = {"dialect": "rockpool", "dt_s": DT_S}


def lif(n: int, **more) -> LIFTorch:
    """Neurons with a synaptic current; both decays are exponential, the reset subtracts."""
    draw = torch.Generator().manual_seed(n)
    tau = 0.008 + 0.012 * torch.rand(n, generator=draw)
    given = {"tau_mem": tau, "tau_syn": 0.004 + 0.0 * tau.reshape(n, 1), "threshold": torch.ones(n), "dt": DT_S}
    return LIFTorch(n, bias=torch.zeros(n), **given, **more)


def linear(n: int, m: int, seed: int, factor: float) -> LinearTorch:
    """A layer whose weights are large enough that the neurons behind it fire."""
    draw = torch.Generator().manual_seed(seed)
    return LinearTorch((n, m), weight=factor * torch.randn(n, m, generator=draw), has_bias=False)


def write(folder: Folder, name: str, net: Sequential, x: np.ndarray, what: str) -> None:
    """Record every neuron layer under its NIR name."""
    with torch.no_grad():
        _, _, recorded = net(torch.as_tensor(x.swapaxes(0, 1)), record=True)
    layers = {key: m for key, m in net.modules().items() if isinstance(m, LIFTorch)}
    rows = {key: recorded[key]["spikes"].detach().numpy().swapaxes(0, 1).copy() for key in layers}
    voltages = {key: recorded[key]["vmem"].detach().numpy().swapaxes(0, 1).copy() for key in layers}
    graph = to_nir(net, torch.as_tensor(x[:1, 0]))
    nir.write(folder.file(name), graph)
    folder.record(name, x, rows, voltages, TOLD, what)


def mlp(folder: Folder, name: str) -> None:
    """Two layers."""
    net = Sequential(linear(12, 20, 0, 0.12), lif(20), linear(20, 6, 1, 0.1), lif(6))
    write(
        folder, name, net, inputs(12), "12-20-6 of LIFTorch: exponential decay, reset subtract, several spikes a step"
    )


def recurrent(folder: Folder, name: str) -> None:
    """Recurrent weights."""
    draw = torch.Generator().manual_seed(2)
    layer = lif(10, has_rec=True, w_rec=0.1 * torch.randn(10, 10, generator=draw))
    write(folder, name, Sequential(linear(12, 10, 0, 0.12), layer), inputs(12), "12-10 of recurrent LIFTorch")


def main() -> None:
    """Write everything into the folder named on the command line."""
    folder = Folder(sys.argv[1])
    folder.attempt("mlp_lif", mlp)
    folder.attempt("rnn_lif", recurrent)
    folder.close(versions("rockpool", "nir", "nirtorch", "torch"))


main()
