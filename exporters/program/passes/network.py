"""What the passes hand to each other: the graph as neurons and synapses, still in floating point."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ..losses import Loss
from ..population import Reset
from .linear import Floats, LinearMap

__all__ = ["CONSTANT", "Floats", "Network", "Neurons", "Rows", "Synapses"]

CONSTANT = "(bias)"
"""Name of the input that sends a spike in every row, for biases that are no membrane's."""
NeuronKind = Literal["neuron", "threshold", "delay"]
Port = Literal["current", "divisor"]
Rows = int | NDArray[np.int64]
"""Rows of a delay, one number or one for each element."""


@dataclass(frozen=True, eq=False)
class Neurons:
    """A population before quantisation.

    A row is ``u = current * u + gain * (input + bias)``, ``v = keep * v + u + drift``, with a spike at
    ``v > threshold``. The input is what the synapses bring, of every E-I circuit the current divided by its divisor.

    Attributes
    ----------
    name : str
    shape : tuple of int
    keep, gain, drift, threshold : (size,) float64 array
        The threshold of neurons that never spike is 1.
    spiking : bool
    bias : (size,) or (1,) float64 array
        Constant input from the first row on.
    level : int
        0 until the pass `levels` has run.
    current : (size,) float64 array, or 0
        Share of the synaptic current that a row keeps; 0 where the input goes to the membrane at once.
    start : (size,) float64 array, or 0
        Membrane before the first row.
    reset : {"zero", "subtract"}
    kind : {"neuron", "threshold", "delay"}
        A neuron with a membrane, one without memory, or a Delay node, which `delays` takes out of the network.
    rows : int, or (size,) int64 array
        Rows by which what arrives acts late: the elements of a Delay, a current that the membrane takes a row later.
    circuits : dict of str to (size,) float64 array
        E-I circuits whose quotients arrive, and what scaled the rows of their divisors (see `nir.divisors`).
    """

    name: str
    shape: tuple[int, ...]
    keep: Floats
    gain: Floats
    drift: Floats
    threshold: Floats
    spiking: bool
    bias: Floats = field(default_factory=lambda: np.zeros(1))
    level: int = 0
    current: Floats | float = 0.0
    start: Floats | float = 0.0
    reset: Reset = "zero"
    kind: NeuronKind = "neuron"
    rows: Rows = 0
    circuits: dict[str, Floats] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Synapses:
    """A projection before quantisation.

    Attributes
    ----------
    name, source, target : str
    weight : LinearMap
    port : {"current", "divisor"}
        Sum that these synapses add to.
    delay : int or int array
        Rows, one for all or one for each of the weight's `values`.
    circuit : str
        E-I circuit to which they belong, whose current is divided by its divisor; empty for all others.
    """

    name: str
    source: str
    target: str
    weight: LinearMap
    delay: int | NDArray[np.int64] = 0
    port: Port = "current"
    circuit: str = ""

    @cached_property
    def by_delay(self) -> dict[int, LinearMap]:
        """Synapses of each delay."""
        if not isinstance(self.delay, np.ndarray):
            return {self.delay: self.weight}
        return {
            int(d): self.weight.with_values(np.where(self.delay == d, self.weight.values, 0))
            for d in np.unique(self.delay)
        }

    @property
    def min_delay(self) -> int:
        """Smallest delay of a synapse."""
        return int(np.min(self.delay)) if np.size(self.delay) else 0

    @property
    def max_delay(self) -> int:
        """Largest delay of a synapse."""
        return int(np.max(self.delay, initial=0))


@dataclass(frozen=True, eq=False)
class Network:
    """The whole network between the passes.

    Attributes
    ----------
    inputs : dict of str to tuple of int
        Shape of one row of every input.
    outputs : dict of str to str
        Population read by every output.
    constants : frozenset of str
        Inputs that are 1 in every row from the first on, and that the user does not feed.
    """

    inputs: dict[str, tuple[int, ...]]
    neurons: tuple[Neurons, ...]
    synapses: tuple[Synapses, ...]
    outputs: dict[str, str]
    losses: tuple[Loss, ...] = ()
    constants: frozenset[str] = frozenset()

    def into(self, name: str) -> tuple[Synapses, ...]:
        """Synapses that end in the population `name`."""
        return tuple(s for s in self.synapses if s.target == name)

    def out_of(self, name: str) -> tuple[Synapses, ...]:
        """Synapses that start at the input or population `name`."""
        return tuple(s for s in self.synapses if s.source == name)
