"""The Delay node: a ring of past rows, each element read as many steps back as it is delayed."""

from __future__ import annotations

from typing import Any

import nir
import numpy as np
from numpy.typing import NDArray

from .neurons import STATEFUL
from .semantics import Semantics

Rows = NDArray[np.float64]
_NEVER = 2**31


def delay_steps(node: Any, semantics: Semantics) -> NDArray[np.int64]:
    """Delay of every element in steps: ``round(delay / dt_s)``, or the delay itself where time counts in steps."""
    unit = 1.0 if semantics.tau_in_steps else semantics.dt_s
    steps = np.rint(np.asarray(node.delay, np.float64) / unit)
    return np.minimum(steps, _NEVER).astype(np.int64)


def buffered(graph: nir.NIRGraph, semantics: Semantics) -> frozenset[str]:
    """Nodes whose output never depends on the input of the same step; a cycle through one needs no further delay.

    Delays of at least one step, and with `spike_late` all spiking neurons.
    """
    late = {kind for kind, what in STATEFUL.items() if what == "spikes"} if semantics.spike_late else ()
    return frozenset(
        name
        for name, node in graph.nodes.items()
        if type(node) in late or (isinstance(node, nir.Delay) and (delay_steps(node, semantics) >= 1).all())
    )


class Ring:
    """``y[t] = x[t - d]``, zero before; `write` the input of a step, then `read`, or the other way if all d >= 1.

    Parameters
    ----------
    steps : int64 array
        d of every element.
    total : int
        Rows of the sample; what would arrive after them is not kept.
    """

    def __init__(self, steps: NDArray[np.int64], total: int) -> None:
        self._steps = np.minimum(steps, total)
        self._depth = int(self._steps.max(initial=0)) + 1
        self._rows: Rows | None = None

    def write(self, t: int, x: Rows) -> None:
        """Take the input (B, *shape) of step t."""
        if self._rows is None:
            self._rows = np.zeros((self._depth, *x.shape))
        self._rows[t % self._depth] = x

    def read(self, t: int, nothing: Rows) -> Rows:
        """Output at step t in the shape of `nothing`; rows before the first are the zeros that the ring began with."""
        if self._rows is None:
            return np.zeros_like(nothing)
        at = np.broadcast_to((t - self._steps) % self._depth, self._rows.shape[1:])
        return np.take_along_axis(self._rows, at[None], axis=0)[0]
