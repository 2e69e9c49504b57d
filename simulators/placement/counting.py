"""Counting a run by core and chip step, exactly, from its spikes.

A neuron that fires sends one message to every core that holds a synapse of it. Messages travel, and their synapses are
processed, in the step in which the neuron fired; what they bring is integrated one step later, or after the synaptic
delay. So a spike of the last rows counts here even where its delay carries it beyond the end of the sample, which
`Trace.synaptic_ops`, a count of arrivals, leaves out; without delays the two agree.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...exporters.program.program import Input, Population, Program
from ..activity import touched
from .placement import Ints, Placement
from .routes import entry_hops, fan_out, hops

COUNTED = (
    "updates",
    "spikes",
    "messages_out",
    "messages_in",
    "messages",
    "synaptic_ops",
    "synaptic_macs",
    "hops_ew",
    "hops_ns",
)
_EXACT_FLOAT32, _EXACT_FLOAT64 = 2**24, 2**53
"""Sums of whole numbers below it are exact in floats of that width, whatever their order."""
_ROWS_AT_ONCE = 4096

Events = dict[str, NDArray[Any]]


def count_by_core(program: Program, events: Events, placement: Placement) -> dict[str, Ints]:
    """Count what every core did in every chip step of isolated samples.

    Parameters
    ----------
    program : Program
    events : dict of str to (T, B, *shape) integer array
        Events of every input and spikes of every population.
    placement : Placement

    Returns
    -------
    dict of str to (T + depth, B, cores) int64 array
        * "updates": neurons with a synaptic event or a bias; "spikes": neurons that fired.
        * "messages_out", "messages_in": at the sender, at the receiver; inputs send from outside.
        * "messages", "hops_ew", "hops_ns": on the mesh, booked at the sender, those of inputs at the receiver.
        * "synaptic_ops": events at existing synapses, "synaptic_macs" those among them that carry a value.
    """
    steps, samples = next(iter(events.values())).shape[:2]
    counts = {name: np.zeros((steps + program.depth, samples, len(placement.cores)), np.int64) for name in COUNTED}
    rows = touched(program, events)
    for source in (*program.inputs, *program.populations):
        level = program.level(source.name)
        fired = events[source.name].reshape(steps, samples, -1) != 0
        tables = list(count_tables(placement, source, program.events(source.name).graded))
        results = _product(fired, np.hstack([table for _, _, table in tables]))
        first = 0
        for name, cores, table in tables:
            counts[name][level : level + steps, :, cores] += results[..., first : first + table.shape[1]]
            first += table.shape[1]
    for p in program.populations:
        cores = placement.cores_of(p.name)
        counts["updates"][p.level : p.level + steps, :, cores] = np.add.reduceat(
            rows[p.name], placement.starts(p.name), axis=-1, dtype=np.int64
        )
    return counts


def count_tables(placement: Placement, source: Input | Population, graded: bool) -> Iterator[tuple[str, slice, Ints]]:
    """Yield count, cores and (size, cores) table: what one event of every neuron adds to the count of every core."""
    everywhere = slice(0, len(placement.cores))
    synapses = fan_out(placement, source.name)
    reached = (synapses > 0).astype(np.int64)
    yield "synaptic_ops", everywhere, synapses
    yield "messages_in", everywhere, reached
    if graded:
        yield "synaptic_macs", everywhere, synapses
    if isinstance(source, Input):
        for name, distance in zip(("hops_ew", "hops_ns"), entry_hops(placement), strict=True):
            yield name, everywhere, reached * distance
        yield "messages", everywhere, reached
        return
    own = placement.cores_of(source.name)
    home = placement.core_of(source.name)
    here = (home[:, None] == np.arange(own.start, own.stop)).astype(np.int64)
    sent = reached.sum(1, keepdims=True)
    yield "spikes", own, here
    yield "messages_out", own, here * sent
    yield "messages", own, here * sent
    for name, distance in zip(("hops_ew", "hops_ns"), hops(placement, placement.tile_of_core), strict=True):
        yield name, own, here * (reached * distance[home]).sum(1, keepdims=True)


def _product(fired: NDArray[np.bool_], table: Ints) -> Ints:
    """``fired @ table`` for (T, B, size) events: exact, as no sum can pass the one with every neuron firing."""
    most = int(table.sum(0).max(initial=0))
    kind = np.float32 if most < _EXACT_FLOAT32 else np.float64 if most < _EXACT_FLOAT64 else np.int64
    rows, columns = fired.reshape(-1, fired.shape[-1]), table.astype(kind)
    counts = np.empty((len(rows), table.shape[1]), np.int64)
    for first in range(0, len(rows), _ROWS_AT_ONCE):  # as floats, all rows together could fill the memory
        part = slice(first, first + _ROWS_AT_ONCE)
        counts[part] = rows[part].astype(kind) @ columns
    return counts.reshape(*fired.shape[:2], -1)
