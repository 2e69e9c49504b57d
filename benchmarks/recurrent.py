"""A recurrent network of excitatory and inhibitory neurons with random synapses, driven by a bias of each neuron."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from spikewright.exporters.program.make import make_program
from spikewright.exporters.program.program import Input, Output, Population, Program, Projection
from spikewright.simulators.engine.execute import run_engine

DV = 410
"""Membrane decay: 0.9 of it is left after a step, on the grid of 1/4096."""
VTH = 1000
BIAS_EXP = 6
"""A bias has the unit of a weight then."""
EXCITATORY = 0.8
"""Share of the neurons whose weights are positive."""
DRAWN = 1 << 20
"""Synapses that are drawn together."""
FILE = "network.npz"


class Wiring(NamedTuple):
    """Synapses in compressed rows, (post, pre); types as narrow as the numbers allow."""

    indptr: NDArray[np.int32]
    indices: NDArray[np.integer]
    weights: NDArray[np.int16]


def draw(neurons: int, fan: int, seed: int = 0) -> Wiring:
    """Draw `fan` synapses into every neuron: one source from each of `fan` equal stretches of the population.

    Excitatory weights are 2, 4, .. 30, inhibitory ones -8, -10, .. -126, so that excitation and inhibition balance.
    """
    rng, stretch = np.random.default_rng(seed), neurons // fan
    indices = np.empty((neurons, fan), np.uint16 if neurons <= 1 << 16 else np.int32)
    weights = np.empty((neurons, fan), np.int16)
    begins = np.arange(fan, dtype=np.int32) * stretch
    at_once = max(1, DRAWN // fan)
    for first in range(0, neurons, at_once):
        rows = slice(first, min(first + at_once, neurons))
        shape = (rows.stop - rows.start, fan)
        indices[rows] = begins + rng.integers(0, stretch, shape, np.int32)
        up, down = 2 * rng.integers(1, 16, shape, np.int16), -2 * rng.integers(4, 64, shape, np.int16)
        weights[rows] = np.where(indices[rows] < EXCITATORY * neurons, up, down)
    indptr = np.arange(neurons + 1, dtype=np.int32) * np.int32(fan)
    return Wiring(indptr, indices.reshape(-1), weights.reshape(-1))


def assemble(wiring: Wiring, drive: int) -> Program:
    """Put the network together; biases are spread evenly over 0 .. `drive`, in units of a weight."""
    neurons = len(wiring.indptr) - 1
    spread = (np.random.default_rng(1).random(neurons) * drive).astype(np.int32)
    population = Population("all", (neurons,), 4095, DV, VTH, spread, level=1, bias_exp=BIAS_EXP)
    synapses = Projection("recurrent", "all", "all", wiring.weights, delay=1, kind="sparse", **_rows(wiring))
    return make_program((Input("unused", (1,)),), (population,), (synapses,), (Output("out", "all", "spike_count"),))


def _rows(wiring: Wiring) -> dict[str, Any]:
    return {"indptr": wiring.indptr, "indices": wiring.indices}


def calibrate(wiring: Wiring, rate: float, steps: int) -> Program:
    """Bisect for the drive under which neurons spike at `rate` per step."""
    low, high = 0, 2 * VTH
    while high - low > 1:
        middle = (low + high) // 2
        found = spikes(assemble(wiring, middle), steps) / (steps * (len(wiring.indptr) - 1))
        low, high = (middle, high) if found < rate else (low, middle)
    return assemble(wiring, high)


def spikes(program: Program, steps: int) -> int:
    """Spikes of a run."""
    return int(run_engine(program, silence(steps), threads=1).counts["all"].sum())


def silence(steps: int) -> dict[str, NDArray[np.uint8]]:
    """What feeds the input that nothing reads."""
    return {"unused": np.zeros((steps, 1, 1), np.uint8)}


def write(program: Program, folder: Path) -> None:
    """Write the network for all contestants."""
    (population,), (q,) = program.populations, program.projections
    rows = {"indptr": q.indptr, "indices": q.indices, "weights": q.weights}
    np.savez(folder / FILE, bias=population.bias_mant, dv=DV, vth=VTH, **rows)


def read(folder: Path) -> Program:
    """Read what `write` wrote."""
    with np.load(folder / FILE, allow_pickle=False) as file:
        program = assemble(Wiring(file["indptr"], file["indices"], file["weights"]), 0)
        return replace(program, populations=(replace(program.populations[0], bias_mant=file["bias"]),))
