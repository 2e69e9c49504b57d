"""Two traces of the same network side by side: agreement per population and the first spike that differs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...exporters.program.trace import Trace
from ...models.errors import InputError


@dataclass(frozen=True)
class Divergence:
    """The first place at which two backends differ.

    First means the smallest step, then the population nearest to the input, then sample and neuron.

    Attributes
    ----------
    population : str
    what : {"spike", "membrane"}
        Membranes are those of a readout, compared between integer backends only, at the last row.
    step, sample, neuron : int
        All from 0; the neuron is the index into the flattened population.
    values : tuple of float
        What the first and the second backend have there.
    """

    population: str
    what: str
    step: int
    sample: int
    neuron: int
    values: tuple[float, float]


@dataclass(frozen=True)
class Agreement:
    """How far one population agrees.

    Attributes
    ----------
    population, what : str
        As in `Divergence`.
    slots : int
        Compared values.
    mismatches : int
        Different ones, with everything that accumulated from the network's input on.
    alone : int or None
        Different ones if the second backend's population is fed with the first backend's spikes (see `alone`); None
        where that was not measured.
    alone_backend : str
        What ran it: the second backend itself, or "run_graph" for a frozen torch module.
    """

    population: str
    what: str
    slots: int
    mismatches: int
    alone: int | None = None
    alone_backend: str = ""

    @property
    def share(self) -> float:
        """1 - mismatches / slots."""
        return 1.0 - self.mismatches / self.slots


@dataclass(frozen=True)
class Pair:
    """Comparison of two neighbouring backends.

    Attributes
    ----------
    backends : tuple of str
    agreements : tuple of Agreement
        Populations that both have, from the input on.
    first_divergence : Divergence or None
    same_prediction : float
        Share of the samples with the same predicted class, at every output.
    """

    backends: tuple[str, str]
    agreements: tuple[Agreement, ...]
    first_divergence: Divergence | None
    same_prediction: float

    @property
    def spike_agreement(self) -> float:
        """Share of equal values over all populations."""
        return 1.0 - self.mismatches / sum(a.slots for a in self.agreements)

    @property
    def mismatches(self) -> int:
        """Different values over all populations."""
        return sum(a.mismatches for a in self.agreements)


def compare_pair(a: Trace, b: Trace, order: list[str], membranes: dict[str, str] | None = None) -> Pair:
    """Compare two traces with recorded spikes.

    Parameters
    ----------
    a, b : Trace
        Same T, same samples.
    order : list of str
        Populations from the input on.
    membranes : dict of str to str, optional
        Population and output name of readouts whose membranes have to be equal as well.

    Raises
    ------
    InputError
        If the traces have no spiking population in common or differ in T or B.
    """
    shared = [name for name in order if name in a.spikes and name in b.spikes]
    if (a.steps, a.samples) != (b.steps, b.samples) or not shared:
        raise InputError(
            f"Traces of {a.backend} ({a.steps} rows, {a.samples} samples) and {b.backend} ({b.steps}, {b.samples}) "
            f"cannot be compared; populations in common: {shared or 'none'}."
        )
    values = {name: ("spike", _rows(a.spikes[name]), _rows(b.spikes[name])) for name in shared}
    for name, output in (membranes or {}).items():
        values[name] = ("membrane", a.output[output][None], b.output[output][None])
    agreements = tuple(_agreement(name, *values[name]) for name in order if name in values)
    firsts = [
        d for rank, name in enumerate(order) if name in values for d in _first(rank, name, a.steps, *values[name])
    ]
    first = min(firsts, key=lambda found: found[0])[1] if firsts else None
    return Pair((a.backend, b.backend), agreements, first, float(same_classes(a, b).mean()))


def same_classes(a: Trace, b: Trace) -> NDArray[np.bool_]:
    """Which samples have the same predicted class, at every output if there are several, (B,) bool."""
    if len(a.output) == len(b.output) == 1:
        return a.predict() == b.predict()  # backends may name it differently
    return np.all([a.predict(name) == b.predict(name) for name in a.output], axis=0)


def _rows(spikes: NDArray[Any]) -> NDArray[Any]:
    return spikes.reshape(*spikes.shape[:2], -1)


def _agreement(name: str, what: str, a: NDArray[Any], b: NDArray[Any]) -> Agreement:
    return Agreement(name, what, int(a.size), int((a != b).sum()))


def _first(rank: int, name: str, steps: int, what: str, a: NDArray[Any], b: NDArray[Any]) -> list[Any]:
    different = np.argwhere(a != b)
    if not len(different):
        return []
    row, sample, neuron = (int(n) for n in different[0])
    step = row if what == "spike" else steps - 1
    values = (float(a[row, sample, neuron]), float(b[row, sample, neuron]))
    return [((step, rank, sample, neuron), Divergence(name, what, step, sample, neuron, values))]
