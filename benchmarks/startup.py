"""Start-up: what a person waits for ``spikewright simulate`` on a saved program, compiled before and not.

The program has the size of the demo's, with random weights.
"""

from __future__ import annotations

import resource
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Any

import numpy as np

from .casefile import PROGRAM
from .conditions import environment
from .contest import Effort
from .measure import spread
from .tables import conditions_lines, interval
from .workloads import Spec, build

SPEC = Spec("demo-sized", steps=8, input_rate=0.3, samples=397, shape=(64,), layers=(128, 64, 10))
CACHE_VARIABLE = "SPIKEWRIGHT_CACHE_DIR"


def run(effort: Effort, backend: str, tiny: bool = False) -> dict[str, Any]:
    """Start the command once on an empty cache of kernels, which compiles them, and once more for every round."""
    spec = SPEC.tiny() if tiny else SPEC
    with TemporaryDirectory() as name:
        folder = Path(name)
        case, _ = build(spec, folder)
        np.savez(folder / "test.npz", x=case.x)
        command = (
            *(str(Path(sys.executable).with_name("spikewright")), "simulate", str(folder / PROGRAM)),
            *("--data", str(folder / "test.npz"), "--backend", backend),
        )
        env = environment(**{CACHE_VARIABLE: str(folder / "cache")})
        first, *later = [_start(command, env) for _ in range(effort.rounds + 1)]
    warm = {clock: spread([start[clock] for start in later]) for clock in first}
    return {
        "workload": "startup",
        "command": f"spikewright simulate {PROGRAM} --data test.npz --backend {backend}",
        "network": spec.network,
        "steps": spec.steps,
        "samples": spec.samples,
        "first_start": first | {"kind": "measured"},
        "second_start": warm | {"kind": "measured"},
        "compile_cpu_s": first["cpu_s"] - warm["cpu_s"]["median"],
        "compile_wall_s": first["wall_s"] - warm["wall_s"]["median"],
    }


def section(result: dict[str, Any]) -> Iterator[str]:
    """Its part of the page."""
    yield "## Start-up\n"
    yield f"`{result['command']}`, {result['network']}, T = {result['steps']}, {result['samples']} samples:\n"
    yield "| start | wall s | CPU s |"
    yield "|---|---|---|"
    first, second = result["first_start"], result["second_start"]
    yield f"| first, kernels compiled | {first['wall_s']:.3g} | {first['cpu_s']:.3g} |"
    yield f"| second and later | {interval(second['wall_s'])} | {interval(second['cpu_s'])} |"
    yield f"\nCompiling takes {result['compile_cpu_s']:.3g} s of CPU time, once.\n"
    yield from conditions_lines(result)


def _start(command: tuple[str, ...], env: dict[str, str]) -> dict[str, float]:
    """Wall time of one start, and CPU time of the process and its children."""
    before, wall = resource.getrusage(resource.RUSAGE_CHILDREN), perf_counter()
    subprocess.run(command, env=env, check=True, stdout=subprocess.DEVNULL)
    wall, after = perf_counter() - wall, resource.getrusage(resource.RUSAGE_CHILDREN)
    return {"wall_s": wall, "cpu_s": after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime}
