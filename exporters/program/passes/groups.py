"""Which neurons of a population share a scale: all of them, the neurons of a channel, or none."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .linear import Floats, LinearMap
from .moments import rows_of
from .network import Neurons, Synapses
from .windows import Convolution, Window

Ints = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Groups:
    """Neurons and rows of weights by group.

    Attributes
    ----------
    count : int
    of_neuron : (size,) int array
    of_row : dict of str to (rows,) int array
        By projection.
    """

    count: int
    of_neuron: Ints
    of_row: dict[str, Ints]

    def largest(self, values: Floats, of: Ints) -> Floats:
        """Largest of non-negative values in every group, (count,); 0 where there is none."""
        found = np.zeros(self.count)
        np.maximum.at(found, of, values)
        return found

    def mean(self, values: Floats, of: Ints) -> Floats:
        """Mean over every group, (count,)."""
        return np.bincount(of, values, self.count) / np.maximum(np.bincount(of, minlength=self.count), 1)


def row_peaks(weight: LinearMap) -> Floats:
    """Largest magnitude of every row (see `LinearMap.row`)."""
    peaks = np.zeros(rows_of(weight))
    np.maximum.at(peaks, np.broadcast_to(weight.row, weight.values.shape), np.abs(weight.values))
    return peaks


def groups_of(neurons: Neurons, synapses: list[Synapses], rows: str) -> Groups:
    """Groups of the finest kind that registers and weights can say.

    Parameters
    ----------
    neurons : Neurons
    synapses : list of Synapses
        All that end there. The weights of a convolution are shared by the neurons of a channel, that of a pooling by
        all.
    rows : {"fold", "registers"}
        "fold" makes one group. So does a readout, whose membranes are compared with each other.
    """
    size = len(neurons.keep)
    windows = [s.weight for s in synapses if isinstance(s.weight, Window)]
    channels = {len(w.values) if isinstance(w, Convolution) else 1 for w in windows}
    if rows == "fold" or not neurons.spiking or len(channels) > 1 or 1 in channels:
        return Groups(1, np.zeros(size, np.int64), {s.name: np.zeros(rows_of(s.weight), np.int64) for s in synapses})
    count = channels.pop() if channels else size
    of_neuron = np.arange(size) // (size // count)
    of_row = {s.name: np.arange(count) if isinstance(s.weight, Window) else of_neuron for s in synapses}
    return Groups(count, of_neuron, of_row)
