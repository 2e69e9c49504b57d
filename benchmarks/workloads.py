"""The networks and inputs of the workloads, drawn from a seed, with thresholds calibrated to a firing rate."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from spikewright.exporters.program.grid import round_to_grid
from spikewright.exporters.program.make import make_program
from spikewright.exporters.program.program import VTH_MAX, Input, Output, Population, Program, Projection

from .casefile import PROGRAM, Case, Layer, write_case
from .reference import arriving, fire

DV = 410
"""Membrane decay: snnTorch's beta = 0.9, on the grid of 1/4096."""
RATE = 0.10
"""Firing rate to which the threshold of every layer is calibrated, unless the workload names another."""
WEIGHT_DEVIATION = 64.0
"""Standard deviation of the weights, in integer units; the grid spans -254 to 254 in steps of 2."""
CALIBRATION_NEURONS = 4096
"""So many neurons of a layer, drawn at random, are looked at in a calibration."""


@dataclass(frozen=True)
class Convolution:
    """A layer of 3 x 3 kernels with a padding of 1."""

    channels: int
    stride: int = 1

    def __str__(self) -> str:
        return f"conv {self.channels}{f' s{self.stride}' if self.stride > 1 else ''}"


@dataclass(frozen=True)
class Spec:
    """What a case is drawn from.

    Attributes
    ----------
    name : str
    steps, samples : int
        T, and the number of samples.
    input_rate : float
        Probability of an input spike per channel and step.
    shape : tuple of int
        Of the input: (channels,) or (channels, rows, columns).
    layers : tuple of int or Convolution
        A number is a dense layer of so many neurons.
    rate : float
        Firing rate of every layer.
    calibration_samples : int
    seed : int
        The weights depend on it alone, the input also on T, rate and number of samples.
    """

    name: str
    steps: int
    input_rate: float
    samples: int
    shape: tuple[int, ...] = (784,)
    layers: tuple[int | Convolution, ...] = (512, 10)
    rate: float = RATE
    calibration_samples: int = 16
    seed: int = 0

    def tiny(self) -> Spec:
        """The same in small, to see that everything runs."""
        layers = tuple(
            Convolution(max(2, x.channels // 16), x.stride) if isinstance(x, Convolution) else min(x, 20)
            for x in self.layers
        )
        shape = (30,) if len(self.shape) == 1 else (self.shape[0], 16, 16)
        rates = {"input_rate": max(self.input_rate, 0.1), "rate": RATE}
        return replace(self, steps=6, samples=12, shape=shape, layers=layers, **rates)

    def build(self, folder: Path) -> tuple[Case, Program]:
        """Draw the case and its program, write both to `folder` and return them."""
        return build(self, folder)

    @property
    def network(self) -> str:
        """The network in words: 784-512-10, or its layers in turn."""
        words = ["x".join(map(str, self.shape)), *map(str, self.layers)]
        return ("-" if len(self.shape) == 1 else ", ").join(words)


def build(spec: Spec, folder: Path) -> tuple[Case, Program]:
    """Draw the case and its program, write both to `folder` and return them."""
    rng = np.random.default_rng(spec.seed)
    weights = _weights(spec, rng)
    x = (rng.random((spec.steps, spec.samples, *spec.shape), dtype=np.float32) < spec.input_rate).astype(np.uint8)
    layers, populations, events = [], [], x[:, : spec.calibration_samples]
    for level, (kind, w) in enumerate(zip(spec.layers, weights, strict=True), 1):
        layer = _layer(kind, w)
        sums = arriving(layer, events, w)
        shape = sums.shape[2:]
        silent = Population(f"layer{level}", shape, 4095, DV, VTH_MAX, np.zeros(int(np.prod(shape)), np.int32), level)
        populations.append(calibrate(silent, sums, spec.rate))
        layers.append(replace(layer, vth=populations[-1].vth))
        events = fire(populations[-1], sums)
    program = _assemble(spec.shape, layers, populations)
    program.save(folder / PROGRAM)
    case = Case(folder, tuple(layers), DV, x)
    write_case(case)
    return case, program


def calibrate(population: Population, sums: NDArray[np.int64], rate: float) -> Population:
    """Bisect for the smallest threshold at which the population fires at `rate` or less, with the oracle's arithmetic.

    Parameters
    ----------
    population : Population
    sums : (T, B, *shape) int64 array
        What arrives.
    rate : float
        Spikes per neuron and step, of `CALIBRATION_NEURONS` of them if there are more.
    """
    flat = sums.reshape(*sums.shape[:2], -1)
    if flat.shape[2] > CALIBRATION_NEURONS:
        flat = flat[:, :, np.random.default_rng(0).choice(flat.shape[2], CALIBRATION_NEURONS, replace=False)]
    part = replace(population, shape=flat.shape[2:], bias_mant=np.zeros(flat.shape[2], np.int32))
    low, high = 0, VTH_MAX
    while low < high:
        middle = (low + high) // 2
        if fire(replace(part, vth=middle), flat).mean() > rate:
            low = middle + 1
        else:
            high = middle
    return replace(population, vth=low)


def _weights(spec: Spec, rng: np.random.Generator) -> list[NDArray[np.int16]]:
    """Weights of all layers, in their order."""
    found, source = [], spec.shape
    for kind in spec.layers:
        shape = (kind, int(np.prod(source))) if isinstance(kind, int) else (kind.channels, source[0], 3, 3)
        found.append(round_to_grid(rng.normal(0, WEIGHT_DEVIATION, shape), 8, "mixed"))
        source = _layer(kind, found[-1]).shape(source)
    return found


def _layer(kind: int | Convolution, weights: NDArray[np.int16]) -> Layer:
    """A layer whose threshold is still to be found."""
    if isinstance(kind, int):
        return Layer("dense", weights, 0)
    return Layer("convolution", weights, 0, kind.stride, padding=1)


def _assemble(shape: tuple[int, ...], layers: list[Layer], populations: list[Population]) -> Program:
    names = ["input", *(p.name for p in populations)]
    return make_program(
        (Input("input", shape),),
        tuple(populations),
        tuple(_projection(*pair, layer) for pair, layer in zip(pairwise(names), layers, strict=True)),
        (Output("out", names[-1], "spike_count"),),
    )


def _projection(source: str, target: str, layer: Layer) -> Projection:
    stride, padding = (layer.stride, layer.stride), (layer.padding, layer.padding)
    return Projection(
        f"{source}-{target}", source, target, layer.weights, kind=layer.kind, stride=stride, padding=padding
    )
