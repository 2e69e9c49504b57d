"""Neurons that lava-nc has no fixed-point process for, or none that starts every sample from zero."""

from __future__ import annotations

from typing import Any

from lava.magma.core.process.ports.ports import InPort
from lava.magma.core.process.variable import Var
from lava.proc.lif.process import AbstractLIF


class Neurons(AbstractLIF):
    """LIF neurons with a refractory time, a reset by subtraction, or spikes of both signs.

    Parameters
    ----------
    vth : int or (n,) int array
        Threshold mantissa.
    vth_low : int, optional
        Mantissa of the threshold below which a spike of -1 is sent; none are without it.
    reset : {"zero", "subtract"}
    refractory : int
        Steps after a spike in which the membrane stays as it is.
    reset_interval, reset_offset : int
        As LIFReset's: all state is zero before step t, counted from 1, where t % interval == offset.
    **registers
        Shape, du, dv, bias_mant and bias_exp.
    """

    def __init__(self, *, vth: Any, vth_low: int | None = None, **registers: Any) -> None:
        super().__init__(u=0, v=0, name="", log_config=None, vth_low=vth_low, **registers)
        self.vth = Var(shape=self.proc_params["shape"], init=vth)


class DividedNeurons(Neurons):
    """LIF neurons whose input is the sum at `a_in` divided by the sum at `d_in`.

    Parameters
    ----------
    reciprocal_bits : int
        Mantissa bits of the divisor's reciprocal; 0 for the nearest power of two.
    quotient_exp : int
        The quotient is multiplied by ``2**quotient_exp`` before it is cut.
    divisor_min : int
        Smaller divisors are raised to it.
    **registers
        As of `Neurons`.
    """

    def __init__(self, **registers: Any) -> None:
        super().__init__(**registers)
        self.d_in = InPort(shape=self.proc_params["shape"])
