"""Networks of Sinabs, written by its to_nir and recorded at once over all time."""

from __future__ import annotations

import sys

import nir
import numpy as np
import sinabs.layers as sl
import torch
from recording import SAMPLES, Folder, inputs, versions
from sinabs.nir import to_nir
from torch import nn

TOLD = {"dialect": "sinabs"}


def scaled(module: nn.Module, factor: float) -> nn.Module:
    """A layer whose weights are large enough that the neurons behind it fire."""
    with torch.no_grad():
        module.weight *= factor
    return module


def write(folder: Folder, name: str, net: nn.Sequential, x: np.ndarray, what: str, infer: bool = True, **told) -> None:
    """Run all time in one batch, record every neuron layer under its NIR name (its number), then export."""
    flat = torch.as_tensor(x.swapaxes(0, 1).reshape(-1, *x.shape[2:]))  # Squeeze layers want (B * T, ...)
    spiking = {key: m for key, m in net.named_children() if isinstance(m, (sl.IAFSqueeze, sl.LIFSqueeze))}
    spikes: dict = {}
    for key, module in spiking.items():
        module.register_forward_hook(lambda m, args, out, key=key: spikes.__setitem__(key, out.detach().numpy().copy()))
    with torch.no_grad():
        net(flat)
    rows = {key: time_first(a, x) for key, a in spikes.items()}
    voltages = {key: m.recordings["v_mem"].numpy().swapaxes(0, 1).copy() for key, m in spiking.items()}
    graph = to_nir(net, flat[: x.shape[0]])
    if infer:
        graph.infer_types()
    nir.write(folder.file(name), graph)
    folder.record(name, x, rows, voltages, TOLD | told, what)


def time_first(array: np.ndarray, x: np.ndarray) -> np.ndarray:
    """(B * T, ...) as (T, B, ...)."""
    return array.reshape(x.shape[1], x.shape[0], *array.shape[1:]).swapaxes(0, 1)


def iaf() -> sl.IAFSqueeze:
    """Neurons that fire as often in a step as the membrane holds the threshold."""
    return sl.IAFSqueeze(batch_size=SAMPLES, spike_threshold=torch.tensor(1.0), min_v_mem=-1.0, record_states=True)


def mlp(folder: Folder, name: str) -> None:
    """Two layers of IAFSqueeze."""
    torch.manual_seed(0)
    net = nn.Sequential(scaled(nn.Linear(12, 20), 3.0), iaf(), scaled(nn.Linear(20, 6), 4.0), iaf())
    write(folder, name, net, inputs(12), "12-20-6 of IAFSqueeze: several spikes a step, reset subtract, floor")


def convolution(folder: Folder, name: str) -> None:
    """Convolution, sum pooling, flatten."""
    torch.manual_seed(0)
    net = nn.Sequential(
        scaled(nn.Conv2d(1, 2, 3, padding=1, bias=False), 2.0),
        iaf(),
        sl.SumPool2d(2),
        nn.Flatten(),
        scaled(nn.Linear(32, 5, bias=False), 3.0),
        iaf(),
    )
    write(folder, name, net, inputs(1, 8, 8), "Conv2d, SumPool2d, Flatten, Linear with IAFSqueeze")


def leaky(norm: bool):
    """Leaky neurons, whose exporter writes scalars and a tau in steps."""

    def build(folder: Folder, name: str) -> None:
        torch.manual_seed(0)
        given = {"tau_mem": 12.0, "spike_threshold": torch.tensor(1.0), "norm_input": norm, "record_states": True}
        lif = sl.LIFSqueeze(batch_size=SAMPLES, **given)
        net = nn.Sequential(scaled(nn.Linear(12, 10), 24.0 if norm else 2.0), lif)
        told = {} if norm else {"unit_gain": True}
        write(folder, name, net, inputs(12), f"12-10 of LIFSqueeze, norm_input={norm}", infer=False, **told)

    return build


def main() -> None:
    """Write everything into the folder named on the command line."""
    folder = Folder(sys.argv[1])
    folder.attempt("mlp_iaf", mlp)
    folder.attempt("cnn_iaf", convolution)
    folder.attempt("mlp_lif_scalar", leaky(True))
    folder.attempt("mlp_lif_scalar_raw", leaky(False))
    folder.close(versions("sinabs", "nir", "nirtorch", "torch"))


main()
