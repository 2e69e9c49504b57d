"""Random populations of every kind with what feeds them, for the programs of `kinds`."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from kinds_choice import Choose, Kinds
from kinds_edges import edge_to, matrices
from spikewright.exporters.program.population import VTH_MAX, Population
from spikewright.exporters.program.projection import Projection
from spikewright.exporters.program.synapses import list_synapses

DECAYS = [4095, 0, 100, 1000, 2048, 1, 4094]


def fed_population(
    choose: Choose, name: str, level: int, kinds: Kinds, earlier: list[Any], rng: np.random.Generator
) -> tuple[Population, list[Projection]]:
    """Draw a population of `level` with the projections from `earlier` inputs and populations into it."""
    kind = choose(kinds.populations)
    near = [s for s in earlier if getattr(s, "level", 0) == level - 1]
    source = choose(near or earlier)
    if kind == "relay":
        delay = choose([0, 1, 3]) if kinds.delays != "none" else 0
        edge = Projection(
            f"{source.name}>{name}",
            source.name,
            name,
            np.ones(source.size, np.int16),
            sign_mode="excitatory",
            delay=delay,
            kind="sparse",
            indptr=np.arange(source.size + 1, dtype=np.int32),
            indices=np.arange(source.size, dtype=np.int32),
        )
        return Population(name, source.shape, 4095, 0, 0, np.zeros(source.size, np.int32), level, kind="relay"), [edge]
    first = edge_to(choose, source, name, None, kinds.projections if near else matrices(kinds), level, kinds, rng)
    shape = first[1]
    edges = [first[0]]
    others = [choose(earlier) for _ in range(choose([0, 0, 1, 2]))]
    ports = ["current"] * len(others)
    if kind == "ei_gain":
        others, ports = [*others, choose(earlier)], [*ports, "divisor"]
    for n, (other, port) in enumerate(zip(others, ports, strict=True)):
        edge, _ = edge_to(choose, other, name, shape, matrices(kinds), level, kinds, rng)
        edges.append(replace(edge, name=f"{edge.name} {n}", port=port))
    return _population(choose, name, shape, level, kind, kinds, earlier, edges, rng), edges


def _population(
    choose: Choose,
    name: str,
    shape: tuple[int, ...],
    level: int,
    kind: str,
    kinds: Kinds,
    earlier: list[Any],
    edges: list[Projection],
    rng: np.random.Generator,
) -> Population:
    size = int(np.prod(shape))
    arriving = {p: _reach([e for e in edges if e.port == p], earlier, shape) for p in ("current", "divisor")}
    registers: dict[str, Any] = {"kind": "lif" if kind in ("refractory", "subtract") else kind}
    reach = arriving["current"]
    if kind == "refractory":
        registers["refractory"] = choose([1, 2, 3, 63])
    elif kind == "subtract":
        registers["reset"] = "subtract"
    elif kind == "ei_gain":
        registers |= {
            "reciprocal_bits": choose([0, 2, 3, 4]),
            "quotient_exp": choose([0, 4, 8, 15]),
            "divisor_min": choose([1, 10, 2**23 - 1, 1000]),
            "reset": choose(["zero", "subtract"]),
        }
        divisor = np.maximum(arriving["divisor"] / 2, registers["divisor_min"])
        reach = reach * 2.0 ** registers["quotient_exp"] / divisor
    vth = np.clip(reach * rng.uniform(0, 0.8, size), 0, VTH_MAX).astype(np.int32)
    if kind == "ternary":
        registers["vth_low"] = -int(np.median(vth))
    limit = choose([0, 20, 4095])
    du, dv = (_register(choose, size, kinds, rng) for _ in range(2))
    if kind == "threshold":
        du, dv = 4095, 4096
    one = VTH_MAX if kind == "readout" else int(np.median(vth))
    return Population(
        name,
        shape,
        du,
        dv,
        vth if kinds.per_neuron and kind != "readout" and choose([True, False]) else one,
        rng.integers(-limit, limit + 1, size).astype(np.int32),
        level,
        bias_exp=choose(range(8 if limit < 4095 else 4)),
        **registers,
    )


def _register(choose: Choose, size: int, kinds: Kinds, rng: np.random.Generator) -> Any:
    if kinds.per_neuron and choose([False, False, True]):
        return rng.choice([*DECAYS, *rng.integers(0, 4096, 3)], size).astype(np.int32)
    return choose(DECAYS)


def _reach(edges: list[Projection], earlier: list[Any], shape: tuple[int, ...]) -> np.ndarray:
    """Half of what can arrive at every neuron at once, (size,)."""
    sources = {s.name: s for s in earlier}
    total = np.zeros(int(np.prod(shape)))
    for q in edges:
        synapses = list_synapses(q, sources[q.source].shape, shape)
        largest = (1 << getattr(sources[q.source], "bits", 1)) - 1
        sums = np.bincount(synapses.post, np.abs(synapses.weight), len(total)) * largest
        total += sums * 2.0**q.weight_exp / 2
    return total
