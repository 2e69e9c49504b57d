"""NIR graphs with E-I circuits for tests; dt is 1e-4 s."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import nir
import numpy as np

from spikewright.exporters.nir.divisors import Divisor
from spikewright.exporters.nir.shapes import infer_shapes

DT_S = 1e-4


def circuit(rng: np.random.Generator, out: int, into: int, dead: float = 0.1) -> nir.Affine:
    """A circuit as `to_nir` writes it, with matrices of which a share `dead` of the entries is 0."""
    inhibitory = max(out // 3, 1)
    sizes = ((out, into), (inhibitory, into), (out, inhibitory))
    ee, ie, ei = (rng.exponential(1, size) * (rng.random(size) >= dead) for size in sizes)
    gain = rng.uniform(0.5, 2, out) / (ei @ ie).sum(1).clip(1e-3)
    weight = (ee - ei @ ie / ei.sum(1).clip(1e-3)[:, None]) * (gain * rng.uniform(0.5, 3, out))[:, None]
    node = nir.Affine(weight, rng.normal(0, 0.2, out))
    node.metadata = Divisor((ei @ ie) * gain[:, None], gain, 0.25).metadata()
    return node


def leaky(rng: np.random.Generator, size: int, threshold: Any = None) -> nir.LIF:
    """Neurons with a threshold each, a reset to zero and a leak potential."""
    one, zero = np.ones(size), np.zeros(size)
    theta = rng.uniform(0.4, 1.5, size) if threshold is None else np.broadcast_to(threshold, size).astype(float)
    return nir.LIF(rng.uniform(1.5, 6) * DT_S * one, 2 * one, rng.normal(0, 0.02, size), theta, v_reset=zero)


def chained(nodes: dict[str, nir.NIRNode], *more: tuple[str, str], **metadata: Any) -> nir.NIRGraph:
    """Graph of `nodes` one behind the other, with `more` edges; the first is an Input, the last an Output."""
    graph = nir.NIRGraph(nodes, [*pairwise(nodes), *more], metadata={"spikewright": metadata}, type_check=False)
    return infer_shapes(graph)


def random_graph(rng: np.random.Generator, **metadata: Any) -> nir.NIRGraph:
    """Two circuits, a pooling, a Scale or a Delay around the first, a linear output."""
    flat = nir.Flatten(None, 0, -1)
    two = np.array([2, 2])
    fronts: list[dict[str, nir.NIRNode]] = [
        {"flat": flat},
        {"pool": nir.SumPool2d(two, two, np.array([0, 0])), "flat": flat},
        {"scale": nir.Scale(rng.uniform(0.5, 2, (1, 4, 4))), "flat": flat},
        {"flat": flat, "wait": nir.Delay(DT_S * rng.integers(0, 3, 16))},
    ]
    backs: list[dict[str, nir.NIRNode]] = [
        {},
        {"weigh": nir.Scale(rng.uniform(0.5, 2, 8))},
        {"later": nir.Delay(DT_S * np.full(8, 2.0))},
    ]
    front = fronts[rng.integers(len(fronts))]
    nodes: dict[str, nir.NIRNode] = {"input": nir.Input({"input": np.array([1, 4, 4])}), **front}
    nodes |= {"ei1": circuit(rng, 8, 4 if "pool" in front else 16), **backs[rng.integers(len(backs))]}
    if "later" in nodes:  # a bias that starts late is no membrane's
        nodes["ei1"].bias[:] = 0  # type: ignore[attr-defined]
    nodes |= {"n1": leaky(rng, 8), "ei2": circuit(rng, 5, 8), "n2": leaky(rng, 5)}
    nodes |= {"head": nir.Affine(rng.normal(0, 1, (3, 5)), rng.normal(0, 1, 3))}
    return chained(nodes | {"output": nir.Output({"output": np.array([3])})}, **metadata)


def events(rng: np.random.Generator, steps: int, samples: int, kind: str) -> np.ndarray:
    """Spikes or grey values for `random_graph`, some rows of them empty."""
    x = rng.random((steps, samples, 1, 4, 4))
    x = (x < 0.3).astype(float) if kind == "spikes" else x * (x < 0.7)
    return x * (rng.random((steps, samples, 1, 1, 1)) < 0.9)
