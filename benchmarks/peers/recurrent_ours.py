"""The recurrent network, ours: ``recurrent_ours FOLDER STEPS ROUNDS [BACKEND]`` as a module, JSON on the last line."""

from __future__ import annotations

import json
import resource
import sys
from importlib.metadata import version
from pathlib import Path
from time import perf_counter, process_time

import numpy as np
from numpy.typing import NDArray

import spikewright.toolchain as sw
from benchmarks import recurrent
from spikewright.exporters.program.program import Program

THREADS = 1, 2


def resident() -> int:
    """Bytes of memory this process holds."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()


def forget_peak() -> None:
    """Let `peak` look at what comes from here on: compiling kernels takes more than running them."""
    Path("/proc/self/clear_refs").write_text("5")


def peak() -> int:
    """The most bytes of memory this process has held since `forget_peak`."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) * 1024


def walls(program: Program, x: dict[str, NDArray[np.uint8]], rounds: int, backend: str) -> dict[int, list[float]]:
    """Wall clock of runs on one thread and on several that share the sample, in turn."""
    found: dict[int, list[float]] = {threads: [] for threads in THREADS}
    for number in range(1 + rounds):
        for threads, own in found.items():
            at = perf_counter()
            sw.simulate(program, x, backend=backend, threads=threads)
            own += [perf_counter() - at] if number else []  # the first prepares
    return found


def main(folder: str, steps: str, rounds: str, backend: str = "engine") -> None:
    """Run a small network first, so that the memory of kernels is not counted to the large one."""
    x = recurrent.silence(int(steps))
    sw.simulate(recurrent.assemble(recurrent.draw(100, 10), 300), x, backend=backend, threads=1)
    forget_peak()
    before = resident()
    began = perf_counter()
    program = recurrent.read(Path(folder))
    trace = sw.simulate(program, x, backend=backend, threads=1)
    started = perf_counter() - began
    held, most = resident() - before, peak() - before
    cpu = []
    for _ in range(int(rounds)):
        at = process_time()
        sw.simulate(program, x, backend=backend, threads=1)
        cpu.append(process_time() - at)
    synapses = program.projections[0].weights.size
    found = {
        "run_s": cpu,
        "clock": "cpu",
        "wall_s": walls(program, x, int(rounds), backend),
        "start_s": started,
        "spikes": int(trace.counts["all"].sum()),
        "synaptic_ops": int(trace.synaptic_ops["recurrent"].sum()),
        "bytes_per_synapse": held / synapses,
        "peak_bytes_per_synapse": most / synapses,
        "versions": {name: version(name) for name in ("spikewright", "numpy", "numba")},
    }
    print(json.dumps(found))


if __name__ == "__main__":
    main(*sys.argv[1:])
