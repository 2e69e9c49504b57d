"""A large recurrent network on the engine: ``python -m benchmarks.large NEURONS FAN STEPS``, JSON on the last line."""

from __future__ import annotations

import json
import sys
from time import perf_counter, process_time
from typing import Any

import numpy as np

from spikewright.exporters.program.program import Program
from spikewright.simulators.engine.execute import run_engine
from spikewright.simulators.engine.memory import predict_memory
from spikewright.simulators.engine.prepared import prepare

from . import recurrent
from .peers.recurrent_ours import forget_peak, peak, resident

DRIVE = 200
"""Largest bias, in units of a weight."""


def main(neurons: str, fan: str, steps: str) -> None:
    """Predict the memory from the program's numbers alone, then run it."""
    rows = recurrent.silence(int(steps))
    small = recurrent.assemble(recurrent.draw(100, 10), DRIVE)
    run_engine(small, rows, threads=1)
    forget_peak()
    before = resident()
    program = recurrent.assemble(recurrent.draw(int(neurons), int(fan)), DRIVE)
    predicted = predict(program, int(steps))
    began = perf_counter()
    prepare(program, None)
    prepared = perf_counter() - began
    at = process_time()
    trace = run_engine(program, rows, threads=1)
    cpu = process_time() - at
    measured = peak() - before
    synapses = program.projections[0].weights.size
    found = {
        "neurons": int(neurons),
        "synapses": synapses,
        "steps": int(steps),
        "prepare_s": prepared,
        "cpu_s": cpu,
        "synaptic_ops": int(trace.synaptic_ops["recurrent"].sum()),
        "rate": trace.rate("all"),
        "predicted_bytes": predicted,
        "measured_peak_bytes": measured,
        "measured_over_predicted": measured / predicted,
        "bytes_per_synapse": measured / synapses,
    }
    print(json.dumps(found))
    if int(neurons) >= 10**6 and not 0.9 <= measured / predicted <= 1.1:
        raise SystemExit(f"memory {measured} is not within 10 % of the predicted {predicted} bytes")


def predict(program: Program, steps: int) -> int:
    """Bytes of the program, and of its run on one thread as `predict_memory` works them out."""
    held = sum(_bytes(part) for part in (*program.populations, *program.projections))
    return held + predict_memory(program, steps, 1, threads=1).total


def _bytes(part: Any) -> int:
    return sum(array.nbytes for array in vars(part).values() if isinstance(array, np.ndarray))


if __name__ == "__main__":
    main(*sys.argv[1:])
