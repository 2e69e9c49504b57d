"""What a chip can do, as far as lowering has to know it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class ChipLimits:
    """A chip's name and what it has.

    Attributes
    ----------
    name : str
    graded_spikes : bool
        Whether its spikes can carry a value.
    soft_reset : bool
        Whether a spike can take the threshold off the membrane instead of setting it to zero.
    registers_per_neuron : bool
        Whether neurons of a population can have decays and thresholds of their own.
    stateless : bool
        Whether a membrane can keep nothing of the step before.
    divided_input : bool
        Whether a neuron can divide one sum by another.
    """

    name: str
    graded_spikes: bool
    soft_reset: bool = True
    registers_per_neuron: bool = True
    stateless: bool = True
    divided_input: bool = True
