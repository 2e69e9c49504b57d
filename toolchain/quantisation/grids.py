"""How well the weights of a projection lie on their grid."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...exporters.program.grid import grid_range, grid_step
from ...exporters.program.passes.network import Network, Synapses
from ...exporters.program.program import Input, Population, Program, Projection

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Grid:
    """Weights of one projection; shares are of the stored weights.

    Attributes
    ----------
    projection, source : str
    bits : int
    sign_mode : str
    weights : int
        Stored weights; those of a window are shared.
    unit : (float, float)
        Smallest and largest float weight that the integer weight 1 stands for, over the rows; 0 if unknown.
    exponent : int
        The sum is shifted by it.
    floor : float
        Step in thresholds to which the sum is floored; 0 where the shift drops no bit.
    values_used, values_available : int
        Different weights that occur, and that the grid has between its symmetric ends.
    at_ends, zeros : float
        Shares of weights at an end of the grid, and of zeros.
    clipped, vanished : float or None
        Shares of weights that an end cut by more than half a step, and that were not zero before rounding; None where
        there is no float network.
    rows, rows_vanished : int
        Neurons (channels of a window), and those whose weights all rounded to zero.
    error : float or None
        RMS of the rounding over the RMS of the float weights.
    outlier : float
        Largest weight over the RMS of those that are not zero; of the float weights where they are known.
    """

    projection: str
    source: str
    bits: int
    sign_mode: str
    weights: int
    unit: tuple[float, float]
    exponent: int
    floor: float
    values_used: int
    values_available: int
    at_ends: float
    zeros: float
    clipped: float | None
    vanished: float | None
    rows: int
    rows_vanished: int
    error: float | None
    outlier: float


def grids_of(program: Program, population: str, network: Network | None) -> tuple[Grid, ...]:
    """Measure every projection into `population`.

    Parameters
    ----------
    program : Program
    population : str
    network : Network or None
        The float network that became `program`, after its thresholds were folded.
    """
    floats = {} if network is None else {s.name: s for s in network.synapses}
    membrane_unit = float(np.max(_population(program, population).membrane_unit))
    return tuple(_grid(program, p, floats.get(p.name), membrane_unit) for p in program.into(population))


def _grid(program: Program, p: Projection, s: Synapses | None, membrane_unit: float) -> Grid:
    step, (low, high) = grid_step(p.weight_bits, p.sign_mode), grid_range(p.weight_bits, p.sign_mode)
    low, w = max(low, -high) if p.sign_mode == "mixed" else low, p.weights.astype(np.int64)
    exact = _exact(program, p, s)
    live = _live_rows(w, p, s)
    known = None if exact is None else np.abs(exact) > 0
    ends = (w <= low) & (low < 0) | (w >= high) & (high > 0)
    lossless = p.weight_exp >= 0 or not (w & ((1 << -p.weight_exp) - 1)).any()
    return Grid(
        projection=p.name,
        source=p.source,
        bits=p.weight_bits,
        sign_mode=p.sign_mode,
        weights=w.size,
        unit=(float(np.min(p.unit)), float(np.max(p.unit))),
        exponent=p.weight_exp,
        floor=0.0 if lossless else 64 * membrane_unit,
        values_used=len(np.unique(w)),
        values_available=(high - low) // step + 1,
        at_ends=_share(ends),
        zeros=_share(w == 0),
        clipped=None if exact is None else _share((exact > high + step / 2) | (exact < low - step / 2)),
        vanished=None if known is None else _share(known & (w == 0)),
        rows=live.size,
        rows_vanished=0 if s is None else int((s.weight.live_rows & ~live).sum()),
        error=None if exact is None else _ratio(_rms(w - exact), _rms(exact)),
        outlier=_outlier(w.astype(np.float64) if exact is None else exact),
    )


def _exact(program: Program, p: Projection, s: Synapses | None) -> Floats | None:
    """The float weights in units of the integer ones; None where they or the units are unknown."""
    if s is None or s.weight.values.shape != p.weights.shape or not np.all(p.unit):
        return None
    source = program.source(p.source)
    per_event = source.scale if isinstance(source, Input) else 1.0
    unit = p.unit if np.ndim(p.unit) == 0 else np.asarray(p.unit)[s.weight.row]
    return np.asarray(s.weight.values / per_event / unit, np.float64)


def _live_rows(w: NDArray[np.int64], p: Projection, s: Synapses | None) -> NDArray[np.bool_]:
    if s is not None and s.weight.values.shape == w.shape:
        return s.weight.with_values(w).live_rows
    if p.indptr is not None:
        rows = np.repeat(np.arange(len(p.indptr) - 1), np.diff(p.indptr))
        return np.bincount(rows[w != 0], minlength=len(p.indptr) - 1) > 0
    return (w != 0).reshape(len(w), -1).any(1)


def _outlier(values: Floats) -> float:
    return _ratio(float(np.abs(values).max(initial=0.0)), _rms(values[values != 0]))


def _share(which: NDArray[np.bool_]) -> float:
    return float(which.mean()) if which.size else 0.0


def _rms(values: NDArray[np.floating]) -> float:
    return float(np.sqrt(np.mean(values**2))) if values.size else 0.0


def _ratio(a: float, b: float) -> float:
    return a / b if b else 0.0


def _population(program: Program, name: str) -> Population:
    return next(p for p in program.populations if p.name == name)
