"""Where events enter a program, and what leaves it."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import Literal

EVENT_BITS_MAX = 24
"""Widest event of a graded input: the width of the states that it is added to."""
InputKind = Literal["spikes", "graded", "bias"]
Readout = Literal["spike_count", "membrane"]


@dataclass(frozen=True)
class Input:
    """A source of events from outside the chip.

    Attributes
    ----------
    name : str
    shape : tuple of int
        Shape of one row of one sample.
    kind : {"spikes", "graded", "bias"}
        Binary spikes; integers of both signs of `bits` bits; or a spike in every row of every sample, which the user
        does not give: through a synapse it is a bias that passes the synaptic filter.
    scale : float
        A float input `x` becomes ``clip(round(x * scale))``, half to even; 1 for spikes and bias.
    bits : int
        Width of one event's magnitude; 1 for spikes and bias.
    """

    name: str
    shape: tuple[int, ...]
    kind: InputKind = "spikes"
    scale: float = 1.0
    bits: int = 1

    @property
    def size(self) -> int:
        """Number of channels."""
        return prod(self.shape)


@dataclass(frozen=True)
class Output:
    """What leaves the network.

    Attributes
    ----------
    name, population : str
    readout : {"spike_count", "membrane"}
        Events summed over the sample's rows (those of ternary neurons with their sign), or the membrane at its last
        row.
    """

    name: str
    population: str
    readout: Readout
