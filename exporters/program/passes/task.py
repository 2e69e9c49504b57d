"""A population whose scale is to be chosen: what a scale makes of its weights, and how wrong that is."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from ..grid import round_to_grid
from ..program import Input, SignMode
from .groups import Groups
from .inputs import event_range
from .linear import LinearMap, Numbers
from .moments import Moments, Together
from .network import Floats, Neurons, Synapses
from .room import Room
from .rounding import compensated
from .scale import BIAS_MANTISSA_MAX, Scale, largest_weight, lossless_exponent
from .windows import Window

EXPONENTS = range(7, -8, -1)


@dataclass(frozen=True, eq=False)
class Measured:
    """What weights at some scale come to.

    Attributes
    ----------
    reach : (groups,) array
        Largest magnitude of a row's summed input, in units of the accumulator.
    error : (groups,) array
        Mean square of what the weights' errors add to it, in float units.
    alive : (groups,) array
        Whether a weight is left that has not rounded to zero.
    """

    reach: Floats
    error: Floats
    alive: NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Task:
    """A population whose scale is to be chosen.

    Attributes
    ----------
    neurons : Neurons
    synapses : list of Synapses
        All that end there, weights per event of the source.
    modes : dict of str to {"mixed", "excitatory", "inhibitory"}
    bits : dict of str to int
    ports : dict of str to Input
        Inputs of the program by name.
    moments : dict of str to Moments
    room : Room
    rounding : {"nearest", "compensated"}
    """

    neurons: Neurons
    synapses: list[Synapses]
    modes: dict[str, SignMode]
    bits: dict[str, int]
    ports: dict[str, Input]
    moments: dict[str, Moments]
    room: Room
    rounding: str = "nearest"
    _kept: dict[tuple[str, bytes], Measured] = field(default_factory=dict)

    @property
    def groups(self) -> Groups:
        """Neurons that share a scale."""
        return self.room.groups

    @cached_property
    def lossless(self) -> dict[str, int]:
        """Smallest exponent of every projection that drops no bit."""
        return {n: max(lossless_exponent(self.bits[n], mode), EXPONENTS[-1]) for n, mode in self.modes.items()}

    @cached_property
    def delays(self) -> dict[str, int]:
        """How many different delays every projection has."""
        return {s.name: np.unique(s.delay).size for s in self.synapses}

    @cached_property
    def exponents(self) -> list[int]:
        """Exponents from the largest on; the sums of windows are never floored."""
        windows = [self.lossless[s.name] for s in self.synapses if isinstance(s.weight, Window)]
        return [e for e in EXPONENTS if e >= max(windows, default=EXPONENTS[-1])]

    @cached_property
    def live(self) -> NDArray[np.bool_]:
        """Whether a group has weights other than zero."""
        return np.logical_or.reduce([self._alive(s, s.weight) for s in self.synapses] or [np.zeros(1, np.bool_)])

    def _alive(self, s: Synapses, weight: LinearMap) -> NDArray[np.bool_]:
        return self.groups.largest(weight.live_rows.astype(np.float64), self.groups.of_row[s.name]) > 0

    @cached_property
    def correlated(self) -> bool:
        """Whether it is known of a projection which of its events come together."""
        return any(isinstance(moments, Together) for moments in self.moments.values())

    def peaks(self, percentile: float = 100.0) -> dict[str, Floats]:
        """Weight of every projection and group that so many percent of the others do not exceed; 0 for no weight."""
        return {s.name: self._peak(s, percentile) for s in self.synapses}

    def _peak(self, s: Synapses, percentile: float) -> Floats:
        sizes = np.abs(s.weight.values).reshape(-1)
        group = np.broadcast_to(self.groups.of_row[s.name][s.weight.row], s.weight.values.shape).reshape(-1)
        if percentile == 100.0:
            return self.groups.largest(sizes, group)
        live = sizes > 0
        order = np.argsort(group[live], kind="stable")
        ends = np.cumsum(np.bincount(group[live], minlength=self.groups.count))[:-1]
        by_group = np.split(sizes[live][order], ends)
        return np.array([np.percentile(weights, percentile) if weights.size else 0.0 for weights in by_group])

    def full(self, peaks: dict[str, Floats]) -> tuple[Floats, dict[str, int]]:
        """S that spans the grid with the given peaks, and by how many halvings other projections could be finer."""
        room = {
            name: np.divide(largest_weight(self.bits[name], self.modes[name]), p, np.full_like(p, np.inf), where=p > 0)
            for name, p in peaks.items()
        }
        full = np.minimum.reduce([*room.values(), np.full(self.groups.count, np.inf)])
        live = np.isfinite(full)
        full = np.where(live, full, np.median(full[live]) if live.any() else 64.0)
        spare = {name: np.floor(np.log2((r / full)[np.isfinite(r)])).min(initial=np.inf) for name, r in room.items()}
        return full, {name: int(n) for name, n in spare.items() if np.isfinite(n)}

    def scale(self, s: Floats, e: int, spare: dict[str, int]) -> Scale:
        """Scale with grids as fine as they can be while sums stay whole."""
        finer = {name: min(n, e - self.lossless[name]) for name, n in spare.items()}
        return Scale(s, e, self.groups, {name: n for name, n in finer.items() if n > 0})

    def with_rounding(self, rounding: str) -> Task:
        """Return the same population with weights rounded otherwise."""
        return replace(self, rounding=rounding, _kept={})

    def compensates(self, s: Synapses) -> bool:
        """Whether weights of `s` are rounded so that their errors cancel."""
        return self.rounding == "compensated" and isinstance(self.moments[s.name], Together)

    def rounded(self, s: Synapses, scale: Scale) -> NDArray[np.int16]:
        """Grid weights of one projection."""
        units, moments = scale.of(s.name)[0][s.weight.row], self.moments[s.name]
        bits, mode = self.bits[s.name], self.modes[s.name]
        if self.compensates(s) and isinstance(moments, Together):
            return compensated(s.weight.values, units, moments, bits, mode)
        return round_to_grid(s.weight.values * units, bits, mode)

    def reach(self, s: Synapses, weights: Numbers) -> Floats:
        """Largest magnitude of the sum of one projection before its shift, (groups,)."""
        sums = s.weight.with_values(weights).largest_sums(*event_range(self.ports.get(s.source)))
        return self.groups.largest(sums, self.groups.of_neuron)

    def shifted(self, s: Synapses, whole: Floats, e: int) -> Floats:
        """Sums in units of the accumulator; a right shift floors that of every delay, by less than a unit each."""
        return whole * 2.0**e + self.delays[s.name]

    def measure(self, scale: Scale) -> Measured:
        """Reach and error of the weights at `scale`."""
        reach, error = np.zeros(self.groups.count), np.zeros(self.groups.count)
        alive = np.zeros(self.groups.count, np.bool_)
        for s in self.synapses:
            one = self._of_projection(s, scale)
            reach = reach + self.shifted(s, one.reach, scale.of(s.name)[1])
            error, alive = error + one.error, alive | one.alive
        return Measured(reach, error, alive)

    def _of_projection(self, s: Synapses, scale: Scale) -> Measured:
        units, _ = scale.of(s.name)
        key = (s.name, units.tobytes())
        if key not in self._kept:
            weights = self.rounded(s, scale)
            off = self.moments[s.name].mean_square(weights / units[s.weight.row] - s.weight.values)
            error = self.groups.mean(off, self.groups.of_row[s.name])
            alive = self._alive(s, s.weight.with_values(weights))
            self._kept[key] = Measured(self.reach(s, weights), error, alive)
        return self._kept[key]

    def roundings(self, scale: Scale, thresholds: bool) -> Floats:
        """Mean square of the errors of bias, floored sums and cut states, and of `thresholds` if asked for, (groups,).

        A single threshold can be made whole by a small change of S, so that its error is none of the exponent's.
        """
        n, of = self.neurons, self.groups.of_neuron
        unit = 1 / (scale.s * 2.0**scale.e)
        floors = sum(self.delays[s.name] for s in self.synapses if scale.of(s.name)[1] < self.lossless[s.name])
        found = unit**2 * (floors**2 / 4 + floors / 12 + 2 * 64**-2 / 4)
        bias = self.groups.largest(np.abs(np.broadcast_to(self.room.bias, of.shape)), of)
        step = 2 ** np.ceil(np.log2(np.maximum(bias * 64 / unit / BIAS_MANTISSA_MAX, 1)))
        found = found + (bias > 0) * (step * unit / 64) ** 2 / 12
        if n.spiking and (thresholds or np.ptp(n.threshold)):
            exact = n.threshold / unit[of]
            found = found + self.groups.mean((np.rint(exact) / exact - 1) ** 2, of)
        return found
