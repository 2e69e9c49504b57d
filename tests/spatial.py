"""NIR graphs with windows, branches and several ends for tests; dt is 1e-4 s."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import nir
import numpy as np

from spikewright.exporters.nir.shapes import infer_shapes

STEP = 1 / 64
"""Weights and biases are multiples of it, so that a program on 8 bits holds them exactly."""
DT_S = 1e-4


def weights(rng: np.random.Generator, *shape: int, step: float = STEP, small: int = 60) -> np.ndarray:
    """Multiples of `step` of both signs, up to `small` steps, the first alone 127, the end of 8 bits."""
    found = rng.integers(-small, small + 1, shape)
    found[(0, 0)[: len(shape) - 1]] = 0
    found.reshape(-1)[0], found.reshape(-1)[-1] = 127, -small
    return found * step


def biases(rng: np.random.Generator, *shape: int, step: float = STEP) -> np.ndarray:
    """Small multiples of `step`."""
    return rng.integers(-6, 7, shape) * step


def spiking(threshold: Any = 1.0, leaky: bool = False) -> nir.NIRNode:
    """Neurons of gain 1 and a reset to zero; leaky ones keep half of their membrane."""
    theta = np.atleast_1d(np.asarray(threshold, float)).copy()
    one, zero = np.ones(theta.shape), np.zeros(theta.shape)
    if leaky:
        return nir.LIF(2 * DT_S * one, 2 * one, zero, theta, v_reset=zero.copy())
    return nir.IF(one / DT_S, theta, v_reset=zero)


def conv(rng: np.random.Generator, *kernel: int, step: float = STEP, small: int = 60, **settings: Any) -> nir.NIRNode:
    """Conv2d, or Conv1d for a kernel of three numbers, with weights and biases on the grid."""
    stated = {"stride": 1, "padding": 0, "dilation": 1, "groups": 1} | settings
    kind = nir.Conv2d if len(kernel) == 4 else nir.Conv1d
    return kind(None, weights(rng, *kernel, step=step, small=small), bias=biases(rng, kernel[0], step=step), **stated)


def pool(kind: type, size: int) -> nir.NIRNode:
    """Windows side by side."""
    return kind(np.array([size, size]), np.array([size, size]), np.array([0, 0]))


def affine(rng: np.random.Generator, out: int, into: int, step: float = STEP) -> nir.Affine:
    """Affine with weights and biases on the grid."""
    return nir.Affine(weights(rng, out, into, step=step), biases(rng, out, step=step))


def flat() -> nir.Flatten:
    """Flatten of all axes."""
    return nir.Flatten(None, 0, -1)


def net(
    *chains: str, inputs: dict[str, tuple[int, ...]], nodes: dict[str, nir.NIRNode], **metadata: Any
) -> nir.NIRGraph:
    """Graph of chains "a b c", each an edge from word to word; neurons take the shape that arrives.

    Words that no node and no input has are Outputs.
    """
    edges = list(dict.fromkeys(edge for chain in chains for edge in pairwise(chain.split())))
    ends = {name: nir.Output(None) for edge in edges for name in edge if name not in nodes and name not in inputs}
    ports = {name: nir.Input({"input": np.array(shape)}) for name, shape in inputs.items()}
    graph = nir.NIRGraph({**ports, **nodes, **ends}, edges, metadata={"spikewright": metadata}, type_check=False)
    return _full(infer_shapes(graph))


def _full(graph: nir.NIRGraph) -> nir.NIRGraph:
    """Every neuron gets a parameter of its own."""
    for node in graph.nodes.values():
        for field in ("tau", "r", "v_leak", "v_threshold", "v_reset"):
            if hasattr(node, field):
                shape = tuple(node.input_type["input"])
                setattr(node, field, np.broadcast_to(getattr(node, field), shape).copy())
    return graph


def events(graph: nir.NIRGraph, rng: np.random.Generator, steps: int = 6, samples: int = 4) -> dict[str, np.ndarray]:
    """Binary rows for every Input."""
    shapes = {n: tuple(node.input_type["input"]) for n, node in graph.nodes.items() if isinstance(node, nir.Input)}
    return {name: (rng.random((steps, samples, *shape)) < 0.3).astype(float) for name, shape in shapes.items()}
