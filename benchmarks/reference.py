"""The dense reference of a feed-forward case: exact sums in float64 and the oracle's neurons, without any event list.

The oracle itself lists every synapse; a network of convolutions has too many of them for that.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from spikewright.exporters.program.program import Population
from spikewright.simulators.neurons import State, step

from .casefile import Case, Layer

Integers = NDArray[np.int64]


@dataclass(frozen=True)
class Reference:
    """What the network does with some samples.

    Attributes
    ----------
    spikes : list of int
        Of every layer, over all samples.
    rates : list of float
        Spikes of every layer per neuron and step.
    synaptic_ops : float
        Spikes that arrive at synapses that are not zero, per sample.
    """

    spikes: list[int]
    rates: list[float]
    synaptic_ops: float


def run_reference(case: Case, populations: tuple[Population, ...], samples: int) -> Reference:
    """Run the first samples of a case, layer after layer.

    Parameters
    ----------
    case : Case
    populations : tuple of Population
        Neurons of the layers, and perhaps a readout behind, which sends nothing.
    samples : int
    """
    events = case.x[:, :samples]
    spikes, rates, ops = [], [], 0
    for layer, population in zip(case.layers, populations[: len(case.layers)], strict=True):
        ops += _operations(layer, events)
        events = fire(population, shifted(arriving(layer, events, layer.weights), layer.exponent))
        spikes.append(int(events.sum(dtype=np.int64)))
        rates.append(float(events.mean()))
    ops += 0 if case.readout is None else _operations(case.readout, events)
    return Reference(spikes, rates, ops / samples)


def arriving(layer: Layer, events: NDArray[np.uint8], weights: NDArray[np.int16]) -> Integers:
    """What arrives at every neuron in every step, (T, B, *shape).

    The sums of integers this small are exact in float64.
    """
    w = torch.from_numpy(weights).double()
    flat = torch.from_numpy(events.reshape(-1, *events.shape[2:]))
    if layer.kind == "dense":
        sums = flat.flatten(1).double() @ w.T
    else:
        # One step at a time: the columns of a whole run would not fit into memory.
        rows = flat.split(max(1, len(flat) // events.shape[0]))
        sums = torch.cat([torch.nn.functional.conv2d(r.double(), w, None, layer.stride, layer.padding) for r in rows])
    return sums.numpy().astype(np.int64).reshape(*events.shape[:2], *sums.shape[1:])


def shifted(sums: Integers, exponent: int) -> Integers:
    """Sums as neurons get them."""
    return sums << exponent if exponent >= 0 else sums >> -exponent


def fire(population: Population, sums: Integers) -> NDArray[np.uint8]:
    """Spikes (T, B, *shape) of a population in isolated samples."""
    flat = sums.reshape(*sums.shape[:2], -1)
    state, spikes = State.zero((flat.shape[1], flat.shape[2])), np.empty(flat.shape, np.uint8)
    for row, a in enumerate(flat):
        state, spikes[row] = step(population, state, a, np.zeros_like(a))
    return spikes.reshape(sums.shape)


def _operations(layer: Layer, events: NDArray[np.uint8]) -> int:
    """Events that arrive at synapses."""
    return int(arriving(layer, events, (layer.weights != 0).astype(np.int16)).sum())
