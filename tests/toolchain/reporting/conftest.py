"""Runs that the tests of the report share."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from samples import layered
from spikewright.exporters.program.program import Program
from spikewright.simulators.placement import place
from spikewright.simulators.pricing import price
from spikewright.simulators.run import simulate
from spikewright.toolchain.comparison import compare

DEMO = (64, 128, 64, 10)
"""Layers of the demo's network."""


@pytest.fixture(scope="session")
def everything() -> Callable[..., tuple]:
    """Function that runs a program on random spikes: trace, cost and comparison."""

    def run(program: Program, steps: int = 8, samples: int = 3, rate: float = 0.3, chip: str = "loihi1-davies2018"):
        shape = (steps, samples, program.inputs[0].size)
        x = (np.random.default_rng(1).random(shape) < rate).astype(np.int32)
        placement = place(program, chip)
        trace = simulate(program, x, record=("spikes",), place=placement)
        return trace, price(trace, placement), compare(program, x, ("oracle", "engine"))

    return run


@pytest.fixture(scope="session")
def demo_sized(everything: Callable[..., tuple]) -> tuple:
    """Trace, cost and comparison of a program as large as the demo's, on 20 samples."""
    return everything(layered(DEMO), samples=20)
