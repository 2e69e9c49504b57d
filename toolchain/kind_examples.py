"""The smallest program of every kind: what is asked of the backends for the page of kinds."""

from __future__ import annotations

from typing import Any, NamedTuple, get_args

import numpy as np

from ..exporters.program.make import make_program
from ..exporters.program.population import VTH_MAX, Population, PopulationKind, Reset
from ..exporters.program.ports import Input, InputKind, Output, Readout
from ..exporters.program.program import Program
from ..exporters.program.projection import Projection, ProjectionKind

_SHAPE = (1, 2, 2)
_SIZE = 4
_EACH = np.arange(1, 1 + _SIZE, dtype=np.int32)
_ONE_TO_ONE = {
    "kind": "sparse",
    "weights": np.ones(_SIZE, np.int16),
    "sign_mode": "excitatory",
    "indptr": np.arange(_SIZE + 1, dtype=np.int32),
    "indices": np.arange(_SIZE, dtype=np.int32),
}

POPULATIONS: dict[str, dict[str, Any]] = {
    "lif": {},
    "readout": {"vth": VTH_MAX},
    "ternary": {"vth_low": -10},
    "threshold": {"du": 4095, "dv": 4096},
    "relay": {"du": 4095, "dv": 0, "vth": 0},
    "ei_gain": {"reciprocal_bits": 3},
}
REGISTERS: dict[str, dict[str, Any]] = {
    "current that decays (du below 4095)": {"du": 100},
    "membrane that keeps everything (dv 0)": {"dv": 0},
    "bias": {"bias_mant": _EACH, "bias_exp": 3},
    "du for each neuron": {"du": _EACH},
    "dv for each neuron": {"dv": _EACH},
    "vth for each neuron": {"vth": _EACH},
    "refractory time": {"refractory": 2},
}
PROJECTIONS: dict[str, dict[str, Any]] = {
    "dense": {},
    "sparse": _ONE_TO_ONE,
    "convolution": {"kind": "convolution", "weights": np.full((1, 1, 3, 3), 2, np.int16), "padding": (1, 1)},
    "pooling": {"kind": "pooling", "weights": np.array([2], np.int16), "kernel": (3, 3), "padding": (1, 1)},
}
EDGES: dict[str, dict[str, Any]] = {
    "one sign (excitatory or inhibitory)": {"sign_mode": "excitatory"},
    "fewer weight bits": {"weight_bits": 3, "weights": np.full((_SIZE, _SIZE), 64, np.int16)},
    "exponent above 0": {"weight_exp": 2},
    "exponent below 0": {"weight_exp": -2},
}
LOOPS: dict[str, dict[str, Any]] = {
    "recurrent": {"delay": 1},
    "one delay": {"delay": 2},
    "a delay for each synapse": {"delay": np.broadcast_to(_EACH, (_SIZE, _SIZE))},
}
"""Of an edge from the population to itself."""
INPUTS: dict[str, dict[str, Any]] = {"spikes": {}, "graded": {"bits": 8}, "bias": {}}
READOUTS = {"spike_count": "lif", "membrane": "readout"}


class Example(NamedTuple):
    """A row of the page: a table, a name, and a program that has it and as little else as can be."""

    table: str
    name: str
    program: Program


def examples() -> list[Example]:
    """Every kind that the program's own types name, and what else its parts may have."""
    rows = [
        Example("Populations", kind, _program({"kind": kind} | POPULATIONS[kind])) for kind in get_args(PopulationKind)
    ]
    rows += [Example("Reset", reset, _program({"reset": reset})) for reset in get_args(Reset)]
    rows += [Example("Registers", name, _program(own)) for name, own in REGISTERS.items()]
    rows += [Example("Projections", kind, _program(edge=PROJECTIONS[kind])) for kind in get_args(ProjectionKind)]
    rows += [Example("Synapses", name, _program(edge=own)) for name, own in EDGES.items()]
    rows += [Example("Synapses", name, _program(loop=own)) for name, own in LOOPS.items()]
    rows += [Example("Inputs", kind, _program(port={"kind": kind} | INPUTS[kind])) for kind in get_args(InputKind)]
    for readout in get_args(Readout):
        kind = READOUTS[readout]
        rows.append(Example("Readouts", readout, _program({"kind": kind} | POPULATIONS[kind], readout=readout)))
    return rows


def _program(
    own: dict[str, Any] | None = None,
    edge: dict[str, Any] | None = None,
    port: dict[str, Any] | None = None,
    loop: dict[str, Any] | None = None,
    readout: Readout = "spike_count",
) -> Program:
    """One input and one population with what is its own, joined by one edge."""
    bias = {"bias_mant": np.zeros(_SIZE, np.int32)}
    population = Population("p", _SHAPE, **{"du": 4095, "dv": 2048, "vth": 10, "level": 1} | bias | (own or {}))
    dense: dict[str, Any] = {"weights": np.full((_SIZE, _SIZE), 2, np.int16)}
    edge = _ONE_TO_ONE if population.kind == "relay" else dense | (edge or {})
    port = {"kind": "spikes"} | (port or {})
    inputs = [Input("in", _SHAPE, **port)]
    if port["kind"] == "bias":
        inputs.append(Input("fed", _SHAPE))
    projections = [Projection(f"{i.name}-p", i.name, "p", **edge) for i in inputs]
    if population.kind == "ei_gain":
        projections.append(Projection("in by p", "in", "p", port="divisor", **dense))
    if loop:
        projections = [Projection("p-p", "p", "p", **dense | loop), *projections]
    return make_program(tuple(inputs), (population,), tuple(projections), (Output("out", "p", readout),))
