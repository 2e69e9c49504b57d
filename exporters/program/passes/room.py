"""What a population at some scale asks of its registers, whatever the input, and which register is too small for it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from ..program import READOUT_LIMIT, STATE_LIMIT, VTH_MAX
from .decays import current_memory, current_register, membrane_memory, membrane_register
from .groups import Groups
from .network import Floats, Neurons
from .scale import BIAS_EXPONENT_MAX, BIAS_MANTISSA_MAX

_TOLD = {
    "bias": ("bias (13 bits << 7)", "lower the bias or the leak, or raise the weights"),
    "sum": ("current (24 bits)", "shrink the largest weights, the fan-in, the width of events or tau_syn"),
    "membrane": ("membrane (24 bits)", "shorten the samples, let the membrane leak, or shrink the largest weights"),
    "readout": ("membrane of a readout (17 bits << 6)", "shorten the samples, or shrink the largest weights"),
    "large threshold": ("threshold (17 bits)", "raise the weights or lower the threshold"),
    "small threshold": ("threshold (17 bits)", "shrink the largest weights or raise the threshold"),
}
"""Every register as it is told, and the remedy where it is too small."""


@dataclass(frozen=True, eq=False)
class Need:
    """What one register has to hold.

    Attributes
    ----------
    what : str
        Key of `_TOLD`.
    value : (groups,) array
        What is asked of it, in its own units.
    limit : int
        Most that it holds, or least.
    least : bool
    of : (size,) array, optional
        What every neuron asks of it, in any unit.
    """

    what: str
    value: Floats
    limit: int
    least: bool = False
    of: Floats | None = None

    @property
    def met(self) -> NDArray[np.bool_]:
        """Whether the register holds it, (groups,) bool."""
        return self.value >= self.limit if self.least else self.value <= self.limit


@dataclass(frozen=True, eq=False)
class Room:
    """Registers of one population.

    Attributes
    ----------
    neurons : Neurons
    bias : (size,) array
        Of all projections and the drift together, per row.
    groups : Groups
    steps : int or None
        Rows of a sample, None if unknown.
    """

    neurons: Neurons
    bias: Floats
    groups: Groups
    steps: int | None

    @cached_property
    def _memories(self) -> tuple[float, float, float]:
        """By how much a constant input can grow in the current, for ever and in a sample, and in the membrane.

        A membrane stops where its register ends, a current wraps: it must never get there, however long a sample is.
        """
        du, dv = current_register(self.neurons), membrane_register(self.neurons)
        return current_memory(du), current_memory(du, self.steps), membrane_memory(dv, self.steps)

    @cached_property
    def _largest(self) -> tuple[Floats, Floats, Floats]:
        """Of every group the largest bias, the largest and the smallest threshold."""
        largest, of = self.groups.largest, self.groups.of_neuron
        theta = self.neurons.threshold
        return largest(np.abs(np.broadcast_to(self.bias, of.shape)), of), largest(theta, of), 1 / largest(1 / theta, of)

    def needs(self, s: Floats, e: int, reach: Floats) -> list[Need]:
        """What every register has to hold.

        Parameters
        ----------
        s : (groups,) array
            Grid units per float unit.
        e : int
            Exponent of the weights.
        reach : (groups,) array
            Largest magnitude of the summed input of a row, in units of the accumulator.
        """
        n, (bias, high, low) = self.neurons, self._largest
        bias = bias * s * 2.0 ** (e + 6)
        for_ever, in_sample, membrane = self._memories
        entering = 64 * reach * in_sample + bias * (1 + 2**-11)  # its rounding is below half a mantissa unit
        state = entering * membrane
        found = [
            Need("bias", bias, BIAS_MANTISSA_MAX << BIAS_EXPONENT_MAX, of=np.abs(self.bias)),
            Need("sum", 64 * reach * for_ever, STATE_LIMIT),
            Need("membrane", state, STATE_LIMIT) if n.spiking else Need("readout", state, READOUT_LIMIT),
        ]
        if n.spiking:
            found.append(Need("large threshold", np.rint(high * s * 2.0**e), VTH_MAX, of=n.threshold))
            found.append(Need("small threshold", np.rint(low * s * 2.0**e), 1, least=True, of=1 / n.threshold))
        return found

    def fits(self, s: Floats, e: int, reach: Floats) -> NDArray[np.bool_]:
        """Whether every register of a group holds what it has to, (groups,) bool."""
        return np.logical_and.reduce([need.met for need in self.needs(s, e, reach)])

    def is_full(self, s: Floats, e: int) -> NDArray[np.bool_]:
        """Whether twice the scale would be too much for the threshold register, (groups,) bool."""
        return 2 * self._largest[1] * s * 2.0**e > VTH_MAX

    def missing(self, s: Floats, e: int, reach: Floats) -> tuple[int, float]:
        """How many registers are too small, and by how much the worst is, as a factor."""
        unmet = [need for need in self.needs(s, e, reach) if not need.met.all()]
        with np.errstate(divide="ignore"):
            factors = [(n.limit / n.value.min()) if n.least else (n.value.max() / n.limit) for n in unmet]
        return len(unmet), float(max(factors, default=0.0))

    def violations(self, s: Floats, e: int, reach: Floats) -> Iterator[str]:
        """One sentence for every register that is too small: which, of what neurons, actual against limit, remedy."""
        for need in self.needs(s, e, reach):
            bad = np.flatnonzero(~need.met)
            if bad.size:
                worst = int(bad[np.argmin(need.value[bad]) if need.least else np.argmax(need.value[bad])])
                who = f"population {self.neurons.name!r}{self._who(worst, need.of)}"
                register, remedy = _TOLD[need.what]
                side = "least" if need.least else "limit"
                yield f"{who}: {register} comes to {need.value[worst]:.4g}, {side} {need.limit}; {remedy}"

    def _who(self, group: int, asked: Floats | None) -> str:
        """Name the neuron, or the channel, that asks most of a register."""
        if self.groups.count > 1:
            return f", {'neuron' if self.groups.count == len(self.neurons.keep) else 'channel'} {group}"
        return f", neuron {asked.argmax()}" if asked is not None and np.ptp(asked) else ""
