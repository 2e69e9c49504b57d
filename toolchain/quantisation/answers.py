"""What the exact network and its alternatives say about the samples, and Lava about some of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray

from ...exporters.program.program import Program
from ...exporters.program.trace import Trace
from ...simulators.run import simulate
from ..targets import run_torch
from .alternatives import INTEGERS, Alternative

if TYPE_CHECKING:
    from torch import nn

BATCH = 500
"""Samples that run at a time, which bounds the memory of spikes and states."""
Rows = NDArray[Any]


@dataclass(frozen=True, eq=False)
class Answers:
    """Result of a run.

    Attributes
    ----------
    classes : (B,) int64 array
    logits : (B, classes) float64 array
        In the units of the float network.
    spikes : dict of str to (T, B, *shape) array
        By population.
    versions : dict of str to str
        Of the software that ran it.
    """

    classes: NDArray[np.int64]
    logits: NDArray[np.float64]
    spikes: dict[str, NDArray[Any]]
    versions: dict[str, str]


def _batches(rows: Rows) -> Iterator[Rows]:
    return (rows[:, first : first + BATCH] for first in range(0, rows.shape[1], BATCH))


def exact_answers(model: nn.Module, rows: Rows) -> Answers:
    """The float network in float64."""
    example = torch.zeros(rows.shape[0], 1, *rows.shape[2:])
    return _joined([_answers_of(run_torch(model, x, "torch", example)) for x in _batches(rows)])


def integer_answers(way: Alternative, rows: Rows) -> Answers:
    """An alternative in integers, behind its host in float64 if it has one."""
    traces = (simulate(way.program, way.rows(x), backend=INTEGERS, record=("spikes",)) for x in _batches(rows))
    return _joined([_answers_of(trace, way.program) for trace in traces])


def on_lava(way: Alternative, rows: Rows, versions: dict[str, dict[str, str]]) -> tuple[int, int]:
    """Spikes that differ on Lava, and spikes compared; its versions go to `versions`."""
    events = way.rows(rows)
    ours, theirs = (simulate(way.program, events, backend=name, record=("spikes",)) for name in (INTEGERS, "lava"))
    versions["lava"] = theirs.versions
    pairs = [(ours.spikes[name], theirs.spikes[name]) for name in ours.spikes]
    return sum(int((a != b).sum()) for a, b in pairs), sum(a.size for a, _ in pairs)


def _answers_of(trace: Trace, program: Program | None = None) -> Answers:
    """Classes, logits in float units and spikes of a trace that has one output; `program` is what ran, if integers."""
    ((name, values),) = trace.output.items()
    logits = values.reshape(trace.samples, -1).astype(np.float64)
    if program is not None:
        logits *= _unit(program, name)
    return Answers(trace.predict(), logits, trace.spikes, trace.versions)


def _unit(program: Program, name: str) -> Any:
    """Float value of the integer 1 that an output gives: a spike, or a step of the membrane."""
    output = next(output for output in program.outputs if output.name == name)
    read = next(p for p in program.populations if p.name == output.population)
    return read.membrane_unit if output.readout == "membrane" else 1.0


def _joined(parts: list[Answers]) -> Answers:
    """One run of all samples from runs of some samples each."""
    spikes = {name: np.concatenate([part.spikes[name] for part in parts], axis=1) for name in parts[0].spikes}
    classes, logits = (np.concatenate([getattr(part, what) for part in parts]) for what in ("classes", "logits"))
    return Answers(classes, logits, spikes, parts[0].versions)
