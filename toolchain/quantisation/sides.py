"""A network run over all samples: the float graph or the integer program with all it did, or a program's answers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...exporters.program.program import Program
from ...exporters.program.trace import Trace
from ...models.errors import CheckFailed
from ...simulators.run import simulate
from ..data.samples import Rows

Ints = NDArray[np.int64]
Run = Callable[[Rows, tuple[str, ...]], Trace]
CHECKED = 8
"""Samples on which a chosen program is compared with the oracle."""
Answers = dict[str, NDArray[np.float64]]
"""Of every output by name, (B, n), in float units."""


@dataclass(frozen=True, eq=False)
class Side:
    """What one backend did with all samples.

    Attributes
    ----------
    backend : str
    steps, samples : int
        T and B of the whole input.
    counts : dict of str to (size,) int64 array
        Spikes of every neuron, over all samples and rows.
    full : dict of str to int
        Pairs of neuron and sample in which the neuron spikes in every row.
    output : dict of str to (B, n) array
    detail : Trace
        The first samples with every spike and state.
    """

    backend: str
    steps: int
    samples: int
    counts: dict[str, Ints]
    full: dict[str, int]
    output: dict[str, NDArray[Any]]
    detail: Trace

    def right(self, y: NDArray[Any]) -> NDArray[np.bool_]:
        """Whether the largest output of a sample is its class `y`, (B,), of a network with one output."""
        return next(iter(self.output.values())).argmax(1) == y


def run_integers(program: Program, x: Rows, detail: int) -> Side:
    """Run `program` on the engine; `detail` samples are kept with all states."""
    return _run(lambda rows, record: simulate(program, rows, record=record), x, detail)


def run_floats(graph: Any, x: Rows, detail: int, cycle: str | None = None) -> Side:
    """Run `graph` in float64; `detail` samples are kept with all states."""
    from ...exporters.nir.execute import run_graph

    return _run(lambda rows, record: run_graph(graph, rows, cycle=cycle), x, detail)


def first(x: Rows, count: int) -> Rows:
    """The first `count` samples."""
    return part(x, 0, count)


def part(x: Rows, start: int, stop: int) -> Rows:
    """Samples `start` to `stop`."""
    if isinstance(x, dict):
        return {name: rows[:, start:stop] for name, rows in x.items()}
    return x[:, start:stop]


def samples_of(x: Rows) -> int:
    """B."""
    return (next(iter(x.values())) if isinstance(x, dict) else x).shape[1]


def answers(program: Program, x: Rows, backend: str = "engine") -> Answers:
    """Run `program` on `x`, (T, B, *input_shape), and give its outputs in float units."""
    units = {p.name: p.membrane_unit for p in program.populations}
    scale = {o.name: units[o.population] if o.readout == "membrane" else 1.0 for o in program.outputs}
    output = simulate(program, x, backend=backend).output
    return {name: values.reshape(len(values), -1) * scale[name] for name, values in output.items()}


def right(found: Answers, y: NDArray[np.integer]) -> NDArray[np.bool_]:
    """Whether the largest value of a network's one output is the class, (B,)."""
    return next(iter(found.values())).argmax(1) == y


def require_equal(program: Program, x: Rows) -> int:
    """Run the first samples on the oracle too; the number of those samples.

    Raises
    ------
    CheckFailed
        If it answers otherwise.
    """
    few = part(x, 0, CHECKED)
    found, expected = answers(program, few), answers(program, few, "oracle")
    if any(not np.array_equal(found[name], expected[name]) for name in expected):
        raise CheckFailed(f"engine and oracle differ on the program {program.content_hash}; this is an error of ours.")
    return samples_of(few)


def _run(run: Run, x: Rows, detail: int) -> Side:
    """Run in parts of `detail` samples, because the states of all of them together may fill the memory."""
    kept = run(first(x, detail), ("spikes", "state"))
    counts, full, outputs = _counted(kept), _full(kept), {n: [_flat(o)] for n, o in kept.output.items()}
    for trace in _rest(run, x, detail):
        for name, more in _counted(trace).items():
            counts[name] = counts[name] + more
        for name, pairs in _full(trace).items():
            full[name] += pairs
        for name, values in trace.output.items():
            outputs[name].append(_flat(values))
    merged = {name: np.concatenate(parts) for name, parts in outputs.items()}
    return Side(kept.backend, kept.steps, samples_of(x), counts, full, merged, kept)


def _rest(run: Run, x: Rows, detail: int) -> Iterator[Trace]:
    for start in range(detail, samples_of(x), detail):
        yield run(part(x, start, start + detail), ())


def _counted(trace: Trace) -> dict[str, Ints]:
    return {name: np.abs(c.reshape(trace.samples, -1)).sum(0, dtype=np.int64) for name, c in trace.counts.items()}


def _full(trace: Trace) -> dict[str, int]:
    return {name: int((c >= trace.steps).sum()) for name, c in trace.counts.items()}


def _flat(values: NDArray[Any]) -> NDArray[Any]:
    return values.reshape(len(values), -1)
