"""Fixed-point models of the neurons in `own_processes`: lava-nc's own dynamics of current and membrane, in steps."""

from __future__ import annotations

from typing import Any

import numpy as np
from lava.magma.core.decorator import implements, requires, tag
from lava.magma.core.model.py.ports import PyInPort, PyOutPort
from lava.magma.core.model.py.type import LavaPyType
from lava.magma.core.resources import CPU
from lava.magma.core.sync.protocols.loihi_protocol import LoihiProtocol
from lava.proc.lif.models import AbstractPyLifModelFixed

from .own_processes import DividedNeurons, Neurons

RECIPROCAL_EXP = 12
"""Reciprocals are in units of 2**-12."""
QUOTIENT_LIMIT = 2**17 - 1
"""Largest magnitude of a quotient: 64 times it still is a 24-bit current."""


class AbstractNeuronsModel(AbstractPyLifModelFixed):
    """A step of `Neurons`."""

    s_out: PyOutPort = LavaPyType(PyOutPort.VEC_DENSE, np.int32, precision=24)
    vth: np.ndarray = LavaPyType(np.ndarray, np.int32, precision=17)

    def __init__(self, proc_params: Any) -> None:
        super().__init__(proc_params)
        self.waiting = np.zeros(proc_params["shape"], np.int32)
        self.interval: int = proc_params["reset_interval"]
        self.offset: int = proc_params["reset_offset"]

    def receive(self) -> np.ndarray:
        """Take in this step's activation."""
        return self.a_in.recv()

    def run_spk(self) -> None:
        """Charge the neurons that do not wait, send spikes, reset."""
        activation = self.receive()
        if self.time_step % self.interval == self.offset:
            for state in (self.u, self.v, self.waiting):
                state[:] = 0
        self.scale_bias()
        before, waits = self.v.copy(), self.waiting > 0
        self.subthr_dynamics(activation)
        self.v[waits] = before[waits]
        spikes = np.where(waits, 0, self._fire())
        self._reset(spikes != 0)
        self.s_out.send(spikes.astype(np.int32))

    def _fire(self) -> np.ndarray:
        spikes = (self.v > self._theta).astype(np.int32)
        low = self.proc_params["vth_low"]
        return spikes if low is None else spikes - (self.v < low << self.vth_shift)

    def _reset(self, fired: np.ndarray) -> None:
        after = self.v - self._theta if self.proc_params["reset"] == "subtract" else 0
        self.v[:] = np.where(fired, after, self.v)
        self.waiting[:] = np.where(fired, self.proc_params["refractory"], np.maximum(self.waiting - 1, 0))

    @property
    def _theta(self) -> np.ndarray:
        return self.vth << self.vth_shift


@implements(proc=Neurons, protocol=LoihiProtocol)
@requires(CPU)
@tag("fixed_pt")
class NeuronsModel(AbstractNeuronsModel):
    """Behaviour of `Neurons`."""


@implements(proc=DividedNeurons, protocol=LoihiProtocol)
@requires(CPU)
@tag("fixed_pt")
class DividedNeuronsModel(AbstractNeuronsModel):
    """Behaviour of `DividedNeurons`."""

    d_in: PyInPort = LavaPyType(PyInPort.VEC_DENSE, np.int32, precision=24)

    def receive(self) -> np.ndarray:
        """Divide one sum by the other; the reciprocal comes from a look-up of the divisor's leading bits."""
        dividend, divisor = self.a_in.recv().astype(np.int64), self.d_in.recv().astype(np.int64)
        bits, shift = self.proc_params["reciprocal_bits"], self.proc_params["quotient_exp"]
        divisor = np.maximum(divisor, self.proc_params["divisor_min"])
        power = np.frexp(divisor.astype(np.float64))[1].astype(np.int64) - 1
        if bits:
            place = ((divisor << bits) >> power) - (1 << bits)
            quotient = ((dividend * _reciprocals(bits)[place]) << shift) >> (power + RECIPROCAL_EXP)
        else:
            power += divisor * divisor > 1 << (2 * power + 1)  # the nearest power of two, by ratio
            quotient = (dividend << shift) >> power
        return np.clip(quotient, -QUOTIENT_LIMIT, QUOTIENT_LIMIT).astype(np.int32)


def _reciprocals(bits: int) -> np.ndarray:
    """Reciprocals of the middles of the intervals of 1.m, (2**bits,)."""
    middles = 1 + (np.arange(1 << bits) + 0.5) / (1 << bits)
    return np.rint((1 << RECIPROCAL_EXP) / middles).astype(np.int64)
