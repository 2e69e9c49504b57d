"""Networks of spyx (JAX), written by its to_nir and recorded step by step."""

from __future__ import annotations

import sys

import jax.numpy as jnp
import nir
import numpy as np
from flax import nnx
from recording import Folder, inputs, versions
from spyx import nn as snn
from spyx.nir import to_nir

TOLD = {"dialect": "spyx"}
SPIKING = (snn.IF, snn.LIF, snn.CuBaLIF, snn.RLIF, snn.RIF)


def linear(n: int, m: int, seed: int, factor: float) -> nnx.Linear:
    """A layer whose weights are large enough that the neurons behind it fire."""
    layer = nnx.Linear(n, m, rngs=nnx.Rngs(seed))
    layer.kernel[...] = jnp.asarray(factor * np.random.default_rng(seed).normal(size=(n, m)), jnp.float32)
    return layer


def write(folder: Folder, name: str, layers: list, x: np.ndarray, what: str, **told) -> None:
    """Step the layers by hand and record every neuron layer under its NIR name."""
    spiking = {n: layer for n, layer in enumerate(layers) if isinstance(layer, SPIKING)}
    states = {n: layer.initial_state(x.shape[1]) for n, layer in spiking.items()}
    spikes: dict = {n: [] for n in spiking}
    voltages: dict = {n: [] for n in spiking}
    for row in x:
        value = jnp.asarray(row)
        for n, layer in enumerate(layers):
            if n not in spiking:
                value = layer(value)
                continue
            value, states[n] = layer(value, states[n])
            spikes[n].append(np.asarray(value))
            # A synaptic current is kept beside the voltage: the first half is the voltage.
            voltages[n].append(np.asarray(states[n])[..., : value.shape[-1]])
    width = spikes[max(spikes)][0].shape[-1]
    model = snn.Sequential(*layers)
    graph = to_nir(model, {"input": np.array(x.shape[2:])}, {"output": np.array([width])}, dt=1)
    nir.write(folder.file(name), graph)
    # A recurrent layer is a sub-graph called layer_1 with a node layer_1.lif in it.
    recurrent = {n for n, layer in spiking.items() if isinstance(layer, (snn.RLIF, snn.RIF))}
    names = {n: f"layer_{n}.layer_{n}.lif" if n in recurrent else f"layer_{n}" for n in spiking}
    folder.record(
        name,
        x,
        {names[n]: np.stack(rows) for n, rows in spikes.items()},
        {names[n]: np.stack(rows) for n, rows in voltages.items()},
        TOLD | told,
        what,
    )


def mlp(make, what: str, **told):
    """Two layers of one kind of neuron."""

    def build(folder: Folder, name: str) -> None:
        layers = [linear(12, 20, 0, 0.5), make((20,)), linear(20, 6, 1, 0.6), make((6,))]
        write(folder, name, layers, inputs(12), what, **told)

    return build


def rlif(folder: Folder, name: str) -> None:
    """Recurrent neurons."""
    layers = [linear(12, 10, 0, 0.5), snn.RLIF((10,), rngs=nnx.Rngs(2))]
    write(folder, name, layers, inputs(12), "12-10 of RLIF, subtractive reset one step late")


def main() -> None:
    """Write everything into the folder named on the command line."""
    folder = Folder(sys.argv[1])
    folder.attempt("mlp_if", mlp(snn.IF, "12-20-6 of IF, subtractive reset and spike one step late"))
    lif = lambda shape: snn.LIF(shape, rngs=nnx.Rngs(3))  # noqa: E731
    folder.attempt("mlp_lif", mlp(lif, "12-20-6 of LIF, subtractive reset and spike one step late"))
    cuba = lambda shape: snn.CuBaLIF(shape, rngs=nnx.Rngs(4))  # noqa: E731
    folder.attempt("mlp_cuba", mlp(cuba, "12-20-6 of CuBaLIF, reset before the leak", reset="subtract"))
    folder.attempt("rnn_rlif", rlif)
    folder.close(versions("spyx", "nir", "jax", "flax"))


main()
