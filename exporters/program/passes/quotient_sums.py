"""One port of a population behind an E-I circuit: its weights per event, and what arrives on the calibration."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from ....models.errors import NumericRangeError
from ..choices import Choices
from ..grid import round_to_grid
from ..program import Input, Projection, SignMode
from .activity import Activity
from .linear import Dense, Floats
from .moments import FAN_IN, Together
from .network import Network, Neurons, Port, Synapses
from .ratio import ZOOM_MAX, Side
from .registers import one_if_equal
from .rounding import compensated
from .scale import largest_weight

_SUM_LIMIT = 2**31
_RATE = 0.25
"""Events of a source in its range, as long as no calibration shows them."""
_ROWS = 4096
"""Rows of the calibration that are looked at."""


@dataclass(frozen=True, eq=False)
class Sum:
    """Synapses that end in one port.

    Attributes
    ----------
    synapses : list of Synapses
        With weights per event.
    side : Side
        All their weights side by side.
    ranges : list of (int, bool)
        Bits of the events of every source, and whether they can be negative.
    events : list of (rows, pre) arrays, or None
        What arrives on the calibration, by synapses.
    together : Together or None
        Mean products of the events, relative to the mean divisor, with which the weights' errors make up for each
        other; None rounds every weight to the nearest.
    """

    synapses: list[Synapses]
    side: Side
    ranges: list[tuple[int, bool]]
    events: list[Floats] | None
    together: Together | None = None

    @property
    def signed(self) -> bool:
        """Whether an event can be negative."""
        return any(signed for _, signed in self.ranges)

    @cached_property
    def sums(self) -> Floats | None:
        """Float sums on the calibration, (rows, size), each delay taken for none."""
        if self.events is None:
            return None
        return sum((e @ s.weight.values.T for e, s in zip(self.events, self.synapses, strict=True)), np.zeros((1, 1)))

    def largest_exponent(self, limit: int) -> int:
        """Largest exponent, up to `limit`, with which no sum passes 32 bits, whatever the scales and the input.

        Raises
        ------
        NumericRangeError
            If the smallest one is not enough.
        """
        # Rounding doubles a weight at most.
        room = np.where(np.isfinite(self.side.room), self.side.room, 0.0) * ZOOM_MAX * 2
        most = float(((np.abs(self.side.weight) * room[:, None]) @ self._peaks).max(initial=0.0)) or 1.0
        delays = sum(np.unique(s.delay).size for s in self.synapses)
        found = int(np.floor(np.log2((_SUM_LIMIT - 1 - delays) / most)))
        if found < -limit:
            raise NumericRangeError(
                f"Projection {self.synapses[0].name!r}: sums reach {most:.1e}, more than 32 bits hold; give the input "
                "fewer bits."
            )
        return min(found, limit)

    def projections(self, scale: Floats, exponent: int) -> list[Projection]:
        """Weights on the grid at the scales of the rows, (size,)."""
        bits, mode = self.side.bits, self.side.mode
        weights = round_to_grid(self.side.weight * scale[:, None], bits, mode)
        if self.together is not None:
            sought = compensated(self.side.weight, scale[:, None], self.together, bits, mode)
            weights = sought if self._largest(sought) * 2.0**exponent < _SUM_LIMIT else weights
        parts = np.split(weights, np.cumsum([s.weight.shape[1] for s in self.synapses])[:-1], axis=1)
        unit = one_if_equal(1 / scale)
        return [
            Projection(s.name, s.source, s.target, part, exponent, mode, bits, s.delay, port=s.port, unit=unit)
            for s, part in zip(self.synapses, parts, strict=True)
        ]

    def _largest(self, weights: NDArray[np.int16]) -> float:
        """Largest magnitude of the sum over integer weights (size, n)."""
        return float((np.abs(weights.astype(np.float64)) @ self._peaks).max(initial=0.0))

    @property
    def _peaks(self) -> Floats:
        """Largest magnitude of every event, (n,)."""
        pairs = zip(self.synapses, self.ranges, strict=True)
        return np.concatenate([np.full(s.weight.shape[1], (1 << bits) - 1.0) for s, (bits, _) in pairs])

    def largest_sums(self, projections: list[Projection]) -> list[float]:
        """Largest magnitude of the sum of every projection."""
        return [Dense(p.weights).largest_sum(*events) for p, events in zip(projections, self.ranges, strict=True)]


def sums_of(
    network: Network, neurons: Neurons, inputs: dict[str, Input], choices: Choices, activity: Activity | None
) -> tuple[Sum, Sum]:
    """Numerator and divisor of `neurons`; parameters are those of `divide_population`.

    Events count relative to the mean divisor of their row, because an error of both sums is one of their quotient.

    Raises
    ------
    NumericRangeError
        If one bit has to hold weights of both signs.
    """
    divisor = _sum_of(network, neurons, inputs, choices, activity, "divisor", None)
    size = None if divisor.sums is None else divisor.sums.mean(1)
    numerator, divisor = (
        _sum_of(network, neurons, inputs, choices, activity, port, size) for port in ("current", "divisor")
    )
    return numerator, divisor


def _sum_of(
    network: Network,
    neurons: Neurons,
    inputs: dict[str, Input],
    choices: Choices,
    activity: Activity | None,
    port: Port,
    size: Floats | None,
) -> Sum:
    """Synapses of `neurons` at `port`, their events divided by `size` (rows,) where means are taken."""
    synapses = [_per_event(s, inputs.get(s.source)) for s in network.into(neurons.name) if s.port == port]
    weight = np.concatenate([s.weight.values for s in synapses], 1)
    mode: SignMode = "excitatory" if (weight >= 0).all() else "inhibitory" if (weight <= 0).all() else "mixed"
    bits = min(choices.bits_of(s.name, neurons.name) for s in synapses)
    if not largest_weight(bits, mode):
        raise NumericRangeError(
            f"The grid of {bits} bit has no positive weight beside negative ones; take 2 bits or more for "
            f"projection {synapses[0].name!r}."
        )
    ranges = [_range(inputs.get(s.source)) for s in synapses]
    events, together = None if activity is None else _events(activity, synapses), None
    if events is None:
        peaks = np.concatenate(
            [np.full(s.weight.shape[1], (1 << r[0]) - 1.0) for s, r in zip(synapses, ranges, strict=True)]
        )
        mean, variance = _RATE * peaks, _RATE * (1 - _RATE) * peaks**2
    else:
        every = np.concatenate(events, 1)
        if size is not None:
            every = np.divide(every, size[:, None], out=np.zeros_like(every), where=size[:, None] > 0)
        mean, variance = every.mean(0), every.var(0)
        if choices.rounding == "compensated" and every.shape[1] <= FAN_IN:
            together = Together((every.T @ every / len(every))[None])
    return Sum(synapses, Side(weight, mean, variance, bits, mode), ranges, events, together)


def _per_event(s: Synapses, port: Input | None) -> Synapses:
    scale = 1.0 if port is None else port.scale
    return Synapses(s.name, s.source, s.target, Dense(s.weight.values / scale), s.delay, s.port, s.circuit)


def _range(port: Input | None) -> tuple[int, bool]:
    return (1, False) if port is None else (port.bits, port.kind == "graded")


def _events(activity: Activity, synapses: list[Synapses]) -> list[Floats]:
    """Events of the synapses' sources, as many rows of each."""
    given = [np.asarray(activity.events[s.source], np.float64) for s in synapses]
    rows = max(len(e) for e in given)
    some = np.unique(np.linspace(0, rows - 1, min(rows, _ROWS)).astype(int))
    return [np.broadcast_to(e, (rows, e.shape[1]))[some] for e in given]
