"""Dense projections on the matrix unit: every way in which their rows meet tiles, panels, streams and cores."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agreement import assert_same_bits, assert_same_by_core
from spikewright.exporters.program.make import make_program
from spikewright.exporters.program.program import Input, Output, Population, Program, Projection
from spikewright.simulators.engine import tile_records
from spikewright.simulators.engine.prepared import prepare
from spikewright.simulators.engine.processor import has_matrix_unit
from spikewright.simulators.run import simulate

pytestmark = pytest.mark.skipif(not has_matrix_unit(), reason="this processor has no matrix unit")


@pytest.fixture(autouse=True)
def tiles_whatever_they_take(monkeypatch: pytest.MonkeyPatch) -> None:
    """Multiply wherever half of an event comes in a row, though rows of weights are faster for small layers."""
    monkeypatch.setattr(tile_records, "least_events", lambda columns, depth: 8)


def many(examples: int) -> settings:
    return settings(max_examples=examples, deadline=None, suppress_health_check=list(HealthCheck))


def layer(name: str, shape: tuple[int, ...], level: int, rng: np.random.Generator, **fields: object) -> Population:
    size = int(np.prod(shape))
    bias = rng.integers(0, 2, size).astype(np.int32) * int(rng.integers(0, 2)) * 20
    registers = {"du": 4095, "dv": 1000, "vth": int(rng.integers(20, 900))} | fields
    return Population(name, shape, bias_mant=bias, level=level, **registers)


def kernel(rng: np.random.Generator, *shape: int) -> np.ndarray:
    """Weights of which some are no synapses."""
    return (rng.integers(-127, 128, shape) * 2 * (rng.random(shape) < rng.choice([0.5, 0.99]))).astype(np.int16)


@st.composite
def chains(draw: st.DrawFn) -> tuple[Program, dict[str, np.ndarray]]:
    """A convolution, another one or a recurrence beside it, and dense layers behind."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    ins, outs, last = draw(st.integers(1, 9)), draw(st.integers(1, 70)), draw(st.integers(1, 90))
    height, width = draw(st.integers(1, 12)), draw(st.integers(1, 24))
    taps, stride = draw(st.integers(1, 4)), draw(st.integers(1, 2))
    padding = (taps - 1, taps - 1)
    sides = tuple((n + 2 * (taps - 1) - taps) // stride + 1 for n in (height, width))
    exponent = draw(st.integers(-2, 2))
    shape = (outs, *sides)
    fields = draw(st.sampled_from([{}, {"reset": "subtract"}, {"du": 700}, {"refractory": 2}]))
    first = Projection(
        "a", "in", "conv", kernel(rng, outs, ins, taps, taps), kind="convolution", stride=(stride, stride),
        padding=padding, weight_exp=max(0, exponent),
    )  # fmt: skip
    populations = [layer("conv", shape, 1, rng, **fields), layer("dense", (last,), 2, rng)]
    dense = Projection("b", "conv", "dense", kernel(rng, last, int(np.prod(shape))), weight_exp=exponent)
    projections = [first, dense]
    if draw(st.booleans()):
        projections.append(Projection("c", "dense", "dense", kernel(rng, last, last), delay=1))
    if draw(st.booleans()):
        projections.append(Projection("d", "in", "dense", kernel(rng, last, ins * height * width), delay=2))
    if draw(st.booleans()):
        back = kernel(rng, int(np.prod(shape)), last)
        projections.append(Projection("e", "dense", "conv", back, delay=2))
    program = make_program(
        (Input("in", (ins, height, width)),),
        tuple(populations),
        tuple(projections),
        (Output("out", "dense", "spike_count"),),
    )
    steps, rate = draw(st.integers(1, 40)), draw(st.sampled_from([0.0, 0.02, 0.2, 0.9]))
    return program, {"in": (rng.random((steps, 2, ins, height, width)) < rate).astype(np.uint8)}


@many(40)
@given(chains(), st.integers(1, 2))
def test_chains_agree_with_the_oracle_in_every_bit(case: tuple[Program, dict[str, np.ndarray]], threads: int) -> None:
    assert_same_bits(*case, threads)


@many(10)
@given(chains(), st.integers(5, 300))
def test_chains_are_counted_by_core(case: tuple[Program, dict[str, np.ndarray]], neurons: int) -> None:
    assert_same_by_core(*case, neurons)


@many(10)
@given(chains())
def test_streams_agree(case: tuple[Program, dict[str, np.ndarray]]) -> None:
    program, x = case
    ours, theirs = (simulate(program, x, backend, samples="stream") for backend in ("engine", "oracle"))
    for name, counts in theirs.counts.items():
        np.testing.assert_array_equal(ours.counts[name], counts)


@pytest.mark.parametrize("rate", [0.0, 0.01, 0.3])
@pytest.mark.parametrize("sizes", [(16, 16), (63, 17), (64, 64), (200, 130), (1000, 33)])
@pytest.mark.parametrize("steps", [1, 16, 33, 70])
def test_dense_windows_of_every_length(sizes: tuple[int, int], rate: float, steps: int) -> None:
    """Rows of events are multiplied 32 at a time, or summed one by one where there are few."""
    rng = np.random.default_rng(0)
    program = make_program(
        (Input("in", sizes[:1]),),
        (layer("a", sizes[1:], 1, rng),),
        (Projection("q", "in", "a", kernel(rng, *sizes[::-1])),),
        (Output("out", "a", "spike_count"),),
    )
    assert prepare(program, None).tables.tile_records.size == 1
    assert_same_bits(program, {"in": (rng.random((steps, 2, sizes[0])) < rate).astype(np.uint8)})


@pytest.mark.parametrize("rate", [0.1, 0.8])
@pytest.mark.parametrize("delay", [0, 3])
@pytest.mark.parametrize("steps", [1, 5, 45])
def test_rows_of_several_inputs_and_samples_share_panels(steps: int, delay: int, rate: float) -> None:
    """Panels hold rows of the next samples, and a dense layer behind, whose panels are its own, lies beside them."""
    rng = np.random.default_rng(steps)
    inputs = (Input("a", (70,)), Input("b", (200,)), Input("c", (9,), kind="graded", bits=4), Input("d", (33,)))
    projections = [Projection(f"{p.name}-one", p.name, "one", kernel(rng, 90, p.size), delay=delay) for p in inputs]
    projections += [
        Projection("d-two", "d", "two", kernel(rng, 20, 33)),
        Projection("up", "one", "two", kernel(rng, 20, 90)),
    ]
    program = make_program(
        inputs,
        (layer("one", (90,), 1, rng), layer("two", (20,), 2, rng)),
        tuple(projections),
        (Output("out", "two", "spike_count"),),
    )
    rows = (rng.random((steps, 11, 70 + 200 + 33)) < rate).astype(np.uint8)
    x = dict(zip("abd", np.split(rows, [70, 270], axis=2), strict=True))
    x["c"] = rng.integers(0, 16, (steps, 11, 9)).astype(np.int32)
    assert_same_bits(program, x, threads=2)
