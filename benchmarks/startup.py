"""Start-up: what a person waits for ``spikewright simulate`` on a saved program, compiled before and not.

The program has the size of the demo's, with random weights, unless another is named.
"""

from __future__ import annotations

import resource
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Any

import numpy as np

import spikewright.toolchain as sw

from .casefile import PROGRAM
from .conditions import environment
from .measure import spread
from .workloads import Spec, build

SPEC = Spec("demo-sized", steps=8, input_rate=0.3, samples=397, sizes=(64, 128, 64, 10))
CACHE_VARIABLE = "SPIKEWRIGHT_CACHE_DIR"


def run(rounds: int, backend: str, program: Path | None = None, spec: Spec = SPEC) -> dict[str, Any]:
    """Start the command `rounds` + 1 times on an empty cache of kernels: the first start compiles."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        x, path = _prepare(spec, folder, program)
        np.savez(folder / "test.npz", x=x)
        command = (
            *(str(Path(sys.executable).with_name("spikewright")), "simulate", str(path)),
            *("--data", str(folder / "test.npz"), "--backend", backend),
        )
        env = environment(**{CACHE_VARIABLE: str(folder / "cache")})
        first, *later = [_start(command, env) for _ in range(rounds + 1)]
    warm = {clock: spread([start[clock] for start in later]) for clock in first}
    return {
        "workload": "startup",
        "command": f"spikewright simulate {path.name} --data test.npz --backend {backend}",
        "network": "-".join(map(str, spec.sizes)) if program is None else path.name,
        "steps": x.shape[0],
        "samples": x.shape[1],
        "first_start": first | {"kind": "measured"},
        "second_start": warm | {"kind": "measured"},
        "compile_cpu_s": first["cpu_s"] - warm["cpu_s"]["median"],
    }


def _prepare(spec: Spec, folder: Path, program: Path | None) -> tuple[np.ndarray, Path]:
    if program is None:
        return build(spec, folder)[0].x, folder / PROGRAM
    (port,) = sw.load_program(program).inputs
    rng = np.random.default_rng(spec.seed)
    x = rng.random((spec.steps, spec.samples, *port.shape)) < spec.input_rate
    return x.astype(np.uint8), program.resolve()


def _start(command: tuple[str, ...], env: dict[str, str]) -> dict[str, float]:
    """Wall time of one start, and CPU time of the process and its children."""
    before, wall = resource.getrusage(resource.RUSAGE_CHILDREN), perf_counter()
    subprocess.run(command, env=env, check=True, stdout=subprocess.DEVNULL)
    wall, after = perf_counter() - wall, resource.getrusage(resource.RUSAGE_CHILDREN)
    return {"wall_s": wall, "cpu_s": after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime}
