"""What happened in a run: events of the inputs; rates, dead and always-on neurons, how full their registers got."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...exporters.program.population import READOUT_LIMIT, STATE_LIMIT, Population
from ...exporters.program.program import Program
from ...simulators.neurons import decay
from ..data.samples import Rows
from .sides import Side

_CURRENT_LIMIT = 2**23


@dataclass(frozen=True)
class Activity:
    """One population in one run.

    Attributes
    ----------
    backend : str
        What ran it.
    rate : float
        Spikes per neuron and row.
    dead, always_on : int
        Neurons without a spike in any row of any sample, and with one in every row of every sample.
    full : float
        Share of pairs of neuron and sample with a spike in every row.
    reach : float or None
        Largest membrane before its reset, in thresholds; of a readout, in shares of its limit where it has one.
    overshoot : float or None
        Median of the membranes that spike, before their reset, in thresholds; None where there is no spike.
    at_limit : float or None
        Share of membranes at or above their limit; integers only.
    current_peak : float or None
        Largest current over 2**23, where it wraps; integers only.
    """

    backend: str
    rate: float
    dead: int
    always_on: int
    full: float
    reach: float | None
    overshoot: float | None
    at_limit: float | None = None
    current_peak: float | None = None


@dataclass(frozen=True)
class Port:
    """One input.

    Attributes
    ----------
    name, kind : str
    bits : int
    scale : float
        Events per unit of the data.
    active : float
        Share of values that are an event.
    clipped : float
        Share of values beyond the largest event.
    """

    name: str
    kind: str
    bits: int
    scale: float
    active: float
    clipped: float


def integer_activity(side: Side, p: Population) -> Activity:
    """What population `p` of a program did."""
    state, spikes = side.detail.state[p.name], side.detail.spikes[p.name]
    v = _charged(p, _rows(state["u"]), _rows(state["v"]))
    theta = np.asarray(p.vth, np.int64) << 6
    limit = READOUT_LIMIT if p.kind == "readout" else STATE_LIMIT
    thresholds = v / (READOUT_LIMIT if p.kind == "readout" else np.maximum(theta, 1))
    return Activity(
        side.backend,
        **_spiking(side, p.name, p.size),
        **_membranes(thresholds, _rows(spikes)),
        at_limit=float((np.abs(v) >= limit).mean()),
        current_peak=float(np.abs(state["u"]).max(initial=0) / _CURRENT_LIMIT),
    )


def float_activity(side: Side, name: str, size: int, threshold: NDArray[Any] | None) -> Activity:
    """What a population of the float graph did; without a `threshold`, (size,), it never spikes."""
    state, spiking = side.detail.state.get(name, {}), _spiking(side, name, size)
    if "v" not in state or threshold is None:
        return Activity(side.backend, **spiking, reach=None, overshoot=None)
    with np.errstate(divide="ignore", invalid="ignore"):
        thresholds = np.nan_to_num(_rows(state["v"]) / threshold)
    return Activity(side.backend, **spiking, **_membranes(thresholds, _rows(side.detail.spikes[name])))


def ports_of(program: Program, x: Rows) -> tuple[Port, ...]:
    """Measure every input of `program` that is fed, on all of `x`."""
    fed = [i for i in program.inputs if i.kind != "bias"]
    arrays = x if isinstance(x, dict) else {fed[0].name: x}
    return tuple(_port(i.name, i.kind, i.bits, i.scale, np.asarray(arrays[i.name])) for i in fed)


def _spiking(side: Side, name: str, size: int) -> dict[str, Any]:
    counts, slots = side.counts.get(name, np.zeros(size, np.int64)), side.steps * side.samples
    return {
        "rate": float(counts.mean() / slots),
        "dead": int((counts == 0).sum()),
        "always_on": int((counts >= slots).sum()),
        "full": side.full.get(name, 0) / (size * side.samples),
    }


def _charged(p: Population, u: NDArray[Any], v: NDArray[Any]) -> NDArray[np.int64]:
    """Membranes before their reset, (T, B, size), from the recorded states after it."""
    before = np.concatenate([np.zeros_like(v[:1]), v[:-1]]).astype(np.int64)
    charged = decay(before, 4096 - np.asarray(p.dv, np.int64)) + u + p.bias
    return np.clip(charged, -STATE_LIMIT, STATE_LIMIT)


def _membranes(thresholds: NDArray[Any], spikes: NDArray[Any]) -> dict[str, Any]:
    fired = thresholds[spikes != 0]
    return {
        "reach": float(thresholds.max(initial=0.0)),
        "overshoot": float(np.median(np.abs(fired))) if fired.size else None,
    }


def _rows(values: NDArray[Any]) -> NDArray[Any]:
    return values.reshape(*values.shape[:2], -1)


def _port(name: str, kind: str, bits: int, scale: float, x: np.ndarray) -> Port:
    whole = x.dtype.kind != "f"
    events, limit = np.abs(x) if whole else np.abs(x) * scale, (1 << bits) - 1
    beyond = 0.0 if whole else float((events > limit + 0.5).mean())
    return Port(name, kind, bits, float(scale), float((events >= 0.5).mean()), beyond)
