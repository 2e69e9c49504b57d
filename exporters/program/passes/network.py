"""What the passes hand to each other: the graph as neurons and synapses, still in floating point."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..losses import Loss

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Neurons:
    """A population before quantisation: ``v = keep * v + gain * input + drift``, spike at ``v > threshold``.

    Attributes
    ----------
    name : str
    shape : tuple of int
    keep, gain, drift, threshold : (size,) float64 array
        The threshold of neurons that never spike is 1.
    spiking : bool
    level : int
        0 until the pass `levels` has run.
    """

    name: str
    shape: tuple[int, ...]
    keep: Floats
    gain: Floats
    drift: Floats
    threshold: Floats
    spiking: bool
    level: int = 0


@dataclass(frozen=True, eq=False)
class Synapses:
    """A projection before quantisation: weight (post, pre), bias (post,), delay in rows."""

    name: str
    source: str
    target: str
    weight: Floats
    bias: Floats
    delay: int


@dataclass(frozen=True, eq=False)
class Network:
    """The whole network between the passes.

    Attributes
    ----------
    inputs : dict of str to tuple of int
        Shape of one row of every input.
    outputs : dict of str to str
        Population read by every output.
    """

    inputs: dict[str, tuple[int, ...]]
    neurons: tuple[Neurons, ...]
    synapses: tuple[Synapses, ...]
    outputs: dict[str, str]
    losses: tuple[Loss, ...] = ()

    def into(self, name: str) -> tuple[Synapses, ...]:
        """Synapses that end in the population `name`."""
        return tuple(s for s in self.synapses if s.target == name)
