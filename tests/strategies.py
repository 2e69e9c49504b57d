"""Random programs with input, for comparing backends; every register range and every kind of edge occurs."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn

from spikewright.exporters.program.grid import grid_range, grid_step
from spikewright.exporters.program.make import make_program
from spikewright.exporters.program.program import VTH_MAX, Input, Output, Population, Program, Projection

DECAYS = st.sampled_from([0, 1, 2048, 4094, 4095]) | st.integers(0, 4095)
SIZES = st.integers(1, 9)
WIDE_SIZES = st.sampled_from([1, 7, 8, 31, 32, 33, 63, 64, 65, 130, 300])
SIGN_MODES = st.sampled_from(["mixed", "excitatory", "inhibitory"])


@st.composite
def programs(
    draw: DrawFn, sizes: st.SearchStrategy[int] = SIZES, bits: int = 8, feedback: bool = False
) -> tuple[Program, dict[str, np.ndarray]]:
    """Draw a program of 1 to 3 layers and its input, a dict of (T, B, n) int32 arrays.

    Some programs have a second input, self-recurrent edges (of one or two rows) and edges that skip a layer; with
    `feedback` also edges to earlier layers. `sizes` are those of layers and inputs, `bits` the most of an event.
    """
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    names = ["in", "extra"][: draw(st.integers(1, 2))]
    inputs = [draw(_inputs(name, sizes, bits)) for name in names]
    layers = [draw(_populations(level, rng, sizes)) for level in range(1, draw(st.sampled_from([3, 2, 1])) + 1)]
    if draw(st.booleans()):
        layers[-1] = _readout(layers[-1])
    chain = [inputs[0], *layers]
    projections = [draw(_projections(a, b, 0, rng)) for a, b in pairwise(chain)]
    for layer in layers:
        delay = draw(st.sampled_from([1, 0, 2]))
        if delay:
            projections.append(draw(_projections(layer, layer, delay, rng)))
    skips = [(a, b) for i, a in enumerate(chain) for b in chain[i + 2 :]] + [(i, layers[-1]) for i in inputs[1:]]
    for source, target in skips:
        if draw(st.sampled_from([True, False])):
            projections.append(draw(_projections(source, target, 0, rng)))
    for i, target in enumerate(layers):
        for source in layers[i + 1 :] if feedback else []:
            if draw(st.booleans()):
                delay = source.level - target.level + draw(st.integers(1, 3))
                projections.append(draw(_projections(source, target, delay, rng)))
    outputs = (
        Output("membrane", layers[-1].name, "membrane"),
        Output("count", layers[0].name, "spike_count"),
    )
    program = make_program(tuple(inputs), tuple(layers), tuple(projections), outputs)
    steps, samples = draw(st.integers(1, 7)), draw(st.integers(1, 4))
    return program, {i.name: _events(i, (steps, samples, *i.shape), rng) for i in inputs}


@st.composite
def _inputs(draw: DrawFn, name: str, sizes: st.SearchStrategy[int], bits: int) -> Input:
    if draw(st.booleans()):
        return Input(name, (draw(sizes),))
    return Input(name, (draw(sizes),), kind="graded", scale=1.0, bits=draw(st.integers(1, bits)))


@st.composite
def _populations(draw: DrawFn, level: int, rng: np.random.Generator, sizes: st.SearchStrategy[int]) -> Population:
    size = draw(sizes)
    limit = draw(st.sampled_from([0, 20, 4095]))
    return Population(
        f"layer{level}",
        (size,),
        du=draw(DECAYS),
        dv=draw(DECAYS),
        # Mostly low enough for spikes.
        vth=draw(st.integers(0, 60) | st.integers(0, 500) | st.integers(0, VTH_MAX)),
        bias_mant=rng.integers(-limit - (limit == 4095), limit + 1, size).astype(np.int32),
        bias_exp=draw(st.integers(0, 7)),
        level=level,
    )


@st.composite
def _projections(
    draw: DrawFn, source: Input | Population, target: Population, delay: int, rng: np.random.Generator
) -> Projection:
    bits, mode = draw(st.integers(1, 8)), draw(SIGN_MODES)
    (low, high), step = grid_range(bits, mode), grid_step(bits, mode)
    weights = rng.integers(low // step, high // step + 1, (target.size, source.size)) * step
    return Projection(
        f"{source.name}-{target.name}",
        source.name,
        target.name,
        weights.astype(np.int16),
        weight_exp=draw(st.integers(-6, 7)),
        sign_mode=mode,
        weight_bits=bits,
        delay=delay,
    )


def _readout(p: Population) -> Population:
    return Population(p.name, p.shape, p.du, p.dv, VTH_MAX, p.bias_mant, p.level, p.bias_exp, kind="readout")


def _events(port: Input, shape: tuple[int, ...], rng: np.random.Generator) -> np.ndarray:
    if port.kind == "spikes":
        return (rng.random(shape) < rng.choice([0.1, 0.5, 1.0])).astype(np.int32)
    limit = 2**port.bits - 1
    return rng.integers(-limit, limit + 1, shape).astype(np.int32)
