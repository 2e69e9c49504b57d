"""Choosing a population's scale.

* "max": S spans the grid with the largest weight; the largest exponent whose registers fit; where none does, half the
  grid, and so on.
* "percentile": the same with the weight that so many percent do not exceed; larger ones are clipped.
* "squared_error": S and exponent, whose registers fit, with the smallest mean square of what is wrong in what enters a
  membrane in one row, in thresholds: rounded and clipped weights under the events of the calibration (`moments`),
  thresholds, biases, floored sums, cut states. S is moved a little so that thresholds come near whole numbers.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
from numpy.typing import NDArray

from ....models.errors import NumericRangeError
from .groups import row_peaks
from .network import Floats
from .scale import Scale, largest_weight
from .task import Measured, Task
from .windows import Window

_FACTORS = (1.0, *np.geomspace(0.8, 8.0, 18))
"""S of "squared_error" in units of that of "max": beyond 1 the largest weights are clipped."""
_NEAR = np.linspace(0.94, 1.06, 7)
"""S that are tried in the end, in units of the best one."""
_ABOUT = (1.0, *np.geomspace(0.5, 1.4, 9))
"""The same for compensated weights, which need less clipping."""
_HALVINGS = range(9)
"""How often S is halved until a population fits."""
_HALVINGS_OF_A_ROW = (*np.arange(0, 8, 0.5), *range(8, 25))
"""The same of a neuron with a scale of its own."""


_FAR = 1000.0
"""How many times larger than the median row an outlier is."""


def choose_scale(task: Task, method: str, spanned: float, rounding: str) -> tuple[Scale, str]:
    """Scale of a population by one of the methods above, and how its weights are to be rounded.

    The widest grid spans the weight that `spanned` percent of the weights do not exceed. Compensated weights can sum up
    to more than the nearest ones. Where they fit at no exponent, nearest ones are taken.

    Raises
    ------
    NumericRangeError
        If one bit has to hold weights of both signs, or no scale fits all registers; one violation for each.
    """
    bad = [name for name, mode in task.modes.items() if not largest_weight(task.bits[name], mode)]
    if bad:
        what = "1 bit holds one sign and its weights have both; take 2 bits or more"
        raise NumericRangeError("The grid has no positive weight:", [f"projection {name!r}: {what}" for name in bad])
    full, spare = task.full(task.peaks(spanned))
    found = _least_error(task, full, spare) if method == "squared_error" else _widest(task, full, spare)
    if task.live.any() and not task.measure(found).alive.any():
        raise _nothing_fits(task, _halved(task, full), spare)
    if rounding == "compensated" and task.correlated:
        other, steps = task.with_rounding(rounding), _ABOUT if method == "squared_error" else ()
        for e in (found.e, found.e - 1):
            near = _near(other, found.s, e, spare, steps) if e in task.exponents else None
            if near is not None:
                return near, rounding
    near = _near(task, found.s, found.e, spare, _NEAR) if method == "squared_error" else None
    return near or found, "nearest"


def _widest(task: Task, full: Floats, spare: dict[str, int]) -> Scale:
    """Fewest halvings first, then the largest exponent; of several groups the exponent with the smallest error."""
    tried = _halved(task, full)
    if task.groups.count == 1:
        for s in tried:
            for e in task.exponents:
                if _fits(task, task.scale(s, e, spare)).all():
                    return task.scale(s, e, spare)
        raise _nothing_fits(task, tried, spare)
    found: list[tuple[float, int, Floats]] = []
    for e in task.exponents:
        s, open_ = full, np.ones(task.groups.count, bool)
        for halved in tried:
            s = np.where(open_, halved, s)
            open_ &= ~_fits(task, task.scale(s, e, spare))
            if not open_.any():
                _, cost, _ = _best(task, [s], e, spare, whole=True)
                found.append((float(cost.sum()), -e, s))
                break
    if not found:
        raise _nothing_fits(task, tried, spare)
    _, minus_e, s = min(found, key=lambda f: f[:2])
    return task.scale(s, -minus_e, spare)


def _least_error(task: Task, full: Floats, spare: dict[str, int]) -> Scale:
    """S of every group and the exponent with the smallest error, over all factors of `full`."""
    tried = [full * factor for factor in _FACTORS]
    best, found = np.inf, None
    for e in task.exponents:
        s, cost, settled = _best(task, tried, e, spare)
        if not np.isfinite(cost).all():
            less, smaller, _ = _best(task, _halved(task, full), e, spare)
            s, cost = np.where(np.isfinite(cost), s, less), np.minimum(cost, smaller)
        if cost.sum() < best:
            best, found = cost.sum(), (s, e)
        if settled:
            break
    if found is None:
        raise _nothing_fits(task, _halved(task, full), spare)
    return task.scale(*found, spare)


def _near(task: Task, s: Floats, e: int, spare: dict[str, int], factors: Iterable[float]) -> Scale | None:
    """Best of `s` and its multiples, of spiking neurons with whole thresholds too; None if a group fits with none."""
    others = [s * factor for factor in factors]
    if task.neurons.spiking:
        unit = task.groups.largest(task.neurons.threshold, task.groups.of_neuron) * 2.0**e
        others = [np.maximum(np.rint(t * unit), 1) / unit for t in others]
    found, cost, _ = _best(task, [s, *others], e, spare, whole=True)
    return task.scale(found, e, spare) if np.isfinite(cost).all() else None


def _best(
    task: Task, tried: Iterable[Floats], e: int, spare: dict[str, int], whole: bool = False
) -> tuple[Floats, Floats, bool]:
    """Of every group the S with the smallest error and that error, infinite if none fits; whether none would be better.

    A smaller exponent never makes an error smaller: if the best S of all fits, no other exponent need be tried.
    """
    found, cost, wanted = (np.full(task.groups.count, n) for n in (1.0, np.inf, np.inf))
    for s in tried:
        scale = task.scale(s, e, spare)
        measured = task.measure(scale)
        error = measured.error + task.roundings(scale, whole)
        fitting = np.where(_fits(task, scale, measured), error, np.inf)
        found, cost, wanted = np.where(fitting < cost, s, found), np.minimum(fitting, cost), np.minimum(error, wanted)
    return found, cost, bool((cost <= wanted).all())


def _fits(task: Task, scale: Scale, measured: Measured | None = None) -> NDArray[np.bool_]:
    """Whether every group fits its registers and has weights left.

    A neuron with a scale of its own may vanish where its threshold register leaves no finer scale.
    """
    measured = measured or task.measure(scale)
    gone = task.live & ~measured.alive
    if task.groups.count > 1:
        gone &= ~task.room.is_full(scale.s, scale.e)
    return task.room.fits(scale.s, scale.e, measured.reach) & ~gone


def _halved(task: Task, full: Floats) -> list[Floats]:
    return [full / 2.0**n for n in (_HALVINGS if task.groups.count == 1 else _HALVINGS_OF_A_ROW)]


def _nothing_fits(task: Task, tried: list[Floats], spare: dict[str, int]) -> NumericRangeError:
    """What is too small at the scale at which least is missing."""
    every = [(scale, task.measure(scale)) for s in tried for e in task.exponents for scale in [task.scale(s, e, spare)]]
    alive = [(scale, found) for scale, found in every if found.alive.any() or not task.live.any()] or every[:1]
    scale, found = min(alive, key=lambda one: task.room.missing(one[0].s, one[0].e, one[1].reach))
    told = task.room.violations(scale.s, scale.e, found.reach)
    return NumericRangeError("At no scale a population fits its registers:", [*told, *_outliers(task)])


def _outliers(task: Task) -> Iterator[str]:
    """Name rows that are far larger than their likes: one scale has to hold them all."""
    for s in task.synapses if task.groups.count == 1 else ():
        peaks = row_peaks(s.weight)
        worst, median = int(peaks.argmax()), float(np.median(peaks))
        if peaks[worst] > _FAR * median > 0:
            what = "channel" if isinstance(s.weight, Window) else "neuron"
            yield (
                f"projection {s.name!r}, {what} {worst}: weights reach {peaks[worst]:.1e} of the threshold, those of "
                f"the median {what} {median:.1e}; look at its threshold"
            )
