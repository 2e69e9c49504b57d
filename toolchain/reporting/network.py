"""A network in a few lines: what `inspect` prints of a program or NIR graph, and what a report says of its program."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...exporters.program.grid import grid_range, grid_step
from ...exporters.program.population import Population, Register, Unit
from ...exporters.program.program import Program, Projection
from ...exporters.program.synapses import window
from ..describe import describe_losses

_OF_GAIN = ("reciprocal_bits", "quotient_exp", "divisor_min")


def describe_program(program: Program) -> dict[str, Any]:
    """Inputs, populations, projections, outputs, losses and settings of a program."""
    return {
        "kind": "program",
        "program_hash": program.content_hash,
        "depth": program.depth,
        "neurons": sum(p.size for p in program.populations),
        "synapses": sum(program.synapses(p).weight.size for p in program.projections),
        "inputs": [
            {"name": i.name, "shape": list(i.shape), "kind": i.kind, "scale": i.scale, "bits": i.bits}
            for i in program.inputs
        ],
        "populations": [_population(p) for p in program.populations],
        "projections": [_projection(program, p) for p in in_order(program)],
        "outputs": [{"name": o.name, "population": o.population, "readout": o.readout} for o in program.outputs],
        "losses": describe_losses(list(program.losses)),
        "settings": {name: {"value": value, "origin": origin} for name, (value, origin) in program.settings.items()},
    }


def describe_weights(program: Program) -> dict[str, dict[str, Any]]:
    """Values that occur in each projection, how many stored weights hold each, and the grid they lie on.

    The weights of a convolution's kernel are stored once, however many synapses share them.
    """
    found = {}
    for p in in_order(program):
        values, synapses = np.unique(p.weights, return_counts=True)
        low, high = grid_range(p.weight_bits, p.sign_mode)
        found[p.name] = {
            "values": values.tolist(),
            "synapses": synapses.tolist(),
            "low": low,
            "high": high,
            "step": grid_step(p.weight_bits, p.sign_mode),
            "zeros_share": _zeros_share(p),
        }
    return found


def in_order(program: Program) -> list[Projection]:
    """Projections from the input on."""
    return sorted(program.projections, key=lambda p: (program.level(p.target), program.level(p.source), p.name))


def describe_graph(graph: Any) -> dict[str, Any]:
    """Nodes of a NIR graph with the shape and range of every parameter, and the edges.

    Parameters
    ----------
    graph : nir.NIRGraph
    """
    nodes = [
        {
            "name": name,
            "type": type(node).__name__,
            "input_shape": _shape(node.input_type),
            "output_shape": _shape(node.output_type),
            "parameters": _parameters(node),
        }
        for name, node in graph.nodes.items()
    ]
    settings = (graph.metadata or {}).get("spikewright") or {}
    return {
        "kind": "nir",
        "nodes": nodes,
        "edges": [list(edge) for edge in graph.edges],
        "settings": {str(name): {"value": value, "origin": "metadata"} for name, value in settings.items()},
    }


def _population(p: Population) -> dict[str, Any]:
    return {
        "name": p.name,
        "shape": list(p.shape),
        "neurons": p.size,
        "kind": p.kind,
        "level": p.level,
        **{name: _register(getattr(p, name)) for name in ("du", "dv", "vth")},
        "bias_mant": [int(p.bias_mant.min()), int(p.bias_mant.max())],
        "bias_exp": p.bias_exp,
        "reset": p.reset,
        **{name: getattr(p, name) for name in ("refractory", "vth_low", *_OF_GAIN)},
        "membrane_unit": _unit(p.membrane_unit),
        "origin": list(p.origin),
    }


def _projection(program: Program, p: Projection) -> dict[str, Any]:
    return {
        "name": p.name,
        "source": p.source,
        "target": p.target,
        "kind": p.kind,
        "port": p.port,
        "shape": list(p.weights.shape),
        "window": _window(p),
        "weight_bits": p.weight_bits,
        "sign_mode": p.sign_mode,
        "weight_exp": p.weight_exp,
        "delay": p.max_delay,
        "min_delay": p.min_delay,
        "hops": program.hops(p),
        "synapses": program.synapses(p).weight.size,
        "zeros_share": _zeros_share(p),
        "weight_range": [int(p.weights.min()), int(p.weights.max())] if p.weights.size else [0, 0],
    }


def _register(value: Register) -> int | list[int]:
    """One value for all neurons, or the smallest and the largest where each has its own."""
    return [int(value.min()), int(value.max())] if isinstance(value, np.ndarray) else value


def _unit(value: Unit) -> float | list[float]:
    """One factor for all rows, or the smallest and the largest."""
    return [float(value.min()), float(value.max())] if isinstance(value, np.ndarray) else value


def _window(p: Projection) -> dict[str, Any] | None:
    """How a convolution or pooling slides."""
    if p.kind not in ("convolution", "pooling"):
        return None
    pairs = {"kernel": window(p), "stride": p.stride, "padding": p.padding, "dilation": p.dilation}
    return {name: list(pair) for name, pair in pairs.items()} | {"groups": p.groups}


def _zeros_share(p: Projection) -> float:
    """Share of zeros among the stored weights; 0 if there are none."""
    return (p.weights.size - int(np.count_nonzero(p.weights))) / max(p.weights.size, 1)


def _shape(ports: dict[str, Any] | None) -> list[int] | None:
    """Shape of a node's first port; None where the graph does not say it."""
    first = next(iter((ports or {}).values()), None)
    return None if first is None else [int(n) for n in np.atleast_1d(first)]


def _parameters(node: Any) -> dict[str, dict[str, Any]]:
    arrays = {name: value for name, value in vars(node).items() if isinstance(value, np.ndarray) and value.size}
    return {
        name: {"shape": list(a.shape), "dtype": str(a.dtype), "range": [float(a.min()), float(a.max())]}
        for name, a in arrays.items()
        if a.dtype.kind in "biuf"
    }
