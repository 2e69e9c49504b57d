"""The float network between the passes, executed in float64 with as many of the chip's roundings as asked for.

It is `run_graph` after `fold`: with no rounding it spikes where the graph does, except where a membrane meets its
threshold to the last bit, because ``v > theta`` and ``v / theta > 1`` are rounded differently.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from importlib.metadata import version
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..population import Unit
from ..program import Input
from ..trace import Trace
from .division import Division
from .network import Floats, Network, Neurons, Synapses

SLACK = 1e-6
"""A value this close to a step (in steps) is on it: a unit is no power of two, and integers must survive floor."""


@dataclass(frozen=True)
class Arithmetic:
    """What the chip does otherwise than float64 does; empty fields leave it out.

    Attributes
    ----------
    reset : {"zero", "subtract"}
    inclusive : frozenset of str
        Populations that spike at ``v >= threshold`` instead of ``>``.
    floors : dict of str to float or (size,) array
        Steps to which the summed input of a projection is floored.
    cuts, current_cuts : dict of str to float or (size,) array
        Steps to which the part of a membrane, or of a synaptic current, that is kept is rounded toward zero.
    limits : dict of str to float or (size,) array
        Largest magnitude of a membrane, where it stops.
    divisions : dict of str to Division
        How populations behind E-I circuits divide.
    inputs : dict of str to Input
        Inputs whose values become integer events.
    """

    reset: str = "zero"
    inclusive: frozenset[str] = frozenset()
    floors: dict[str, Unit] = field(default_factory=dict)
    cuts: dict[str, Unit] = field(default_factory=dict)
    current_cuts: dict[str, Unit] = field(default_factory=dict)
    limits: dict[str, Unit] = field(default_factory=dict)
    divisions: dict[str, Division] = field(default_factory=dict)
    inputs: dict[str, Input] = field(default_factory=dict)


def run_network(network: Network, x: NDArray[Any] | dict[str, NDArray[Any]], arithmetic: Arithmetic) -> Trace:
    """Run B independent samples, row by row.

    Parameters
    ----------
    network : Network
        After `levels`.
    x : (T, B, *input_shape) array, or dict of input name to such an array
    arithmetic : Arithmetic

    Returns
    -------
    Trace
        backend "float network", spikes of every spiking population, outputs as `run_graph` reads them.
    """
    return _trace(network, *run_events(network, x, arithmetic))


def run_events(
    network: Network, x: NDArray[Any] | dict[str, NDArray[Any]], arithmetic: Arithmetic
) -> tuple[dict[str, Floats], dict[str, Floats]]:
    """Events of every input and population, (T, B, size), and their last membranes, (B, size); as `run_network`."""
    rows = x if isinstance(x, dict) else {next(iter(network.inputs)): x}
    events = {name: _events(np.asarray(r, np.float64), arithmetic.inputs.get(name)) for name, r in rows.items()}
    steps, samples = next(iter(events.values())).shape[:2]
    events |= {name: np.ones((steps, samples, *network.inputs[name])) for name in network.constants}
    v = {n.name: np.zeros((samples, len(n.keep))) + n.start for n in network.neurons}
    u = {n.name: np.zeros_like(v[n.name]) for n in network.neurons}
    events |= {n.name: np.zeros((steps, *v[n.name].shape)) for n in network.neurons}
    order = sorted(network.neurons, key=lambda n: (n.level, n.name))
    for t in range(steps):
        for n in order:  # by level, so that every feed-forward source has run
            arriving = _input(network, n, events, t, arithmetic)
            current = _kept(n.current * u[n.name], arithmetic.current_cuts.get(n.name))
            u[n.name] = current + n.gain * arriving
            kept = _kept(n.keep * v[n.name], arithmetic.cuts.get(n.name))
            limit = arithmetic.limits.get(n.name, np.inf)
            charged = np.clip(kept + u[n.name] + n.drift, -limit, limit)
            v[n.name], events[n.name][t] = _fire(n, charged, arithmetic)
    return events, v


def _events(values: Floats, port: Input | None) -> Floats:
    values = values.reshape(*values.shape[:2], -1)
    if port is None:
        return values
    limit = (1 << port.bits) - 1
    return np.clip(np.rint(values * port.scale), -limit, limit) / port.scale


def _input(network: Network, n: Neurons, events: dict[str, Floats], t: int, arithmetic: Arithmetic) -> Floats:
    """What all synapses of a population bring in row t, with its bias, (B, size)."""
    ports = [("", "current"), *((c, port) for c in n.circuits for port in ("current", "divisor"))]
    sums: dict[tuple[str, str], Floats] = {port: np.zeros_like(events[n.name][t]) for port in ports}
    for s in network.into(n.name):
        sums[s.circuit, s.port] = sums[s.circuit, s.port] + _arrive(s, events, t, arithmetic)
    total = sums["", "current"] + n.bias
    division = arithmetic.divisions.get(n.name, Division())
    for circuit, gain in n.circuits.items():
        total = total + division.divide(sums[circuit, "current"], sums[circuit, "divisor"], gain)
    return total


def _arrive(s: Synapses, events: dict[str, Floats], t: int, arithmetic: Arithmetic) -> Floats:
    """Input of one projection in row t, (B, post); spikes from before the sample do not exist."""
    total, step = np.zeros(()), arithmetic.floors.get(s.name)
    for delay, weight in s.by_delay.items():
        if t >= delay:
            part = weight.apply(events[s.source][t - delay])
            total = total + (part if step is None else np.floor(part / step + SLACK) * step)
    return total


def _kept(v: Floats, step: Unit | None) -> Floats:
    return v if step is None else np.sign(v) * np.floor(np.abs(v) / step + SLACK) * step


def _fire(n: Neurons, v: Floats, arithmetic: Arithmetic) -> tuple[Floats, Floats]:
    """Membrane after the reset, and spikes."""
    if not n.spiking:
        return v, np.zeros_like(v)
    spikes = v >= n.threshold if n.name in arithmetic.inclusive else v > n.threshold
    return np.where(spikes, v - n.threshold if arithmetic.reset == "subtract" else 0.0, v), spikes.astype(np.float64)


def _trace(network: Network, events: dict[str, Floats], v: dict[str, Floats]) -> Trace:
    spiking = {n.name: n.shape for n in network.neurons if n.spiking}
    steps, samples = next(iter(events.values())).shape[:2]
    spikes = {name: events[name].astype(np.int8).reshape(steps, samples, *shape) for name, shape in spiking.items()}
    return Trace(
        backend="float network",
        versions={"spikewright": version("spikewright"), "numpy": np.__version__},
        program_hash=None,
        steps=steps,
        samples=samples,
        levels={n.name: n.level for n in network.neurons},
        counts={name: s.sum(0, dtype=np.int32) for name, s in spikes.items()},
        spikes=spikes,
        output={name: events[p].sum(0) if p in spiking else v[p] for name, p in network.outputs.items()},
    )
