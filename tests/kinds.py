"""Random programs over every kind of population, projection and input, for comparing backends.

`Kinds` says which may occur. Thresholds are drawn near the sums that can arrive, so that most populations spike.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn

from spikewright.exporters.program.bounds import require_readouts_in_range
from spikewright.exporters.program.grid import grid_range, grid_step
from spikewright.exporters.program.make import make_program
from spikewright.exporters.program.population import VTH_MAX, Population
from spikewright.exporters.program.ports import Input, Output
from spikewright.exporters.program.program import Program
from spikewright.exporters.program.projection import Projection
from spikewright.exporters.program.synapses import list_synapses, out_shape, spatial
from spikewright.models.errors import NumericRangeError

Case = tuple[Program, dict[str, np.ndarray]]

POPULATIONS = ("lif", "refractory", "subtract", "readout", "ternary", "threshold", "relay", "ei_gain")
"""Kinds of populations; a lif that waits or subtracts counts as a kind of its own."""
PROJECTIONS = ("dense", "sparse", "convolution", "pooling")
INPUTS = ("spikes", "graded", "bias")
SHAPES = [(5,), (1,), (9,), (2, 5), (1, 4, 4), (2, 3, 4), (3, 5, 2)]
EXPONENTS = [0, 1, 2, -1, -2, 0, 5, 7, -6]
DECAYS = [4095, 0, 100, 1000, 2048, 1, 4094]


@dataclass(frozen=True)
class Kinds:
    """What may occur in a program that is drawn.

    Attributes
    ----------
    populations, projections, inputs : tuple of str
        Of `POPULATIONS`, `PROJECTIONS` and `INPUTS`; at least "dense" or "sparse", and an input that is no bias.
    delays : {"none", "projection", "synapse"}
        No edge delays, and so no cycle; one delay per projection; or one per synapse as well.
    per_neuron : bool
        Registers may differ between the neurons of a population.
    layers : int
        Most levels.
    """

    populations: tuple[str, ...] = POPULATIONS
    projections: tuple[str, ...] = PROJECTIONS
    inputs: tuple[str, ...] = INPUTS
    delays: str = "synapse"
    per_neuron: bool = True
    layers: int = 3


ALL = Kinds()
STOCK = Kinds(populations=("lif", "readout", "threshold", "relay"))
"""What stock lava-nc has a model for, sample borders included; its ternary neurons have no reset between samples."""


@st.composite
def programs_of(draw: DrawFn, kinds: Kinds = ALL, size: tuple[int, int] | None = None) -> Case:
    """Draw a program and what a user feeds it: a dict of (T, B, *shape) int32 arrays, bias inputs left out.

    `size` is (T, B), drawn too if it is not given; T may be below the program's depth.
    """
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    inputs = [draw(_inputs("in", [k for k in kinds.inputs if k != "bias"]))]
    inputs += [draw(_inputs(f"in{n}", kinds.inputs)) for n in range(draw(st.sampled_from([0, 0, 1, 2])))]
    populations: list[Population] = []
    projections: list[Projection] = []
    for level in range(1, draw(st.integers(1, kinds.layers)) + 1):
        for n in range(draw(st.sampled_from([1, 1, 1, 2]))):
            earlier = [*inputs, *(p for p in populations if p.level < level)]
            target, edges = draw(_fed(f"p{level}{'ab'[n]}", level, kinds, earlier, rng))
            populations.append(target)
            projections += edges
    if kinds.delays != "none":
        projections += draw(_feedback(populations, kinds, rng))
    steps, samples = size or (draw(st.sampled_from([4, 1, 2, 3, 6, 9])), draw(st.integers(1, 4)))
    program = _readable(_outputs(inputs, populations, projections), steps)
    fed = [i for i in inputs if i.kind != "bias"]
    return program, {i.name: _events(i, (steps, samples, *i.shape), rng) for i in fed}


@st.composite
def bundles_of(draw: DrawFn, kinds: Kinds = ALL, count: int = 8) -> Case:
    """Draw `count` programs of one size, side by side in one program: a backend that starts slowly starts once."""
    size = draw(st.sampled_from([4, 1, 2, 3, 6, 9])), draw(st.integers(1, 4))
    return side_by_side([draw(programs_of(kinds, size)) for _ in range(count)])


def side_by_side(cases: Sequence[Case]) -> Case:
    """Put programs that know nothing of each other into one; their names get a prefix."""
    parts: dict[str, list[Any]] = {"inputs": [], "populations": [], "projections": [], "outputs": []}
    for n, (program, _) in enumerate(cases):
        for name, found in parts.items():
            found += [_renamed(part, f"{n}.") for part in getattr(program, name)]
    x = {f"{n}.{name}": rows for n, (_, fed) in enumerate(cases) for name, rows in fed.items()}
    return make_program(**{name: tuple(found) for name, found in parts.items()}), x


def _renamed(part: Any, prefix: str) -> Any:
    names = [name for name in ("name", "source", "target", "population") if hasattr(part, name)]
    return replace(part, **{name: prefix + getattr(part, name) for name in names})


@st.composite
def _inputs(draw: DrawFn, name: str, kinds: Sequence[str]) -> Input:
    kind = draw(st.sampled_from(kinds))
    return Input(name, draw(st.sampled_from(SHAPES)), kind, bits=draw(st.integers(1, 8)) if kind == "graded" else 1)


@st.composite
def _fed(
    draw: DrawFn, name: str, level: int, kinds: Kinds, earlier: list[Any], rng: np.random.Generator
) -> tuple[Population, list[Projection]]:
    """Draw a population of `level` with the projections from `earlier` inputs and populations into it."""
    kind = draw(st.sampled_from(kinds.populations))
    near = [s for s in earlier if getattr(s, "level", 0) == level - 1]
    source = draw(st.sampled_from(near or earlier))
    if kind == "relay":
        delay = draw(st.sampled_from([0, 1, 3])) if kinds.delays != "none" else 0
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
    first = draw(_edge(source, name, None, kinds.projections if near else _matrices(kinds), level, kinds, rng))
    shape = first[1]
    edges = [first[0]]
    others = [draw(st.sampled_from(earlier)) for _ in range(draw(st.sampled_from([0, 0, 1, 2])))]
    ports = ["current"] * len(others)
    if kind == "ei_gain":
        others, ports = [*others, draw(st.sampled_from(earlier))], [*ports, "divisor"]
    for n, (other, port) in enumerate(zip(others, ports, strict=True)):
        edge, _ = draw(_edge(other, name, shape, _matrices(kinds), level, kinds, rng))
        edges.append(replace(edge, name=f"{edge.name} {n}", port=port))
    return draw(_population(name, shape, level, kind, kinds, earlier, edges, rng)), edges


@st.composite
def _edge(
    draw: DrawFn,
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
    kind = draw(st.sampled_from(forms or ["dense"]))
    bits, mode = draw(st.sampled_from([8, 8, 8, 6, 3, 1])), draw(st.sampled_from(["mixed", "excitatory", "inhibitory"]))
    exponent = draw(st.sampled_from(EXPONENTS))
    name = f"{source.name}>{target}"
    common = {"weight_exp": exponent, "sign_mode": mode, "weight_bits": bits, "kind": kind}
    if kind in ("convolution", "pooling"):
        window = _window(kind, source.shape, bits, mode, exponent, rng)
        edge = Projection(name, source.name, target, **common, **window)
        found = out_shape(edge, source.shape)
        flat = rng.random() < 0.2
        return edge, (int(np.prod(found)),) if flat else found
    shape = shape or draw(st.sampled_from(SHAPES))
    weights = _weights((int(np.prod(shape)), source.size), bits, mode, rng)
    lowest = max(0, 1 + getattr(source, "level", 0) - level)
    return _matrix(Projection(name, source.name, target, weights, **common), lowest, draw, kinds, rng), shape


def _matrix(p: Projection, lowest: int, draw: DrawFn, kinds: Kinds, rng: np.random.Generator) -> Projection:
    """Give a matrix its delays, from `lowest` on, and the form of its kind."""
    if kinds.delays != "none":
        form = draw(st.sampled_from(["shortest", "projection", kinds.delays]))
        lowest += draw(st.integers(0, 3)) if form == "projection" else 0
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


@st.composite
def _population(
    draw: DrawFn,
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
        registers["refractory"] = draw(st.sampled_from([1, 2, 3, 63]))
    elif kind == "subtract":
        registers["reset"] = "subtract"
    elif kind == "ei_gain":
        registers |= {
            "reciprocal_bits": draw(st.sampled_from([0, 2, 3, 4])),
            "quotient_exp": draw(st.sampled_from([0, 4, 8, 15])),
            "divisor_min": draw(st.sampled_from([1, 10, 2**23 - 1, 1000])),
            "reset": draw(st.sampled_from(["zero", "subtract"])),
        }
        divisor = np.maximum(arriving["divisor"] / 2, registers["divisor_min"])
        reach = reach * 2.0 ** registers["quotient_exp"] / divisor
    vth = np.clip(reach * rng.uniform(0, 0.8, size), 0, VTH_MAX).astype(np.int32)
    if kind == "ternary":
        registers["vth_low"] = -int(np.median(vth))
    limit = draw(st.sampled_from([0, 20, 4095]))
    du, dv = (draw(_register(size, kinds, rng)) for _ in range(2))
    if kind == "threshold":
        du, dv = 4095, 4096
    one = VTH_MAX if kind == "readout" else int(np.median(vth))
    return Population(
        name,
        shape,
        du,
        dv,
        vth if kinds.per_neuron and kind != "readout" and draw(st.booleans()) else one,
        rng.integers(-limit, limit + 1, size).astype(np.int32),
        level,
        bias_exp=draw(st.integers(0, 7 if limit < 4095 else 3)),
        **registers,
    )


@st.composite
def _register(draw: DrawFn, size: int, kinds: Kinds, rng: np.random.Generator) -> Any:
    if kinds.per_neuron and draw(st.sampled_from([False, False, True])):
        return rng.choice([*DECAYS, *rng.integers(0, 4096, 3)], size).astype(np.int32)
    return draw(st.sampled_from(DECAYS))


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


@st.composite
def _feedback(draw: DrawFn, populations: list[Population], kinds: Kinds, rng: np.random.Generator) -> list[Projection]:
    """Draw edges to the same and to earlier levels: self-recurrences and cycles, with delays that cover the hops."""
    edges = []
    targets = [p for p in populations if p.kind != "relay"]
    for source in populations:
        for target in [p for p in targets if p.level <= source.level]:
            often = source is target
            if draw(st.sampled_from([False, False, True] if often else [False] * 5 + [True])):
                edge, _ = draw(_edge(source, target.name, target.shape, _matrices(kinds), target.level, kinds, rng))
                edges.append(replace(edge, name=f"{edge.name} back"))
        loop = "convolution" in kinds.projections and len(source.shape) == 3 and source in targets
        if loop and draw(st.sampled_from([False, False, True])):
            weights = _weights((source.shape[0], source.shape[0], 3, 1), 8, "mixed", rng)
            name = f"{source.name}>{source.name} loop"
            same = {"kind": "convolution", "padding": (1, 0), "delay": 1}
            edges.append(Projection(name, source.name, source.name, weights, weight_exp=-1, **same))
    return edges


def _matrices(kinds: Kinds) -> list[str]:
    return [k for k in kinds.projections if k in ("dense", "sparse")]


def _outputs(inputs: list[Input], populations: list[Population], projections: list[Projection]) -> Program:
    last = populations[-1]
    outputs = [Output("count", populations[0].name, "spike_count"), Output("last", last.name, "spike_count")]
    if last.kind not in ("relay", "threshold"):
        outputs.append(Output("membrane", last.name, "membrane"))
    return make_program(tuple(inputs), tuple(populations), tuple(projections), tuple(outputs))


def _readable(program: Program, steps: int) -> Program:
    """Return the program, its readouts turned into plain neurons if their membrane could leave its register."""
    try:
        require_readouts_in_range(program, steps)
    except NumericRangeError:
        plain = tuple(replace(p, kind="lif") if p.kind == "readout" else p for p in program.populations)
        return make_program(program.inputs, plain, program.projections, program.outputs)
    return program


def _events(port: Input, shape: tuple[int, ...], rng: np.random.Generator) -> np.ndarray:
    if port.kind == "spikes":
        return (rng.random(shape) < rng.choice([0.2, 0.5, 1.0])).astype(np.int32)
    limit = 2**port.bits - 1
    return np.where(rng.random(shape) < 0.3, 0, rng.integers(-limit, limit + 1, shape)).astype(np.int32)
