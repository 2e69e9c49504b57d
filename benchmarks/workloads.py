"""The networks and inputs of the workloads, drawn from a seed, with thresholds calibrated to a firing rate."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from spikewright.exporters.program.grid import round_to_grid
from spikewright.exporters.program.make import make_program
from spikewright.exporters.program.program import VTH_MAX, Input, Output, Population, Program, Projection
from spikewright.simulators.neurons import State, step

from .casefile import PROGRAM, Case, write_case

DV = 410
"""Membrane decay: snnTorch's beta = 0.9, on the grid of 1/4096."""
RATE = 0.10
"""Firing rate to which the threshold of every layer is calibrated."""
WEIGHT_DEVIATION = 64.0
"""Standard deviation of the weights, in integer units; the grid spans -254 to 254 in steps of 2."""
CALIBRATION_SAMPLES = 16


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
    sizes : tuple of int
        Channels and neurons per layer.
    seed : int
        The weights depend on it alone, the input also on T, rate and number of samples.
    """

    name: str
    steps: int
    input_rate: float
    samples: int
    sizes: tuple[int, ...] = (784, 512, 10)
    seed: int = 0

    def tiny(self) -> Spec:
        """The same in small, to see that everything runs."""
        return replace(self, steps=6, samples=12, sizes=(30, 20, 5))


def build(spec: Spec, folder: Path) -> tuple[Case, Program]:
    """Draw the case and its program, write both to `folder` and return them."""
    rng = np.random.default_rng(spec.seed)
    weights = tuple(
        round_to_grid(rng.normal(0, WEIGHT_DEVIATION, (post, pre)), 8, "mixed")
        for pre, post in zip(spec.sizes, spec.sizes[1:], strict=False)
    )
    shape = (spec.steps, spec.samples, spec.sizes[0])
    x = (rng.random(shape, dtype=np.float32) < spec.input_rate).astype(np.uint8)
    populations, events = [], x[:, :CALIBRATION_SAMPLES].astype(np.int64)
    for level, w in enumerate(weights, 1):
        # The sums of integers this small are exact in float64, and BLAS makes them fast.
        arriving = np.rint(events.astype(np.float64) @ w.T.astype(np.float64)).astype(np.int64)
        silent = Population(f"layer{level}", (len(w),), 4095, DV, VTH_MAX, np.zeros(len(w), np.int32), level)
        populations.append(calibrate(silent, arriving))
        events = _fire(populations[-1], arriving)
    program = _assemble(spec, weights, populations)
    program.save(folder / PROGRAM)
    case = Case(folder, weights, tuple(p.vth for p in populations), DV, x)
    write_case(case)
    return case, program


def calibrate(population: Population, arriving: NDArray[np.int64], rate: float = RATE) -> Population:
    """Bisect for the smallest threshold at which the population fires at `rate` or less, with the oracle's arithmetic.

    Parameters
    ----------
    population : Population
    arriving : (T, B, size) int64 array
        Summed input.
    rate : float
        Spikes per neuron and step.
    """
    low, high = 0, VTH_MAX
    while low < high:
        middle = (low + high) // 2
        if _fire(replace(population, vth=middle), arriving).mean() > rate:
            low = middle + 1
        else:
            high = middle
    return replace(population, vth=low)


def _fire(population: Population, arriving: NDArray[np.int64]) -> NDArray[np.int64]:
    """Spikes (T, B, size) of a population in isolated samples."""
    state, spikes = State.zero(arriving.shape[1:]), []
    for a in arriving:
        state, fired = step(population, state, a, np.zeros_like(a))
        spikes.append(fired)
    return np.stack(spikes)


def _assemble(spec: Spec, weights: tuple[NDArray[np.int16], ...], populations: list[Population]) -> Program:
    names = ["input", *(p.name for p in populations)]
    return make_program(
        (Input("input", spec.sizes[:1]),),
        tuple(populations),
        tuple(
            Projection(f"{source}-{target}", source, target, w)
            for source, target, w in zip(names, names[1:], weights, strict=False)
        ),
        (Output("out", names[-1], "spike_count"),),
    )
