"""Lava: its own RingBuffer, Dense and LIF processes on the fixed-point models, in one runtime for many samples.

The runtime has started before anything is timed, nothing is recorded and no neuron is reset between samples; all of it
is in Lava's favour. A layer acts one step after its source, so that a sample takes no longer for its depth.
"""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable
from pathlib import Path
from time import process_time
from typing import Any

import numpy as np
from lava.magma.core.run_conditions import RunSteps
from lava.magma.core.run_configs import Loihi2SimCfg
from lava.proc.dense.process import Dense
from lava.proc.io.sink import RingBuffer as Sink
from lava.proc.io.source import RingBuffer as Source
from lava.proc.lif.process import LIF

from benchmarks.casefile import Case

_open: list[LIF] = []
"""Last layers of the networks whose runtimes have started."""


def prepare(case: Case, options: dict[str, Any]) -> Callable[[], object]:
    """Start a runtime; what is returned runs T steps for every sample."""
    samples = options["samples"]
    steps = len(case.x)
    last = _connect(case, np.concatenate(list(case.x[:, :samples].swapaxes(0, 1))))[-1]
    _run(last, 1)

    def run() -> None:
        for _ in range(samples):
            _run(last, steps)

    return run


def count(case: Case, options: dict[str, Any]) -> list[int]:
    """Spikes of every layer over all samples, each in a runtime of its own, which starts from zero."""
    totals = np.zeros(len(case.layers), np.int64)
    for sample in range(options["samples"]):
        steps = len(case.x) + len(case.layers)
        x = np.zeros((steps, case.x.shape[2]), np.uint8)
        x[: len(case.x)] = case.x[:, sample]
        layers = _connect(case, x)
        sinks = [Sink(shape=lif.s_out.shape, buffer=steps) for lif in layers]
        for lif, sink in zip(layers, sinks, strict=True):
            lif.s_out.connect(sink.a_in)
        _run(layers[-1], steps)
        totals += [int(sink.data.get().sum()) for sink in sinks]
        _stop(layers[-1])
    return totals.tolist()


def cpu_s() -> float:
    """CPU time of this process and of those that Lava has started."""
    ticks = 0
    for child in multiprocessing.active_children():
        # utime and stime; the name in front of them may hold blanks, and ends with the last bracket.
        fields = Path(f"/proc/{child.pid}/stat").read_text().rpartition(")")[2].split()
        ticks += int(fields[11]) + int(fields[12])
    return process_time() + ticks / os.sysconf("SC_CLK_TCK")


def close() -> None:
    """End all runtimes; their processes would hold up the end of this one."""
    for last in list(_open):
        _stop(last)


def _connect(case: Case, x: np.ndarray) -> list[LIF]:
    """Processes of a dense network on input (rows, channels); its neurons, layer after layer."""
    source = Source(data=x.T.astype(np.int32)).s_out
    neurons = []
    for layer in case.layers:
        dense = Dense(weights=layer.weights.astype(np.int32), num_weight_bits=8)
        lif = LIF(shape=(len(layer.weights),), du=4095, dv=case.dv, vth=int(layer.vth), bias_mant=0)
        source.connect(dense.s_in)
        dense.a_out.connect(lif.a_in)
        neurons.append(lif)
        source = lif.s_out
    return neurons


def _run(last: LIF, steps: int) -> None:
    if last not in _open:
        _open.append(last)
    last.run(condition=RunSteps(num_steps=steps), run_cfg=Loihi2SimCfg(select_tag="fixed_pt"))


def _stop(last: LIF) -> None:
    last.stop()
    _open.remove(last)
