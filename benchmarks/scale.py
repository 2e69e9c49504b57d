"""Cost against size: synaptic events and neurons x steps on a fitted line, and one million neurons in memory.

The line is fitted to CPU time divided by itself, so that every case weighs the same from 10^4 to 10^9 events.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from time import process_time
from typing import Any

import numpy as np

from spikewright.exporters.program.make import make_program
from spikewright.exporters.program.program import Input, Output, Population, Program, Projection
from spikewright.simulators.engine.execute import run_engine

from . import recurrent
from .conditions import ROOT, environment
from .contest import Effort
from .tables import conditions_lines

RECURRENT = (
    (200, 20, 50),
    (500, 50, 100),
    (1000, 100, 200),
    (4000, 400, 100),
    (10_000, 1000, 100),
    (10_000, 1000, 2000),
)
"""Neurons, synapses into each, steps."""
DENSE = ((50, 0.05, 8), (100, 0.1, 50), (400, 0.02, 100), (400, 0.5, 50), (784, 0.05, 500), (784, 0.4, 1500))
"""Inputs and neurons, input rate, steps."""
QUIET = ((10_000, 20, 0.001, 100), (20_000, 50, 0.002, 500), (100_000, 100, 0.0005, 100), (100_000, 100, 0.003, 400))
"""Neurons, synapses out of each of `CHANNELS` inputs, input rate, steps: most neurons sleep."""
CHANNELS = 1000
LARGE = (1_000_000, 100, 20)
RATE = 0.022
LIMIT_S = 600


def run(effort: Effort, backend: str, tiny: bool = False) -> dict[str, Any]:
    """Measure both lines on the engine, whatever `backend` is, and the large network in a process of its own."""
    rounds = min(effort.rounds, 3)
    cases = (slice(3), slice(3), slice(1)) if tiny else (slice(None),) * 3
    lines = {
        "sparse, recurrent": [_recurrent(*shape, rounds) for shape in RECURRENT[cases[0]]],
        "dense, feed-forward": [_dense(*shape, rounds) for shape in DENSE[cases[1]]],
        "sparse, almost silent": [_quiet(*shape, rounds) for shape in QUIET[cases[2]]],
    }
    command = [sys.executable, "-m", "benchmarks.large", *map(str, (20_000, 100, 20) if tiny else LARGE)]
    done = subprocess.run(
        command, cwd=ROOT, env=environment(), capture_output=True, text=True, timeout=LIMIT_S, check=False
    )
    if done.returncode:
        raise RuntimeError(f"The large network failed: {done.stderr[-800:]}")
    large = json.loads(done.stdout.strip().splitlines()[-1])
    return {"workload": "scale", "backend": "engine", "lines": {name: fit(rows) for name, rows in lines.items()}} | {
        "large": large
    }


def section(result: dict[str, Any]) -> Iterator[str]:
    """Its part of the page."""
    yield "## Scale\n"
    yield "| engine | us per run | ns per event | ns per neuron-step | events | largest residual |"
    yield "|---|---|---|---|---|---|"
    for name, line in result["lines"].items():
        events = [case["events"] for case in line["cases"]]
        worst = max(abs(case["residual"]) for case in line["cases"])
        factors = " | ".join(f"{line[key]:.3g}" for key in ("us_per_run", "ns_per_event", "ns_per_neuron_step"))
        yield f"| {name} | {factors} | {min(events):.2g} to {max(events):.2g} | {worst:.0%} |"
    large = ", ".join(f"{key} {value:.4g}" for key, value in result["large"].items() if isinstance(value, int | float))
    yield f"\nThe large network: {large}.\n"
    yield from conditions_lines(result)


def fit(rows: list[dict[str, float]]) -> dict[str, Any]:
    """Fit ``cpu_s = per_run + per_event * events + per_neuron_step * neuron_steps``, no term below zero.

    Residuals are relative: measured over fitted, less one.
    """
    from scipy.optimize import nnls

    cpu = np.array([row["cpu_s"] for row in rows])
    terms = np.array([[1.0, row["events"], row["neuron_steps"]] for row in rows])
    factors, _ = nnls(terms / cpu[:, None], np.ones(len(cpu)))
    residuals = cpu / (terms @ factors) - 1
    names = ("us_per_run", "ns_per_event", "ns_per_neuron_step")
    scaled = dict(zip(names, (factors * (1e6, 1e9, 1e9)).tolist(), strict=True))
    return {**scaled, "cases": [row | {"residual": float(r)} for row, r in zip(rows, residuals, strict=True)]}


def _recurrent(neurons: int, fan: int, steps: int, rounds: int) -> dict[str, float]:
    program = recurrent.calibrate(recurrent.draw(neurons, fan), RATE, 100)
    return _time(program, recurrent.silence(steps), rounds)


def _dense(size: int, rate: float, steps: int, rounds: int) -> dict[str, float]:
    rng = np.random.default_rng(0)
    weights = (2 * rng.integers(-127, 128, (size, size))).astype(np.int16)
    population = Population("layer", (size,), 4095, recurrent.DV, 1000, np.zeros(size, np.int32), level=1)
    program = make_program(
        (Input("input", (size,)),),
        (population,),
        (Projection("weights", "input", "layer", weights),),
        (Output("out", "layer", "spike_count"),),
    )
    x = (rng.random((steps, 4, size), np.float32) < rate).astype(np.uint8)
    return _time(program, {"input": x}, rounds)


def _quiet(neurons: int, fan: int, rate: float, steps: int, rounds: int) -> dict[str, float]:
    rng = np.random.default_rng(0)
    post = np.concatenate([rng.choice(neurons, fan, replace=False) for _ in range(CHANNELS)])
    order = np.argsort(post, kind="stable")  # sources of a neuron stay in their order
    weights = (2 * rng.integers(1, 127, post.size)).astype(np.int16)
    rows = {"indptr": np.searchsorted(post[order], np.arange(neurons + 1)), "indices": order // fan}
    population = Population("all", (neurons,), 4095, recurrent.DV, 200, np.zeros(neurons, np.int32), level=1)
    program = make_program(
        (Input("input", (CHANNELS,)),),
        (population,),
        (Projection("weights", "input", "all", weights, kind="sparse", **rows),),
        (Output("out", "all", "spike_count"),),
    )
    x = (rng.random((steps, 1, CHANNELS), np.float32) < rate).astype(np.uint8)
    return _time(program, {"input": x}, rounds)


def _time(program: Program, events: dict[str, Any], rounds: int) -> dict[str, float]:
    """Least CPU time of one run on one thread; short runs are repeated within a round."""
    trace = run_engine(program, events, threads=1)
    steps, samples = next(iter(events.values())).shape[:2]
    least, repeats = np.inf, 1
    for number in range(rounds + 1):
        began = process_time()
        for _ in range(repeats):
            run_engine(program, events, threads=1)
        spent = (process_time() - began) / repeats
        if number:
            least = min(least, spent)
        else:
            repeats = max(1, int(0.1 / spent))
    return {
        "events": float(sum(rows.sum() for rows in trace.synaptic_ops.values())),
        "neuron_steps": float(sum(p.size for p in program.populations) * steps * samples),
        "cpu_s": float(least),
    }
