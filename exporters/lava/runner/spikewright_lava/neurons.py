"""From a population to a Lava process: a stock one wherever lava-nc has the model."""

from __future__ import annotations

from typing import Any

import numpy as np
from lava.magma.core.process.process import AbstractProcess
from lava.proc.graded.process import GradedVec
from lava.proc.lif.process import LIFReset

from .own_processes import DividedNeurons, Neurons


def neurons(population: dict[str, Any], steps: int) -> AbstractProcess:
    """Neurons that start every sample of `steps` rows from zero, in the chip step of their own row 0.

    A sample's first row happens at chip step k T + level, counted from 0, where Lava counts from 1.
    """
    shape = (int(np.prod(population["shape"])),)
    if population["kind"] == "relay":
        return relay(shape[0])
    registers = {name: population[name] for name in ("du", "dv", "vth", "bias_mant", "bias_exp")}
    registers |= {"shape": shape, "reset_interval": steps, "reset_offset": (1 + population["level"]) % steps}
    own = {name: population[name] for name in ("reset", "refractory")}
    if population["kind"] == "ei_gain":
        division = {name: population[name] for name in ("reciprocal_bits", "quotient_exp", "divisor_min")}
        return DividedNeurons(**registers, **own, **division)
    if population["kind"] == "ternary":
        return Neurons(**registers, **own, vth_low=population["vth_low"])
    if own != {"reset": "zero", "refractory": 0}:
        return Neurons(**registers, **own)
    return LIFReset(**registers)


def relay(size: int) -> GradedVec:
    """Neurons that send what they receive, and keep nothing."""
    return GradedVec(shape=(size,), vth=0)
