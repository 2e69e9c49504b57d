"""Neurons of a program: their kinds and registers."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.integer]
Register = int | Array
"""One integer for the whole population, or one for each neuron, (size,)."""
Unit = float | NDArray[np.float64]
"""One positive factor for all, or one for each row; 0 if unknown."""
PopulationKind = Literal["lif", "readout", "ternary", "threshold", "relay", "ei_gain"]
Reset = Literal["zero", "subtract"]

VTH_MAX = 2**17 - 1
"""Largest threshold mantissa (17 bit)."""
READOUT_LIMIT = VTH_MAX << 6
"""Largest membrane value at which a readout population stays silent, in units of v."""
STATE_LIMIT = 2**23 - 1
"""Largest magnitude of a 24-bit state."""
LEAKLESS = 4096
"""Decay of a membrane that keeps nothing: one more than a chip's register of 12 bits holds."""


@dataclass(frozen=True, eq=False)
class Population:
    """Neurons that share their kind and level; docs/numeric-contract.md says what a step of each kind does.

    Attributes
    ----------
    name : str
        The NIR node's name, which is the torch module's path.
    shape : tuple of int
    kind : {"lif", "readout", "ternary", "threshold", "relay", "ei_gain"}
        * lif: current and membrane (CubaLIF; LIF with du 4095; IF with dv 0 as well).
        * readout: a LIF whose threshold register is at its maximum and whose membrane is read at the last row; whoever
          builds the program keeps its membrane below `READOUT_LIMIT`.
        * ternary: a LIF that sends +1 above `vth` and -1 below `vth_low`.
        * threshold: no state between steps (du 4095, dv 4096).
        * relay: sends the events that it receives, to be delayed; no state, fed by one projection one to one.
        * ei_gain: a LIF whose input is the sum at port "current" divided by the sum at port "divisor".
    du, dv : int or (size,) int array
        Decay of current and membrane in 1/4096, 0..4095; the current decays by ``du + 1``.
    vth : int or (size,) int array
        Threshold mantissa, 0..`VTH_MAX`.
    bias_mant : (size,) int32 array
        Bias mantissa, -4096..4095.
    level : int
        Longest path from the inputs in hops; row t is chip step ``t + level``.
    bias_exp : int
        Bias exponent, 0..7.
    reset : {"zero", "subtract"}
        What a spike does to the membrane: set it to 0, or take the threshold off it.
    refractory : int
        Rows after a spike in which the membrane stays as it is and no spike is sent, 0..63.
    vth_low : int
        Lower threshold mantissa of a ternary population, -`VTH_MAX`..0.
    reciprocal_bits : int
        Mantissa bits of the reciprocal of an ei_gain population: 2..4 by look-up, 0 the nearest power of two.
    quotient_exp : int
        The quotient of an ei_gain population is multiplied by ``2**quotient_exp`` before it is cut, 0..15.
    divisor_min : int
        Smaller divisors of an ei_gain population are raised to it, 1..2**23 - 1.
    membrane_unit : float or (size,) float64 array
        Float membrane, with thresholds folded into the weights, of one integer unit of v; 0 if unknown.
    origin : tuple of str
        Names of the NIR nodes that were merged into this population.
    """

    name: str
    shape: tuple[int, ...]
    du: Register
    dv: Register
    vth: Register
    bias_mant: Array
    level: int
    bias_exp: int = 0
    kind: PopulationKind = "lif"
    reset: Reset = "zero"
    refractory: int = 0
    vth_low: int = 0
    reciprocal_bits: int = 0
    quotient_exp: int = 0
    divisor_min: int = 1
    membrane_unit: Unit = 0.0
    origin: tuple[str, ...] = ()

    @property
    def size(self) -> int:
        """Number of neurons."""
        return prod(self.shape)

    @property
    def bias(self) -> Array:
        """Bias as it is added to v, (size,) int64."""
        return self.bias_mant.astype(np.int64) << self.bias_exp

    @property
    def per_neuron(self) -> tuple[str, ...]:
        """Names of the registers that hold one value for each neuron."""
        return tuple(name for name in ("du", "dv", "vth") if isinstance(getattr(self, name), np.ndarray))
