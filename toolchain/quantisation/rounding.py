"""What the registers of a population lost against the float terms they hold."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...exporters.program.passes.decays import kept
from ...exporters.program.passes.network import Neurons
from ...exporters.program.passes.registers import lowered_by
from ...exporters.program.population import LEAKLESS, Population

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Rounding:
    """Largest rounding errors over the neurons of a population.

    Attributes
    ----------
    threshold : float
        Of its own size; 0 for a population that never spikes.
    bias : float
        In thresholds.
    leak, current_leak : float
        Of the share of membrane, and of synaptic current, that a row loses, of its own size. A leak that rounds to
        nothing is off by 1.
    """

    threshold: float
    bias: float
    leak: float
    current_leak: float


def rounding_of(p: Population, n: Neurons, spike_op: str) -> Rounding:
    """Compare the registers of `p` with the float terms `n`.

    Parameters
    ----------
    p : Population
    n : Neurons
        After `fold`: counted in thresholds.
    spike_op : {">", ">="}
        What the float network compares with; a mantissa that is one lower says the same.
    """
    unit = np.asarray(p.membrane_unit, np.float64)
    drift = n.bias + n.drift
    held = (np.asarray(p.vth) + lowered_by(n, spike_op)) * 64 * unit
    stateless = n.kind == "threshold"
    return Rounding(
        threshold=_worst(held / n.threshold - 1) if n.spiking else 0.0,
        bias=_worst(p.bias * unit - drift),
        leak=0.0 if stateless else _leak(n.keep, kept(p.dv, LEAKLESS)),
        current_leak=_leak(np.asarray(n.current), kept(p.du, LEAKLESS - 1)),
    )


def _leak(exact: Floats, held: Floats) -> float:
    """Largest change of what a row loses, ``1 - keep``, of its own size; of 1/4096 where nothing should be lost."""
    lost, becomes = np.broadcast_arrays(1 - exact, 1 - held)
    return _worst((becomes - lost) / np.maximum(lost, 1 / LEAKLESS))


def _worst(error: Floats) -> float:
    return float(np.abs(error).max(initial=0.0))
