"""A network in a few lines: what `inspect` prints of a program or NIR graph, and what a report says of its program."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...exporters.program.grid import grid_range, grid_step
from ...exporters.program.program import Population, Program, Projection
from ..describe import describe_losses


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
    """Values that occur in each projection, how many synapses hold each, and the grid they lie on."""
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
        "du": p.du,
        "dv": p.dv,
        "vth": p.vth,
        "bias_mant": [int(p.bias_mant.min()), int(p.bias_mant.max())],
        "bias_exp": p.bias_exp,
        "reset": p.reset,
        "membrane_unit": p.membrane_unit,
        "origin": list(p.origin),
    }


def _projection(program: Program, p: Projection) -> dict[str, Any]:
    return {
        "name": p.name,
        "source": p.source,
        "target": p.target,
        "kind": p.kind,
        "shape": list(p.weights.shape),
        "weight_bits": p.weight_bits,
        "sign_mode": p.sign_mode,
        "weight_exp": p.weight_exp,
        "delay": p.max_delay,
        "hops": program.hops(p),
        "synapses": program.synapses(p).weight.size,
        "zeros_share": _zeros_share(p),
        "weight_range": [int(p.weights.min()), int(p.weights.max())],
    }


def _zeros_share(p: Projection) -> float:
    return 1.0 - np.count_nonzero(p.weights) / p.weights.size


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
