"""Samples one behind the other, as on a chip that resets its neurons at every sample's first row and nothing else."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...exporters.program.inputs import Events
from ...exporters.program.program import Program
from ...exporters.program.trace import Trace
from ..activity import count_activity
from ..assemble import make_trace
from .buffers import LaidInputs
from .entries import entries
from .execute import engine_versions
from .laying import lay
from .prepared import prepare
from .workspace import new_workspaces


def run_stream(program: Program, events: Events, record: tuple[str, ...] = ()) -> Trace:
    """Run B samples as one run of ``depth + B * T`` rows; every result equals the oracle's.

    Parameters
    ----------
    program : Program
    events : dict of input name to (T, B, *shape) array
        As `encode_inputs` returns them.
    record : tuple of {"spikes", "events", "state"}
    """
    prepared, early = prepare(program, None), program.depth
    steps, samples = next(iter(events.values())).shape[:2]
    laid = {name: _laid(rows, early) for name, rows in events.items()}
    rows = early + steps * samples
    state = prepared.extent.reads_membrane or "state" in record
    results = prepared.new_results(rows, 1, spikes=True, state=state)
    (workspace,) = map(lay, new_workspaces(prepared.tables, rows, 1))  # used once: it is as long as the whole stream
    parts = lay(prepared.tables), workspace, LaidInputs(program, laid), results
    entries().run_samples(*(part.address for part in parts), rows, 1, early, steps, 0, 1)

    def cut(found: dict[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
        """Rows of each sample, (T, B, *shape)."""
        shapes = {name: (samples, steps, *values.shape[2:]) for name, values in found.items()}
        return {name: values[early:].reshape(shapes[name]).swapaxes(0, 1) for name, values in found.items()}

    found = results.arrays()
    spikes = cut(found["spikes"] | found["values"])
    u, v = cut(found["u"]), cut(found["v"])
    return make_trace(
        program,
        events,
        count_activity(program, {**events, **spikes}, "stream"),
        {name: values[-1] for name, values in v.items()},
        spikes,
        {name: {"u": u[name], "v": v[name]} for name in u},
        record,
        samples="stream",
        backend="engine",
        versions=engine_versions(),
    )


def _laid(rows: NDArray[Any], early: int) -> NDArray[Any]:
    """Samples (T, B, *shape) one behind the other with empty rows in front, (early + B T, 1, *shape)."""
    steps, samples = rows.shape[:2]
    behind = rows.swapaxes(0, 1).reshape(steps * samples, 1, *rows.shape[2:])
    return np.concatenate([np.zeros((early, *behind.shape[1:]), rows.dtype), behind])
