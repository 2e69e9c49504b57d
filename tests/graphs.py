"""NIR graphs for tests."""

from __future__ import annotations

from itertools import pairwise

import nir
import numpy as np


def chain(
    weights: list[np.ndarray], node: str = "LIF", threshold: float = 1.0, tau_steps: float = 2.0, **metadata: object
) -> nir.NIRGraph:
    """Linear layers ``fc1, n1, fc2, n2, ...`` with a spiking node of kind `node` behind each; dt is 1e-4 s."""
    dt = 1e-4
    nodes: dict = {"input": nir.Input({"input": np.array([weights[0].shape[1]])})}
    for i, weight in enumerate(weights, 1):
        n = len(weight)
        nodes[f"fc{i}"] = nir.Linear(weight)
        theta, zero = np.full(n, threshold), np.zeros(n)
        if node == "IF":
            nodes[f"n{i}"] = nir.IF(np.full(n, 1 / dt), theta, v_reset=zero)
        else:
            nodes[f"n{i}"] = nir.LIF(
                np.full(n, tau_steps * dt), np.full(n, tau_steps), zero, theta, v_reset=zero.copy()
            )
    nodes["output"] = nir.Output({"output": np.array([len(weights[-1])])})
    names = list(nodes)
    return nir.NIRGraph(nodes, list(pairwise(names)), metadata={"spikewright": metadata} if metadata else {})


def replaced(graph: nir.NIRGraph, **nodes: nir.NIRNode) -> nir.NIRGraph:
    """Copy of `graph` with some nodes replaced or added to the chain's names."""
    return nir.NIRGraph({**graph.nodes, **nodes}, graph.edges, metadata=graph.metadata, type_check=False)
