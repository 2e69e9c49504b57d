"""Our side: a saved program through the public surface, everything included that a user waits for.

That is checking and encoding the uint8 input, the kernels, counting synaptic operations and updates, and the trace.
A form is a backend with what is said about it: "engine", "engine without matrix unit", "engine counted by core".
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

import spikewright.toolchain as sw

from .casefile import PROGRAM, Case

PACKAGES = ("spikewright", "numpy", "numba")
VARIANTS = {"": {}, " without matrix unit": {"SPIKEWRIGHT_MATRIX_UNIT": "off"}}
"""What is said about the engine to the environment variables of its process; the first is how everybody runs it."""
BY_CORE = " counted by core"
CHIP = "loihi1-davies2018"
"""On whose cores a network is counted."""
INPUTS = 4
"""So many inputs, cut into batches, are kept in memory."""


def prepare(case: Case, options: dict[str, Any]) -> Callable[[], object]:
    """Load the program and cut the input; what is returned calls `simulate` once per batch."""
    program = sw.load_program(case.folder / PROGRAM)
    batches = _batches(case, options["samples"], options["batch"])
    backend, threads = options["form"].split()[0], options["threads"]
    place = sw.place(program, chip=CHIP) if options["form"].endswith(BY_CORE) else None

    def run() -> None:
        for x in batches:
            sw.simulate(program, x, backend=backend, threads=threads, place=place)

    return run


@lru_cache(INPUTS)
def _batches(case: Case, samples: int, batch: int) -> list[NDArray[np.uint8]]:
    """The same arrays for every form and number of threads: a run's time depends on where its input lies in memory."""
    return case.batches(samples, batch)


def count(case: Case, options: dict[str, Any]) -> list[int]:
    """Spikes of every layer over all samples."""
    program = sw.load_program(case.folder / PROGRAM)
    (x,) = case.batches(options["samples"], options["samples"])
    trace = sw.simulate(program, x, backend=options["form"].split()[0], threads=options["threads"])
    return [int(trace.counts[p.name].sum()) for p in program.populations[: len(case.layers)]]
