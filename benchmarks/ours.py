"""Our side: a saved program through the public surface, everything included that a user waits for.

That is checking and encoding the uint8 input, the kernels, counting synaptic operations and updates, and the trace.
A form is a backend with what is said about it: "engine", "engine without matrix unit", "engine counted by core".
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import spikewright.toolchain as sw

from .casefile import PROGRAM, Case

PACKAGES = ("spikewright", "numpy", "numba")
VARIANTS = {"": {}, " without matrix unit": {"SPIKEWRIGHT_MATRIX_UNIT": "off"}}
"""What is said about the engine to the environment variables of its process; the first is how everybody runs it."""
BY_CORE = " counted by core"
CHIP = "loihi1-davies2018"
"""On whose cores a network is counted."""


def prepare(case: Case, options: dict[str, Any]) -> Callable[[], object]:
    """Load the program and cut the input; what is returned calls `simulate` once per batch."""
    program = sw.load_program(case.folder / PROGRAM)
    batches = case.batches(options["samples"], options["batch"])
    backend, threads = options["form"].split()[0], options["threads"]
    place = sw.place(program, chip=CHIP) if options["form"].endswith(BY_CORE) else None

    def run() -> None:
        for x in batches:
            sw.simulate(program, x, backend=backend, threads=threads, place=place)

    return run


def count(case: Case, options: dict[str, Any]) -> list[int]:
    """Spikes of every layer over all samples."""
    program = sw.load_program(case.folder / PROGRAM)
    (x,) = case.batches(options["samples"], options["samples"])
    trace = sw.simulate(program, x, backend=options["form"].split()[0], threads=options["threads"])
    return [int(trace.counts[p.name].sum()) for p in program.populations[: len(case.layers)]]
