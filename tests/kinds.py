"""Random programs over every kind of population, projection and input, for comparing backends.

`Kinds` says which may occur. Thresholds are drawn near the sums that can arrive, so that most populations spike.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn

from kinds_choice import ALL, SHAPES, STOCK, Choose, Kinds
from kinds_edges import feedback
from kinds_neurons import fed_population
from spikewright.exporters.program.bounds import require_readouts_in_range
from spikewright.exporters.program.make import make_program
from spikewright.exporters.program.population import Population
from spikewright.exporters.program.ports import Input, Output
from spikewright.exporters.program.program import Program
from spikewright.exporters.program.projection import Projection
from spikewright.models.errors import NumericRangeError

__all__ = ["ALL", "STOCK", "Case", "Kinds", "bundles_of", "programs_of", "side_by_side"]

Case = tuple[Program, dict[str, np.ndarray]]


@st.composite
def programs_of(draw: DrawFn, kinds: Kinds = ALL, size: tuple[int, int] | None = None) -> Case:
    """Draw a program and what a user feeds it: a dict of (T, B, *shape) int32 arrays, bias inputs left out.

    `size` is (T, B), drawn too if it is not given; T may be below the program's depth.
    """

    def choose(options: Sequence[Any]) -> Any:
        return draw(st.sampled_from(options))

    return _program(choose, np.random.default_rng(draw(st.integers(0, 2**32 - 1))), kinds, size or _size(choose))


@st.composite
def bundles_of(draw: DrawFn, kinds: Sequence[Kinds]) -> Case:
    """Draw a program for each of `kinds`, side by side in one program: a backend that starts slowly starts once.

    All of them follow from one seed: drawn choice by choice, half of them would repeat earlier ones.
    """
    rng = np.random.default_rng(draw(st.integers(0, 2**64 - 1)))

    def choose(options: Sequence[Any]) -> Any:
        return options[int(rng.integers(len(options)))]

    size = _size(choose)
    return side_by_side([_program(choose, rng, k, size) for k in kinds])


def side_by_side(cases: Sequence[Case]) -> Case:
    """Put programs that know nothing of each other into one; their names get a prefix."""
    parts: dict[str, list[Any]] = {"inputs": [], "populations": [], "projections": [], "outputs": []}
    for n, (program, _) in enumerate(cases):
        for name, found in parts.items():
            found += [_renamed(part, f"{n}.") for part in getattr(program, name)]
    x = {f"{n}.{name}": rows for n, (_, fed) in enumerate(cases) for name, rows in fed.items()}
    return make_program(**{name: tuple(found) for name, found in parts.items()}), x


def _program(choose: Choose, rng: np.random.Generator, kinds: Kinds, size: tuple[int, int]) -> Case:
    inputs = [_input(choose, "in", [k for k in kinds.inputs if k != "bias"])]
    inputs += [_input(choose, f"in{n}", kinds.inputs) for n in range(choose([0, 0, 1, 2]))]
    populations: list[Population] = []
    projections: list[Projection] = []
    for level in range(1, choose(range(1, kinds.layers + 1)) + 1):
        for n in range(choose([1, 1, 1, 2])):
            earlier = [*inputs, *(p for p in populations if p.level < level)]
            target, edges = fed_population(choose, f"p{level}{'ab'[n]}", level, kinds, earlier, rng)
            populations.append(target)
            projections += edges
    if kinds.delays != "none":
        projections += feedback(choose, populations, kinds, rng)
    program = _readable(_outputs(inputs, populations, projections), size[0])
    return program, {i.name: _events(i, (*size, *i.shape), rng) for i in inputs if i.kind != "bias"}


def _size(choose: Choose) -> tuple[int, int]:
    return choose([4, 1, 2, 3, 6, 9]), choose(range(1, 5))


def _renamed(part: Any, prefix: str) -> Any:
    names = [name for name in ("name", "source", "target", "population") if hasattr(part, name)]
    return replace(part, **{name: prefix + getattr(part, name) for name in names})


def _input(choose: Choose, name: str, kinds: Sequence[str]) -> Input:
    kind = choose(kinds)
    return Input(name, choose(SHAPES), kind, bits=choose(range(1, 9)) if kind == "graded" else 1)


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
