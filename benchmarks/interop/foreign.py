"""Another framework reads a file: ``python foreign.py READER FILE.nir FILE.npz`` in its own environment.

Prints one JSON object: whether it loads, and how many spikes of the last neuron layer differ from the recording.
Imports nothing of ours.
"""

from __future__ import annotations

import contextlib
import io
import json
import sys

import nir
import numpy as np
import torch
from torch import nn

DT_S = 1e-4


class Neuron(nn.Module):
    """A textbook Euler step for nirtorch, which has no neurons of its own: dt 1e-4 s, spike above, reset to v_reset."""

    def __init__(self, node: nir.NIRNode) -> None:
        super().__init__()
        self.node = node

    def forward(self, x, state=None):
        """One step: (B, *shape) and (v, i) to spikes and state."""
        node = self.node
        v, i = state if state is not None else (torch.zeros_like(x), torch.zeros_like(x))
        if isinstance(node, nir.CubaLIF):
            i = i + DT_S / tensor(node.tau_syn) * (tensor(node.w_in) * x - i)
            x = i
        if isinstance(node, nir.IF):
            v = v + DT_S * tensor(node.r) * x
        else:
            tau = tensor(node.tau_mem if isinstance(node, nir.CubaLIF) else node.tau)
            v = v + DT_S / tau * (tensor(node.v_leak) - v + tensor(node.r) * x)
        spikes = (v > tensor(node.v_threshold)).to(x.dtype)
        return spikes, (torch.where(spikes > 0, tensor(node.v_reset).expand_as(v), v), i)


def tensor(value) -> torch.Tensor:
    """A parameter as float32."""
    return torch.as_tensor(np.asarray(value), dtype=torch.float32)


def load(reader: str, path: str) -> nn.Module:
    """The network as `reader` makes it."""
    if reader == "snntorch":
        from snntorch.import_nir import import_from_nir

        return import_from_nir(nir.read(path))
    if reader == "spikingjelly":
        from spikingjelly.activation_based.nir_exchange import import_from_nir

        return import_from_nir(path)
    import nirtorch

    nodes = dict.fromkeys((nir.LIF, nir.IF, nir.CubaLIF), Neuron)
    if reader == "nirtorch_affine":
        nodes[nir.Affine] = affine
    return nirtorch.nir_to_torch(nir.read(path), nodes)


def affine(node: nir.Affine) -> nn.Linear:
    """An Affine with its bias, which nirtorch 2.6 forgets."""
    layer = nn.Linear(*reversed(node.weight.shape))
    with torch.no_grad():
        layer.weight.copy_(tensor(node.weight))
        layer.bias.copy_(tensor(node.bias))
    return layer


def run(net: nn.Module, x: np.ndarray) -> np.ndarray:
    """Outputs of all steps (T, B, *shape)."""
    rows, state = [], None
    with torch.no_grad():
        for row in torch.as_tensor(x, dtype=torch.float32):
            value, state = net(row) if state is None else net(row, state)
            rows.append(value.numpy().copy())
    return np.stack(rows)


def judge(reader: str, path: str, recording: str) -> dict:
    """What becomes of one file."""
    torch.manual_seed(1234)  # not the generators' seed: nirtorch leaves the bias of an Affine as torch draws it
    try:
        net = load(reader, path)
    except Exception as error:  # a failed import is a result
        return {"loads": False, "error": told(error)}
    held = np.load(recording)
    last = held[held["last"].item()]
    try:
        got = run(net, held["x"])
    except Exception as error:
        return {"loads": True, "runs": False, "error": told(error)}
    if got.shape != last.shape:
        return {"loads": True, "runs": False, "error": f"gives {got.shape}, recorded is {last.shape}"}
    return {"loads": True, "runs": True, "differ": int((got != last).sum()), "of": int(last.sum())}


def told(error: Exception) -> str:
    """An error in one short line."""
    lines = str(error).strip().splitlines() or [""]
    return f"{type(error).__name__}: {lines[0]}"[:200]


def main() -> None:
    """Judge and print."""
    with contextlib.redirect_stdout(io.StringIO()):
        result = judge(*sys.argv[1:])
    print(json.dumps(result))


main()
