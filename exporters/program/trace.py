"""What a run of a network gives back, whichever backend ran it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...models.errors import InputError
from .event_list import EventList


@dataclass(frozen=True, eq=False)
class Trace:
    """Result of running a network on B samples of T rows.

    Rows are aligned: row t of every population belongs to input row t. On a chip it happens at step
    ``t + levels[population]`` of its sample (see `chip_time`).

    Attributes
    ----------
    backend : str
        Which executor produced it: "torch", "run_graph", "oracle", "engine", "lava".
    versions : dict of str to str
        Versions of what ran.
    program_hash : str or None
        Content hash of the program; None for float backends.
    steps, samples : int
        T and B.
    levels : dict of str to int
    counts : dict of str to (B, *shape) int32 array
        Spikes of every neuron over the sample.
    spikes : dict of str to (T, B, *shape) int8 array
        Present with ``record=("spikes",)``.
    events : dict of str to EventList
        The same spikes as lists, sorted by sample, row and neuron; present with ``record=("events",)``.
    state : dict of str to dict of "u", "v" to (T, B, *shape) array
        Present with ``record=("state",)``; v is the value after the reset.
    synaptic_ops : dict of str to (T, B) int64 array
        Spikes that arrived at existing synapses, per projection.
    updates : dict of str to (T, B) int64 array
        Neurons per population that had a synaptic event or a bias in that row.
    output : dict of str to (B, n) array
    by_core : mapping of str to (T + depth, B, cores) int64 array
        Present with ``place=``: updates, spikes, messages, hops and synaptic operations per chip step of an isolated
        sample, sample and core (see ``simulators.placement.count_by_core``).
    settings : dict of str to (value, origin)
        Choices made for the run and where each came from.
    """

    backend: str
    versions: dict[str, str]
    program_hash: str | None
    steps: int
    samples: int
    levels: dict[str, int]
    counts: dict[str, NDArray[Any]]
    output: dict[str, NDArray[Any]]
    spikes: dict[str, NDArray[Any]] = field(default_factory=dict)
    events: dict[str, EventList] = field(default_factory=dict)
    state: dict[str, dict[str, NDArray[Any]]] = field(default_factory=dict)
    synaptic_ops: dict[str, NDArray[Any]] = field(default_factory=dict)
    updates: dict[str, NDArray[Any]] = field(default_factory=dict)
    by_core: Mapping[str, NDArray[Any]] = field(default_factory=dict)
    settings: dict[str, tuple[Any, str]] = field(default_factory=dict)

    def predict(self, output: str | None = None) -> NDArray[np.int64]:
        """Class of every sample, (B,) int64: the largest output, the lowest index among equals.

        Raises
        ------
        InputError
            If the network has several outputs and none was named, or `output` is unknown.
        """
        if output is None and len(self.output) == 1:
            output = next(iter(self.output))
        if output not in self.output:
            found = "none was named" if output is None else f"none is called {output!r}"
            raise InputError(f"This trace has the outputs {', '.join(self.output)}; {found}. Name one of them.")
        return self.output[output].reshape(self.samples, -1).argmax(1).astype(np.int64)

    def chip_time(self) -> dict[str, NDArray[np.int64]]:
        """Chip step of every row of an isolated sample, (T,) int64 per population, counted from 0."""
        return {name: np.arange(self.steps) + level for name, level in self.levels.items()}

    def rate(self, population: str) -> float:
        """Spikes per neuron and step."""
        counts = self.counts[population]
        return float(counts.sum() / (counts.size * self.steps))

    def sparsity(self, population: str) -> float:
        """Share of neuron steps without a spike, 1 - `rate`."""
        return 1.0 - self.rate(population)
