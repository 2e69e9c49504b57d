"""What may occur in the random programs of `kinds`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

Choose = Callable[[Sequence[Any]], Any]
"""Takes one of several options."""
POPULATIONS = ("lif", "refractory", "subtract", "readout", "ternary", "threshold", "relay", "ei_gain")
"""Kinds of populations; a lif that waits or subtracts counts as a kind of its own."""
PROJECTIONS = ("dense", "sparse", "convolution", "pooling")
INPUTS = ("spikes", "graded", "bias")
SHAPES = [(5,), (1,), (9,), (2, 5), (1, 4, 4), (2, 3, 4), (3, 5, 2)]


@dataclass(frozen=True)
class Kinds:
    """What may occur in a program that is drawn.

    Attributes
    ----------
    populations, projections, inputs : tuple of str
        Of `POPULATIONS`, `PROJECTIONS` and `INPUTS`; at least "dense" or "sparse", and an input that is no bias.
    delays : {"none", "projection", "synapse"}
        No edge delays, and so no cycle; one delay per projection; or one per synapse as well.
    per_neuron : bool
        Registers may differ between the neurons of a population.
    layers : int
        Most levels.
    """

    populations: tuple[str, ...] = POPULATIONS
    projections: tuple[str, ...] = PROJECTIONS
    inputs: tuple[str, ...] = INPUTS
    delays: str = "synapse"
    per_neuron: bool = True
    layers: int = 3


ALL = Kinds()
STOCK = Kinds(populations=("lif", "readout", "threshold", "relay"))
"""What stock lava-nc has a model for, sample borders included; its ternary neurons have no reset between samples."""
