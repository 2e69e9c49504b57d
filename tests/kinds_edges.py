"""Random projections of every kind, for the programs of `kinds`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from kinds_choice import SHAPES, Choose, Kinds
from spikewright.exporters.program.grid import grid_range, grid_step
from spikewright.exporters.program.population import Population
from spikewright.exporters.program.projection import Projection
from spikewright.exporters.program.synapses import out_shape, spatial

EXPONENTS = [0, 1, 2, -1, -2, 0, 5, 7, -6]


def edge_to(
    choose: Choose,
    source: Any,
    target: str,
    shape: tuple[int, ...] | None,
    forms: Sequence[str],
    level: int,
    kinds: Kinds,
    rng: np.random.Generator,
) -> tuple[Projection, tuple[int, ...]]:
    """Draw a projection into a population of `level`, and the shape of that population if it is still open."""
    forms = [f for f in forms if f in ("dense", "sparse") or len(source.shape) > 1]
    kind = choose(forms or ["dense"])
    bits, mode = choose([8, 8, 8, 6, 3, 1]), choose(["mixed", "excitatory", "inhibitory"])
    exponent = choose(EXPONENTS)
    name = f"{source.name}>{target}"
    common = {"weight_exp": exponent, "sign_mode": mode, "weight_bits": bits, "kind": kind}
    if kind in ("convolution", "pooling"):
        window = _window(kind, source.shape, bits, mode, exponent, rng)
        edge = Projection(name, source.name, target, **common, **window)
        found = out_shape(edge, source.shape)
        flat = rng.random() < 0.2
        return edge, (int(np.prod(found)),) if flat else found
    shape = shape or choose(SHAPES)
    weights = _weights((int(np.prod(shape)), source.size), bits, mode, rng)
    lowest = max(0, 1 + getattr(source, "level", 0) - level)
    return _matrix(Projection(name, source.name, target, weights, **common), lowest, choose, kinds, rng), shape


def _matrix(p: Projection, lowest: int, choose: Choose, kinds: Kinds, rng: np.random.Generator) -> Projection:
    """Give a matrix its delays, from `lowest` on, and the form of its kind."""
    if kinds.delays != "none":
        form = choose(["shortest", "projection", kinds.delays])
        lowest += choose(range(4)) if form == "projection" else 0
        p = replace(p, delay=lowest)
        if form == "synapse":
            steps = rng.choice([0, 1, 2, 3], 2)
            p = replace(p, delay=lowest + rng.choice(steps, p.weights.shape).astype(np.int32))
    if p.kind == "dense":
        return p
    exist = rng.random(p.weights.shape) < 0.6  # stored zeros stay in
    post, pre = np.nonzero(exist)
    starts = np.searchsorted(post, np.arange(len(p.weights) + 1)).astype(np.int32)
    delay = p.delay
    if isinstance(delay, np.ndarray):
        delay = delay[exist] if exist.any() else lowest  # no synapse has no delay of its own
    return replace(p, weights=p.weights[exist], delay=delay, indptr=starts, indices=pre.astype(np.int32))


def _window(
    kind: str, source: tuple[int, ...], bits: int, mode: str, exponent: int, rng: np.random.Generator
) -> dict[str, Any]:
    """Kernel, stride, padding, dilation and groups that fit a source."""
    channels, height, width = spatial(source)
    kernel = tuple(int(rng.integers(1, min(3, side) + 1)) for side in (height, width))
    padding = tuple(int(rng.integers(0, k)) for k in kernel)
    dilation = tuple(
        int(rng.integers(1, 1 + max(1, min(2, (side + 2 * p - 1) // max(1, k - 1)))))
        for side, p, k in zip((height, width), padding, kernel, strict=True)
    )
    stride = tuple(int(rng.integers(1, 3)) for _ in kernel)
    found = {"stride": stride, "padding": padding, "dilation": dilation}
    if kind == "pooling":
        weight = _weights((1,), bits, mode, rng)
        return {**found, "weights": _multiples(weight, exponent), "kernel": kernel}
    groups = int(rng.choice([g for g in (1, 2, 3) if channels % g == 0]))
    outs = groups * int(rng.integers(1, 3))
    weights = _weights((outs, channels // groups, *kernel), bits, mode, rng)
    return {**found, "weights": _multiples(weights, exponent), "groups": groups}


def _multiples(weights: np.ndarray, exponent: int) -> np.ndarray:
    """Weights whose low bits a negative exponent may drop."""
    unit = 1 << max(0, -exponent)
    return (np.sign(weights) * (np.abs(weights) // unit * unit)).astype(np.int16)


def _weights(shape: tuple[int, ...], bits: int, mode: str, rng: np.random.Generator) -> np.ndarray:
    (low, high), step = grid_range(bits, mode), grid_step(bits, mode)
    weights = rng.integers(low // step, high // step + 1, shape) * step
    return np.where(rng.random(shape) < 0.2, 0, weights).astype(np.int16)


def feedback(choose: Choose, populations: list[Population], kinds: Kinds, rng: np.random.Generator) -> list[Projection]:
    """Draw edges to the same and to earlier levels: self-recurrences and cycles, with delays that cover the hops."""
    edges = []
    targets = [p for p in populations if p.kind != "relay"]
    for source in populations:
        for target in [p for p in targets if p.level <= source.level]:
            often = source is target
            if choose([False, False, True] if often else [False] * 5 + [True]):
                edge, _ = edge_to(choose, source, target.name, target.shape, matrices(kinds), target.level, kinds, rng)
                edges.append(replace(edge, name=f"{edge.name} back"))
        loop = "convolution" in kinds.projections and len(source.shape) == 3 and source in targets
        if loop and choose([False, False, True]):
            weights = _weights((source.shape[0], source.shape[0], 3, 1), 8, "mixed", rng)
            name = f"{source.name}>{source.name} loop"
            same = {"kind": "convolution", "padding": (1, 0), "delay": 1}
            edges.append(Projection(name, source.name, source.name, weights, weight_exp=-1, **same))
    return edges


def matrices(kinds: Kinds) -> list[str]:
    return [k for k in kinds.projections if k in ("dense", "sparse")]
