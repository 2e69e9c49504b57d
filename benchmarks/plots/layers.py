"""One layer of neurons at any size and input rate: how long an event takes."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from math import prod, sqrt
from time import perf_counter, process_time
from typing import Any

import numpy as np

import spikewright.toolchain as sw
from spikewright.exporters.program.grid import round_to_grid
from spikewright.exporters.program.make import make_program
from spikewright.exporters.program.program import VTH_MAX, Input, Output, Population, Program, Projection

from ..workloads import DV, WEIGHT_DEVIATION

SIDE = 16
"""Rows and columns of the images of a convolution."""
STEPS = 10
EVENTS, NEURON_STEPS, SAMPLES_MAX = 3e8, 2e7, 100
"""A point has as many samples as stay below all three, if it does not name its batch."""
THRESHOLD = 2.0
"""In standard deviations of what arrives in a step; about every tenth neuron then spikes."""
LEAST_S = 0.05


@dataclass(frozen=True)
class Point:
    """What is measured.

    Attributes
    ----------
    kind : {"dense", "convolution"}
        Between layers of the same size; a convolution has kernels of 3 x 3 and images of 16 x 16.
    size : int
        Neurons, or channels.
    rate : float
        Probability of an input spike per neuron and step.
    batch : int or None
        Samples handed over together; None for as many as are enough.
    threads : int
    """

    kind: str
    size: int
    rate: float
    batch: int | None = None
    threads: int = 1

    @property
    def shape(self) -> tuple[int, ...]:
        """Of the input and of the neurons."""
        return (self.size,) if self.kind == "dense" else (self.size, SIDE, SIDE)

    @property
    def weights(self) -> int:
        """Weights, which are bytes."""
        return self.size**2 * (1 if self.kind == "dense" else 9)

    @property
    def fan_out(self) -> int:
        """Synapses of a neuron, borders aside."""
        return self.size * (1 if self.kind == "dense" else 9)

    @property
    def samples(self) -> int:
        """Samples of a run."""
        neurons = prod(self.shape)
        most = (EVENTS / (STEPS * neurons * self.rate * self.fan_out), NEURON_STEPS / (STEPS * neurons), SAMPLES_MAX)
        return self.batch or max(1, int(min(most)))


def measure(point: Point, program: Program, rounds: int) -> dict[str, Any]:
    """Run a point; the least times per synaptic event of the rounds, and what was run."""
    rng = np.random.default_rng(1)
    x = (rng.random((STEPS, point.samples, *point.shape), np.float32) < point.rate).astype(np.uint8)

    def run() -> Any:
        return sw.simulate(program, x, backend="engine", threads=point.threads)

    trace, repeats, least = run(), 1, {"cpu_s": np.inf, "wall_s": np.inf}
    events = int(sum(rows.sum() for rows in trace.synaptic_ops.values()))
    for number in range(rounds + 1):
        cpu, wall = process_time(), perf_counter()
        for _ in range(repeats):
            run()
        spent = {"cpu_s": (process_time() - cpu) / repeats, "wall_s": (perf_counter() - wall) / repeats}
        if number:
            least = {clock: min(least[clock], spent[clock]) for clock in least}
        else:
            repeats = max(1, int(LEAST_S / spent["wall_s"]))
    found = {"samples": point.samples, "events": events, "output_rate": float(trace.rate("layer"))}
    return asdict(point) | found | {clock.replace("_s", "_ns"): 1e9 * s / events for clock, s in least.items()}


def build(point: Point) -> Program:
    """A layer with random weights, which depend on its kind and size, and a threshold that fits its input."""
    rng = np.random.default_rng(0)
    shape = (point.size, point.size) if point.kind == "dense" else (point.size, point.size, 3, 3)
    weights = round_to_grid(rng.normal(0, WEIGHT_DEVIATION, shape), 8, "mixed")
    vth = min(VTH_MAX, int(THRESHOLD * WEIGHT_DEVIATION * sqrt(point.fan_out * point.rate)))
    neurons = Population("layer", point.shape, 4095, DV, vth, np.zeros(prod(point.shape), np.int32), level=1)
    padding = (0, 0) if point.kind == "dense" else (1, 1)
    return make_program(
        (Input("input", point.shape),),
        (neurons,),
        (Projection("weights", "input", "layer", weights, kind=point.kind, padding=padding),),  # type: ignore[arg-type]
        (Output("out", "layer", "spike_count"),),
    )
