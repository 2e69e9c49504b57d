"""When a membrane fires, how often, and where that leaves it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import nir
import numpy as np
from numpy.typing import NDArray

from ...models.errors import NumericRangeError
from .semantics import Semantics

Rows = NDArray[np.float64]
Fire = Callable[[Rows, Any], tuple[Rows, Rows, Rows]]
"""(driven membrane u, membrane w left by the step before) -> (spikes s, membrane before the reset, membrane left)."""


def make_fire(node: Any, semantics: Semantics) -> Fire:
    """Return the firing of a spiking node with threshold th; s(v) is [v > th] or [v >= th], 0 or 1.

    Resets, u the driven membrane and w what is left for the next step:

    - "zero": w = v_reset where it fires (NIR's own).
    - "subtract": w = u - th s(u).
    - "subtract_late": u' = u - th s(w[t-1]), w = u'; the spike of a step is taken off in the next, after the leak
      (snnTorch 1.0.0, Leaky and Synaptic with reset_delay=True, leaky.py).
    - "subtract_once": q = s(w[t-1]), u' = u - th q, w = u' - th (s(u') - q); nothing is taken off twice, and a
      membrane that falls silent after a double crossing gets its threshold back (the same with reset_delay=False).

    `multi_spike` makes s(v) = floor(v / th) where it fires (Sinabs 3.1.0, MultiSpike; Rockpool). `v_floor` keeps the
    membrane of an IF at or above -th (Sinabs, min_v_mem).

    Raises
    ------
    NumericRangeError
        For several spikes in a step at a threshold of 0.
    """
    threshold = np.asarray(node.v_threshold, np.float64)
    count = _count(threshold, semantics)
    floor = -threshold if semantics.v_floor and isinstance(node, nir.IF) else -np.inf
    reset = semantics.reset

    def fire(u: Rows, before: Any) -> tuple[Rows, Rows, Rows]:
        taken = count(np.asarray(before)) if reset in ("subtract_late", "subtract_once") else 0.0
        v = np.maximum(u - threshold * taken, floor)
        spikes = count(v)
        if reset == "zero":
            return spikes, v, np.where(spikes > 0, node.v_reset, v)
        if reset == "subtract_late":
            return spikes, v, v
        return spikes, v, v - threshold * (spikes - taken)

    return fire


def _count(threshold: Rows, semantics: Semantics) -> Callable[[Rows], Rows]:
    fires = np.greater if semantics.spike_op == ">" else np.greater_equal
    if not semantics.multi_spike:
        return lambda v: fires(v, threshold).astype(np.float64)
    if (threshold <= 0).any():
        raise NumericRangeError(
            f"A threshold of {threshold.min():g} with several spikes a step ({semantics.origin['multi_spike']}) fires "
            "without end; thresholds must be > 0, or give multi_spike=False."
        )
    return lambda v: np.where(fires(v, threshold), np.floor(v / threshold), 0.0)
