"""Counting what a run did: spikes, synaptic operations and neuron updates, exactly, from its events.

A synaptic operation is one event arriving at one existing synapse: zero weights are not synapses, a window over the
border of an image has fewer, and a graded event counts once. Whatever form stores the synapses, `Program.synapses`
lists them, and the lists are counted.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..exporters.program.program import Program, Projection

Counts = NDArray[np.int64]
Events = dict[str, NDArray[Any]]

_DENSE_SHARE = 1 / 16
"""A matrix product is faster than one of compressed rows from about this share of existing synapses on."""
_VALUES_AT_ONCE = 1 << 25
"""Floats of a product that are kept at a time."""


class Activity(NamedTuple):
    """Counts of a run, as `Trace` holds them.

    Attributes
    ----------
    counts : dict of population to (B, *shape) int32 array
    synaptic_ops : dict of projection to (T, B) int64 array
    updates : dict of population to (T, B) int64 array
    """

    counts: dict[str, NDArray[np.int32]]
    synaptic_ops: dict[str, Counts]
    updates: dict[str, Counts]


def count_activity(program: Program, events: Events, samples: str = "independent") -> Activity:
    """Count a run whose events are all known.

    Parameters
    ----------
    program : Program
    events : dict of str to (T, B, *shape) integer array
        Spikes of every population and events of every input.
    samples : {"independent", "stream"}
        In a stream what arrives from the sample before counts too; what populations sent before their row 0 of the
        first sample does not, as those rows are not recorded.
    """
    counts = {p.name: np.count_nonzero(events[p.name], 0).astype(np.int32) for p in program.populations}
    if samples == "independent":
        return Activity(counts, synaptic_ops(program, events), updates(program, events))
    steps, count = next(iter(events.values())).shape[:2]
    laid = {
        n: rows.reshape(steps, count, -1).swapaxes(0, 1).reshape(steps * count, 1, -1) for n, rows in events.items()
    }
    cut = [
        {name: rows.reshape(count, steps).T for name, rows in found.items()}
        for found in (synaptic_ops(program, laid), updates(program, laid))
    ]
    return Activity(counts, *cut)


def synaptic_ops(program: Program, events: Events) -> dict[str, Counts]:
    """Synaptic operations per projection, (T, B) int64, at the row in which the spikes arrive."""
    counts = {}
    for q in program.projections:
        counts[q.name] = np.zeros(events[q.source].shape[:2], np.int64)
        for delay, _, pre in _by_delay(program, q):
            fan_out = np.bincount(pre, minlength=program.source(q.source).size)
            counts[q.name] += _arriving(events[q.source], delay) @ fan_out
    return counts


def updates(program: Program, events: Events) -> dict[str, Counts]:
    """Neurons per population that had a synaptic event or a bias in a row, (T, B) int64.

    The two sums of an ei_gain population are one neuron's: an event at either port updates it once.
    """
    return {name: rows.sum(-1, dtype=np.int64) for name, rows in touched(program, events).items()}


def touched(program: Program, events: Events) -> dict[str, NDArray[np.bool_]]:
    """Whether a neuron had a synaptic event or a bias in a row, (T, B, size) bool per population."""
    steps, samples = next(iter(events.values())).shape[:2]
    found = {}
    for p in program.populations:
        rows = np.empty((steps, samples, p.size), bool)
        rows[:] = p.bias_mant != 0
        for q in program.into(p.name):
            for delay, post, pre in _by_delay(program, q):
                arriving = _arriving(events[q.source], delay).reshape(steps * samples, -1)
                _mark(rows.reshape(steps * samples, -1), arriving, post, pre)
        found[p.name] = rows
    return found


def _by_delay(program: Program, q: Projection) -> Iterator[tuple[int, Counts, Counts]]:
    """Yield target and source neurons of the synapses of every delay."""
    synapses = program.synapses(q)
    if not isinstance(q.delay, np.ndarray):
        yield q.delay, synapses.post, synapses.pre
        return
    for delay in np.unique(synapses.delay):
        which = synapses.delay == delay
        yield int(delay), synapses.post[which], synapses.pre[which]


def _mark(rows: NDArray[np.bool_], arriving: NDArray[np.bool_], post: Counts, pre: Counts) -> None:
    """Mark the neurons of every row, (rows, post) bool, that an event reaches; arriving is (rows, pre) bool."""
    from scipy import sparse  # 0.2 s, which a run on the engine does not need

    shape = (rows.shape[1], arriving.shape[1])
    dense = len(post) >= _DENSE_SHARE * shape[0] * shape[1]
    exists: Any = sparse.csr_array((np.ones(len(post), np.float32), (post, pre)), shape)
    if dense:
        exists = exists.toarray().T
    at_once = max(1, _VALUES_AT_ONCE // max(shape))
    for first in range(0, len(rows), at_once):
        part = slice(first, first + at_once)
        sent = arriving[part].astype(np.float32)
        rows[part] |= (sent @ exists if dense else (exists @ sent.T).T) > 0


def _arriving(events: NDArray[Any], delay: int) -> NDArray[np.bool_]:
    """Which events reach the target in each row, (T, B, pre); nothing arrives from before the sample."""
    source = events.reshape(*events.shape[:2], -1) != 0
    shifted = np.zeros_like(source)
    shifted[delay:] = source[: max(0, len(source) - delay)]
    return shifted
