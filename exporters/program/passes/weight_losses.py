"""What rounding the weights of a projection lost."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..grid import grid_range, grid_step
from ..losses import Loss
from ..program import Projection
from .groups import row_peaks
from .network import Synapses
from .scale import lossless_exponent
from .windows import Window


def weight_losses(s: Synapses, p: Projection, only_nearest: bool) -> list[Loss]:
    """List what a projection into a membrane lost: its weights, bits of its sums, rows.

    Parameters
    ----------
    s : Synapses
        Weights per event, in thresholds.
    p : Projection
    only_nearest : bool
        Whether compensating the errors was asked for in vain.
    """
    found = [weights_loss(s, p, only_nearest)]
    if floors(p):
        unit = float(np.max(p.unit)) / 2.0**p.weight_exp
        found.append(Loss(p.name, f"summed input is floored to steps of {unit:.2e} of a threshold", "floor"))
    live = s.weight.live_rows
    gone = live & ~s.weight.with_values(p.weights).live_rows
    if gone.any():
        found.append(Loss(p.name, _vanished(s, live, gone), "rows"))
    return found


def weights_loss(s: Synapses, p: Projection, only_nearest: bool) -> Loss:
    """How wrong the weights on the grid are; parameters are those of `weight_losses`, in any unit."""
    exact, unit = s.weight.values, p.unit[s.weight.row] if isinstance(p.unit, np.ndarray) else p.unit
    size = float(np.sqrt((exact**2).mean()))
    error = float(np.sqrt(((p.weights * unit - exact) ** 2).mean()))
    share = error / size if size else 0.0
    used = len(np.unique(p.weights))
    what = f"weights on {p.weight_bits} bits: RMS error {share:.2%} of their RMS, {used} grid values used"
    step, (low, high) = grid_step(p.weight_bits, p.sign_mode), grid_range(p.weight_bits, p.sign_mode)
    low = max(low, -high) if p.sign_mode == "mixed" else low
    clipped = ((exact / unit > high + step / 2) | (exact / unit < low - step / 2)).mean()
    what += f", {clipped:.2%} of them clipped" if clipped else ""
    what += ", each to the nearest" if only_nearest else ""
    return Loss(p.name, what, "weights")


def floors(p: Projection) -> bool:
    """Whether a right shift drops bits of the sums."""
    return p.weight_exp < lossless_exponent(p.weight_bits, p.sign_mode)


def _vanished(s: Synapses, live: NDArray[np.bool_], gone: NDArray[np.bool_]) -> str:
    """Say which rows have rounded to zero, and whether they are small or another one is large."""
    peaks = row_peaks(s.weight)
    what, some = "channels" if isinstance(s.weight, Window) else "rows", np.flatnonzero(gone)
    first = ", ".join(map(str, some[:5])) + (", ..." if len(some) > 5 else "")
    largest, median = int(peaks.argmax()), float(np.median(peaks[live]))
    told = f"{len(some)} of {len(live)} {what} round to zero ({first}); "
    if peaks[some].max() < median / 100 or len(some) < len(live) / 2:
        return told + (
            f"their largest weight is {peaks[some].max():.1e} of a threshold, that of the median {what[:-1]} "
            f"{median:.1e}: these neurons hardly ever spike, look at their thresholds"
        )
    return told + (
        f"an outlier sets the scale: {what[:-1]} {largest} reaches {peaks[largest]:.1e} of a threshold, the median is "
        f'{median:.1e}; look at its threshold, or give every neuron its registers (rows="registers")'
    )
