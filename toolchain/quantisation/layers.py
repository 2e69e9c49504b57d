"""The per-layer report: one row for every population, from the input to the output."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...exporters.program.passes.network import Network, Neurons
from ...exporters.program.population import Population
from ...exporters.program.program import Program
from ..comparison.pairs import Agreement
from .activity import Activity, float_activity, integer_activity
from .grids import Grid, grids_of
from .rounding import Rounding, rounding_of
from .sides import Side

ALIVE = 0.01
"""Spikes per row of a neuron that takes part."""


@dataclass(frozen=True)
class Errors:
    """Spikes of a population that differ from the float network's, on the samples run in detail.

    Attributes
    ----------
    what : {"spike", "membrane"}
    compared, accumulated : int
        Values compared, and those that differ with everything that was wrong before them.
    alone : int or None
        Those that differ if the population is fed with the float network's spikes; None where that was not measured.
    backends : (str, str)
    """

    what: str
    compared: int
    accumulated: int
    alone: int | None
    backends: tuple[str, str]


@dataclass(frozen=True)
class Layer:
    """One population.

    Attributes
    ----------
    name, kind : str
        The kind is "spiking" or "readout" where there is no integer program.
    size : int
        Neurons.
    level : int
    sources : tuple of str
        Inputs and populations that feed it.
    membrane_unit : (float, float) or None
        Smallest and largest membrane, in thresholds, of one integer unit, over the neurons.
    threshold : (int, int) or None
        Smallest and largest threshold mantissa: the steps of the accumulator that a threshold spans.
    bias : float or None
        Median of the neurons' biases, in thresholds a row.
    grids : tuple of Grid
        Weights of every projection into it.
    rounding : Rounding or None
        None without a float network, or for a population that only the program has.
    integers, floats : Activity or None
        The integer run and the float run.
    died : int or None
        Neurons without a spike in integers that in float spike in `ALIVE` of all rows, or more.
    errors : Errors or None
        None where only one of both has the population, or it does not spike.
    """

    name: str
    kind: str
    size: int
    level: int
    sources: tuple[str, ...]
    membrane_unit: tuple[float, float] | None = None
    threshold: tuple[int, int] | None = None
    bias: float | None = None
    grids: tuple[Grid, ...] = ()
    rounding: Rounding | None = None
    integers: Activity | None = None
    floats: Activity | None = None
    died: int | None = None
    errors: Errors | None = None

    @property
    def spiking(self) -> bool:
        """Whether it can spike at all."""
        return self.kind != "readout"


def layers_of(
    program: Program | None,
    network: Network | None,
    thresholds: dict[str, NDArray[Any]],
    integers: Side | None,
    floats: Side | None,
    agreements: tuple[Agreement, ...],
) -> tuple[Layer, ...]:
    """Every population that the program, or without one the float network, has.

    Parameters
    ----------
    program : Program or None
    network : Network or None
        The float network that became `program`, folded.
    thresholds : dict of str to (size,) array
        Float thresholds of the spiking nodes, as the graph states them.
    integers, floats : Side or None
    agreements : tuple of Agreement
        Of the float run with the integer run.
    """
    neurons = {} if network is None else {n.name: n for n in network.neurons}
    found = {a.population: a for a in agreements}
    if program is None:
        if network is None:
            return ()
        ordered = sorted(neurons.values(), key=lambda n: (n.level, n.name))
        layers = [_float_layer(network, n) for n in ordered]
    else:
        op = str(program.settings.get("spike_op", (">",))[0])
        layers = [_integer_layer(program, p, network, neurons.get(p.name), op) for p in program.populations]
        shapes = {p.name: p for p in program.populations}
        if integers is not None:
            layers = [replace(row, integers=integer_activity(integers, shapes[row.name])) for row in layers]
    if floats is not None:
        known = floats.counts.keys() | floats.detail.state.keys()
        layers = [
            replace(row, floats=float_activity(floats, row.name, row.size, thresholds.get(row.name)))
            if row.name in known
            else row
            for row in layers
        ]
    backends = ("", "") if floats is None or integers is None else (floats.backend, integers.backend)
    return tuple(
        replace(row, died=_died(row.name, integers, floats), errors=_errors(found.get(row.name), backends))
        for row in layers
    )


def _integer_layer(program: Program, p: Population, network: Network | None, n: Neurons | None, op: str) -> Layer:
    return Layer(
        p.name,
        p.kind,
        p.size,
        p.level,
        tuple(dict.fromkeys(q.source for q in program.into(p.name))),
        membrane_unit=_span(p.membrane_unit, float),
        threshold=_span(p.vth, int),
        bias=float(np.median(p.bias / np.maximum(np.asarray(p.vth, np.float64) * 64, 1))),
        grids=grids_of(program, p.name, network),
        rounding=None if n is None else rounding_of(p, n, op),
    )


def _float_layer(network: Network, n: Neurons) -> Layer:
    sources = tuple(dict.fromkeys(s.source for s in network.into(n.name)))
    bias = float(np.median((n.bias + n.drift) / n.threshold))
    return Layer(n.name, "spiking" if n.spiking else "readout", len(n.keep), n.level, sources, bias=bias)


def _died(name: str, integers: Side | None, floats: Side | None) -> int | None:
    if integers is None or floats is None or not {name} <= integers.counts.keys() & floats.counts.keys():
        return None
    alive = floats.counts[name] >= ALIVE * floats.steps * floats.samples
    return int((alive & (integers.counts[name] == 0)).sum())


def _errors(found: Agreement | None, backends: tuple[str, str]) -> Errors | None:
    if found is None:
        return None
    return Errors(found.what, found.slots, found.mismatches, found.alone, backends)


def _span(values: Any, kind: type) -> tuple[Any, Any]:
    return kind(np.min(values)), kind(np.max(values))
