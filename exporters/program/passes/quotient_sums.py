"""One port of a population behind an E-I circuit: its weights per event, and what arrives on the calibration."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from ....models.errors import NumericRangeError
from ..choices import Choices
from ..grid import round_to_grid
from ..program import Input, Projection
from .activity import Activity
from .inputs import event_range, per_event
from .linear import Dense, Floats
from .moments import FAN_IN, Together
from .network import Network, Neurons, Port, Synapses
from .ratio import ZOOM_MAX, Side
from .registers import one_if_equal
from .rounding import compensated
from .scale import largest_weight, sign_mode

GRID_MAX = 256.0
"""Largest magnitude of a weight on any grid."""
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
    only_nearest : bool
        Whether that was asked for in vain.
    """

    synapses: list[Synapses]
    side: Side
    ranges: list[tuple[int, bool]]
    events: list[Floats] | None
    together: Together | None = None
    only_nearest: bool = False

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
        # Rounding doubles a weight at most, and none is larger than the grid.
        room = np.where(np.isfinite(self.side.room), self.side.room, 0.0) * ZOOM_MAX * 2
        weights = np.minimum(np.abs(self.side.weight) * room[:, None], GRID_MAX)
        most = float((weights @ _peaks(self.synapses, self.ranges)).max(initial=0.0)) or 1.0
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
        return float((np.abs(weights.astype(np.float64)) @ _peaks(self.synapses, self.ranges)).max(initial=0.0))

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
    synapses = [per_event(s, inputs.get(s.source)) for s in network.into(neurons.name) if s.port == port]
    weight = np.concatenate([s.weight.values for s in synapses], 1)
    mode = sign_mode(weight)
    bits = min(choices.bits_of(s.name, neurons.name) for s in synapses)
    if not largest_weight(bits, mode):
        raise NumericRangeError(
            f"The grid of {bits} bit has no positive weight beside negative ones; take 2 bits or more for "
            f"projection {synapses[0].name!r}."
        )
    ranges = [event_range(inputs.get(s.source)) for s in synapses]
    events = None if activity is None else _events(activity, synapses)
    together = None
    if events is None:
        mean, variance = _unknown(synapses, ranges)
    else:
        every = _relative(events, size)
        mean, variance = every.mean(0), every.var(0)
        if choices.rounding == "compensated" and every.shape[1] <= FAN_IN:
            together = Together((every.T @ every / len(every))[None])
    side = Side(weight, mean, variance, bits, mode, choices.spanned)
    only_nearest = choices.rounding == "compensated" and together is None
    return Sum(synapses, side, ranges, events, together, only_nearest)


def _events(activity: Activity, synapses: list[Synapses]) -> list[Floats]:
    """Events of the synapses' sources, as many rows of each."""
    given = [np.asarray(activity.events[s.source], np.float64) for s in synapses]
    rows = max(len(e) for e in given)
    some = np.unique(np.linspace(0, rows - 1, min(rows, _ROWS)).astype(int))
    return [np.broadcast_to(e, (rows, e.shape[1]))[some] for e in given]


def _relative(events: list[Floats], size: Floats | None) -> Floats:
    """Events of all synapses side by side, every row divided by its `size`; 0 where that is not positive."""
    every = np.concatenate(events, 1)
    if size is None:
        return every
    return np.divide(every, size[:, None], out=np.zeros_like(every), where=size[:, None] > 0)


def _unknown(synapses: list[Synapses], ranges: list[tuple[int, bool]]) -> tuple[Floats, Floats]:
    """Mean and variance of events that no calibration shows."""
    peaks = _peaks(synapses, ranges)
    return _RATE * peaks, _RATE * (1 - _RATE) * peaks**2


def _peaks(synapses: list[Synapses], ranges: list[tuple[int, bool]]) -> Floats:
    """Largest magnitude of every event, (n,)."""
    pairs = zip(synapses, ranges, strict=True)
    return np.concatenate([np.full(s.weight.shape[1], (1 << bits) - 1.0) for s, (bits, _) in pairs])
