"""From what an integer backend recorded to a `Trace`, the same way for every backend."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..exporters.program.program import Program
from ..exporters.program.trace import Trace
from .activity import synaptic_ops, updates


def make_trace(
    program: Program,
    events: dict[str, NDArray[np.int32]],
    spikes: dict[str, NDArray[np.int8]],
    state: dict[str, dict[str, NDArray[np.int32]]],
    last_membrane: dict[str, NDArray[np.int32]],
    record: tuple[str, ...],
    *,
    backend: str,
    versions: dict[str, str],
) -> Trace:
    """Assemble a trace from what an integer backend recorded.

    Parameters
    ----------
    program, events, record
        What was run.
    spikes : dict of population to (T, B, *shape) int8 array
    state : dict of population to "u", "v"
        May be empty unless asked for.
    last_membrane : dict of population to (B, *shape) array
        v at the last row, of readout populations at least.
    backend, versions : who ran it.
    """
    counts = {name: s.sum(0, dtype=np.int64) for name, s in spikes.items()}
    steps, samples = next(iter(events.values())).shape[:2]
    read = {"spike_count": counts, "membrane": last_membrane}
    everything = {**events, **spikes}
    return Trace(
        backend=backend,
        versions=versions,
        program_hash=program.content_hash,
        steps=steps,
        samples=samples,
        levels={**{i.name: 0 for i in program.inputs}, **{p.name: p.level for p in program.populations}},
        counts=counts,
        output={o.name: read[o.readout][o.population].reshape(samples, -1) for o in program.outputs},
        spikes=spikes if "spikes" in record else {},
        state=state if "state" in record else {},
        synaptic_ops=synaptic_ops(program, everything),
        updates=updates(program, everything),
        settings=dict(program.settings),
    )
