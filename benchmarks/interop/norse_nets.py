"""Networks of Norse, written by its to_nir and recorded step by step.

Its exporter writes ``tau = dt / tau_inv`` with dt = 1e-3 s: 1e-5 for a time constant of 10 ms.
"""

from __future__ import annotations

import sys

import nir
import norse.torch as norse
import numpy as np
import torch
from norse.torch.functional.iaf import IAFParameters
from norse.torch.functional.lif import LIFParameters
from norse.torch.functional.lif_box import LIFBoxParameters
from norse.torch.module.iaf import IAFCell
from norse.torch.module.lif_box import LIFBoxCell
from recording import Folder, inputs, versions
from torch import nn

TOLD = {"dialect": "norse"}


def scaled(module: nn.Module, factor: float) -> nn.Module:
    """A layer whose weights are large enough that the neurons behind it fire."""
    with torch.no_grad():
        module.weight *= factor
    return module


def write(folder: Folder, name: str, layers: list, x: np.ndarray, what: str, **told) -> None:
    """Step the layers by hand, record every neuron layer under its NIR name (its number), then export."""
    spiking = {str(n): m for n, m in enumerate(layers) if hasattr(m, "initial_state")}
    spikes: dict = {key: [] for key in spiking}
    voltages: dict = {key: [] for key in spiking}
    states: dict = {}
    with torch.no_grad():
        for row in torch.as_tensor(x):
            value = row
            for number, layer in enumerate(layers):
                key = str(number)
                if key not in spiking:
                    value = layer(value)
                    continue
                value, states[key] = layer(value, states.get(key))
                spikes[key].append(value.numpy().copy())
                voltages[key].append(states[key].v.numpy().copy())
    graph = norse.to_nir(norse.SequentialState(*layers), torch.as_tensor(x[0, 0]))
    nir.write(folder.file(name), graph)
    folder.record(
        name,
        x,
        {key: np.stack(rows) for key, rows in spikes.items()},
        {key: np.stack(rows) for key, rows in voltages.items()},
        TOLD | told,
        what,
    )


def full(n: int, value: float) -> torch.Tensor:
    """One parameter for every neuron; nir 1.0.8 takes no scalars of Norse."""
    return torch.full((n,), value)


def lif_box(n: int) -> LIFBoxCell:
    """Leaky neurons without a synaptic current."""
    rate = torch.linspace(80.0, 200.0, n)
    return LIFBoxCell(LIFBoxParameters(rate, full(n, 0.0), full(n, 1.0), full(n, 0.0)))


def box(folder: Folder, name: str) -> None:
    """Two layers of LIFBoxCell."""
    torch.manual_seed(0)
    layers = [scaled(nn.Linear(12, 20), 16.0), lif_box(20), scaled(nn.Linear(20, 6), 20.0), lif_box(6)]
    write(folder, name, layers, inputs(12), "12-20-6 of LIFBoxCell")


def iaf(folder: Folder, name: str) -> None:
    """Two layers of IAFCell."""
    torch.manual_seed(0)
    cells = [IAFCell(IAFParameters(full(n, 1.0), full(n, 0.0))) for n in (20, 6)]
    layers = [scaled(nn.Linear(12, 20), 2.0), cells[0], scaled(nn.Linear(20, 6), 2.0), cells[1]]
    write(folder, name, layers, inputs(12), "12-20-6 of IAFCell, r = 1 meaning one step")


def cuba(folder: Folder, name: str) -> None:
    """Two layers of LIFCell, which have a synaptic current."""
    torch.manual_seed(0)
    cells = [
        norse.LIFCell(LIFParameters(full(n, 300.0), full(n, 150.0), full(n, 0.0), full(n, 1.0), full(n, 0.0)))
        for n in (20, 6)
    ]
    layers = [scaled(nn.Linear(12, 20), 6.0), cells[0], scaled(nn.Linear(20, 6), 8.0), cells[1]]
    write(folder, name, layers, inputs(12), "12-20-6 of LIFCell", current_late=False)


def scalars(folder: Folder, name: str) -> None:
    """The cell with its default parameters, one for all neurons."""
    torch.manual_seed(0)
    write(folder, name, [scaled(nn.Linear(12, 8), 16.0), LIFBoxCell()], inputs(12), "LIFBoxCell with scalars")


def recurrent(folder: Folder, name: str) -> None:
    """A recurrent cell."""
    torch.manual_seed(0)
    write(folder, name, [norse.LIFRecurrentCell(12, 8)], inputs(12), "LIFRecurrentCell")


def main() -> None:
    """Write everything into the folder named on the command line."""
    folder = Folder(sys.argv[1])
    folder.attempt("mlp_lifbox", box)
    folder.attempt("mlp_iaf", iaf)
    folder.attempt("mlp_lif", cuba)
    folder.attempt("mlp_lifbox_scalar", scalars)
    folder.attempt("rnn_lif", recurrent)
    folder.close(versions("norse", "nir", "nirtorch", "torch"))


main()
