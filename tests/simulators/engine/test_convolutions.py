"""Convolutions on the engine: every geometry, every way in which their neurons may lie, and sums at their widest."""

from dataclasses import replace

import numpy as np
import pytest

from agreement import assert_same_bits, assert_same_by_core
from spikewright.exporters.program.make import make_program
from spikewright.exporters.program.program import Input, Output, Population, Program, Projection
from spikewright.simulators.engine.prepared import prepare
from spikewright.simulators.engine.shapes import SILENT


def convolved(rng: np.random.Generator, shape: tuple, kernel: tuple, wide: bool, **changes: object) -> Program:
    """One convolution of random weights onto LIF neurons that spike now and then; a third of the weights is zero."""
    out_shape = changes.pop("out")
    weights = rng.integers(-128 if wide else -20, 128 if wide else 21, kernel) * 2 * (rng.random(kernel) < 0.7)
    size = int(np.prod(out_shape))
    bias = rng.integers(0, 2, size).astype(np.int32) * 3
    projection = Projection("c", "in", "a", weights.astype(np.int16), kind="convolution", **changes)
    population = Population("a", out_shape, 4095, 2048, rng.integers(20, 3000, size).astype(np.int32), bias, level=1)
    return make_program((Input("in", shape),), (population,), (projection,), (Output("out", "a", "spike_count"),))


@pytest.mark.parametrize("wide", [False, True])
@pytest.mark.parametrize(
    ("shape", "kernel", "changes"),
    [
        ((3, 9, 7), (8, 3, 3, 3), {"out": (8, 9, 7), "padding": (1, 1)}),
        ((2, 11, 10), (5, 2, 3, 2), {"out": (5, 4, 5), "stride": (3, 2), "padding": (1, 0)}),
        ((1, 8, 8), (17, 1, 5, 5), {"out": (17, 4, 4)}),
        ((40, 4, 4), (64, 40, 3, 3), {"out": (64, 2, 2), "stride": (2, 2), "padding": (1, 1)}),
        ((3, 7, 6), (130, 3, 3, 2), {"out": (130, 7, 3), "stride": (1, 2), "padding": (1, 0)}),
        ((70, 5, 5), (48, 70, 5, 5), {"out": (48, 5, 5), "padding": (2, 2)}),
        ((4, 6, 6), (3, 4, 1, 1), {"out": (3, 3, 3), "stride": (2, 2)}),
        ((4, 12), (6, 4, 1, 3), {"out": (6, 1, 10)}),
        ((2, 5, 5), (4, 2, 2, 2), {"out": (4, 2, 2), "stride": (3, 3), "padding": (1, 1)}),
        ((4, 6, 6), (6, 2, 3, 3), {"out": (6, 4, 4), "groups": 2}),
        ((2, 9, 9), (4, 2, 3, 3), {"out": (4, 5, 5), "dilation": (2, 2)}),
        ((1, 1, 1), (1, 1, 1, 1), {"out": (1, 1, 1)}),
        ((2100, 1, 2), (3, 2100, 1, 2), {"out": (3, 1, 1)}),
        ((1, 1023), (2, 1, 1, 3), {"out": (2, 1, 341), "stride": (1, 3)}),
        ((1, 1024), (2, 1, 1, 3), {"out": (2, 1, 341), "stride": (1, 3)}),
        ((1, 1, 1), (60, 1, 5, 3), {"out": (60, 3, 1), "padding": (3, 1)}),
        ((2, 3, 2), (9, 2, 7, 6), {"out": (9, 1, 3), "padding": (2, 3)}),
        ((2, 9, 8), (3, 2, 1, 2), {"out": (3, 2, 3), "stride": (5, 4), "padding": (0, 1)}),
        ((3, 4, 4), (50, 3, 2, 1), {"out": (50, 4, 6), "stride": (3, 3), "padding": (4, 6)}),
    ],
)
def test_convolutions_of_every_geometry_agree(shape: tuple, kernel: tuple, changes: dict, wide: bool) -> None:
    rng = np.random.default_rng(0)
    program = convolved(rng, shape, kernel, wide, **changes)
    for rate in (0.02, 0.3, 1.0):
        assert_same_bits(program, {"in": (rng.random((4, 3, *shape)) < rate).astype(np.uint8)})
    graded = replace(program, inputs=(Input("in", shape, "graded", 1.0, 8),))
    assert_same_bits(graded, {"in": rng.integers(-255, 256, (3, 2, *shape)).astype(np.int32)})


@pytest.mark.parametrize(
    ("outs", "sides"), [(6, (2, 3)), (5, (1, 3)), (3, (1, 5)), (4, (1, 2)), (53, (1, 3)), (70, (3, 2))]
)
def test_channels_of_a_place_are_counted_on_their_own_cores(outs: int, sides: tuple[int, int]) -> None:
    """Whatever lies seven neurons further, be it a channel of the next place."""
    rng = np.random.default_rng(0)
    program = convolved(rng, (2, *sides), (outs, 2, 1, 1), False, out=(outs, *sides))
    x = {"in": (rng.random((6, 3, 2, *sides)) < 0.2).astype(np.uint8)}
    for neurons in (1, 5, outs, outs * sides[1] // 2 + 1, 3 * outs * sides[0] * sides[1] // 4):
        assert_same_by_core(program, x, neurons)


def kernel(rng: np.random.Generator, *shape: int) -> np.ndarray:
    return (rng.integers(-40, 41, shape) * 2).astype(np.int16)


def test_one_population_may_be_several_images() -> None:
    """Convolutions of different shapes into a flat population, into another image, and out of that one."""
    rng = np.random.default_rng(0)

    def window(source: str, target: str, *shape: int, **fields: object) -> Projection:
        return Projection(f"{source}>{target}", source, target, kernel(rng, *shape), kind="convolution", **fields)

    def population(name: str, shape: tuple[int, ...], level: int) -> Population:
        return Population(name, shape, 4095, 1000, 50, np.zeros(int(np.prod(shape)), np.int32), level=level)

    inputs = (Input("rows", (2, 12)), Input("square", (3, 4, 4)), Input("one", (1, 3, 8)))
    populations = (population("flat", (48,), 1), population("other", (4, 4, 3), 1), population("last", (2, 3, 2), 2))
    projections = (
        window("rows", "flat", 4, 2, 1, 3, padding=(0, 1)),
        window("square", "flat", 3, 3, 3, 3, padding=(1, 1)),
        window("one", "flat", 2, 1, 1, 1),
        window("rows", "other", 4, 2, 1, 1),
        window("square", "other", 3, 3, 1, 1),
        window("other", "last", 2, 4, 2, 2),
    )
    program = make_program(inputs, populations, projections, (Output("out", "last", "spike_count"),))
    x = {port.name: (rng.random((5, 3, *port.shape)) < 0.4).astype(np.uint8) for port in inputs}
    assert assert_same_bits(program, x, 2) > 0
    assert_same_by_core(program, x, 17)


@pytest.mark.parametrize(
    ("ins", "outs", "stride"), [(6, 50, (1, 1)), (6, 64, (2, 2)), (5, 130, (2, 1)), (45, 48, (1, 2))]
)
def test_many_channels_behind_a_convolution(ins: int, outs: int, stride: tuple[int, int]) -> None:
    """Few events are summed by strips, many place by place, and only so if their sums leave 16 bits (45 channels)."""
    rng = np.random.default_rng(0)
    sides = -(-8 // stride[0]), -(-7 // stride[1])
    weights = rng.integers(-127, 128, (outs, ins, 3, 3)) * 2 * (rng.random((outs, ins, 3, 3)) < 0.8)
    below = Projection("b", "in", "b", kernel(rng, ins, 2, 1, 1), kind="convolution")
    above = Projection("a", "b", "a", weights.astype(np.int16), kind="convolution", stride=stride, padding=(1, 1))
    silent = [np.zeros(int(np.prod(shape)), np.int32) for shape in ((ins, 8, 7), (outs, *sides))]
    populations = (
        Population("b", (ins, 8, 7), 4095, 4095, 10, silent[0], level=1),
        Population("a", (outs, *sides), 4095, 1000, 1500, silent[1], level=2),
    )
    program = make_program((Input("in", (2, 8, 7)),), populations, (below, above), (Output("out", "a", "spike_count"),))
    spikes = 0
    for rate in (0.01, 0.2, 0.9):
        x = {"in": (rng.random((6, 3, 2, 8, 7)) < rate).astype(np.uint8)}
        spikes += assert_same_bits(program, x)
        assert_same_by_core(program, x, 100)
    assert spikes > 0


@pytest.mark.parametrize(
    ("reset", "dv"), [("zero", 0), ("zero", 7), ("zero", 2000), ("zero", 4096), ("subtract", 0), ("subtract", 2000)]
)
@pytest.mark.parametrize("vth", [0, 3000])
def test_neurons_that_nothing_reaches_sleep_and_are_the_same_when_they_wake(reset: str, dv: int, vth: int) -> None:
    """Few events, none, many, and few again; after a soft reset what is left may spike once more without an event."""
    rng = np.random.default_rng(0)
    shape, out = (1, 40, 40), (9, 20, 40)
    fields = {"kind": "convolution", "stride": (2, 1), "padding": (1, 1)}
    weights = (rng.integers(-100, 128, (9, 1, 3, 3)) * 2).astype(np.int16)
    silent = np.zeros(int(np.prod(out)), np.int32)
    kind, readout = ("threshold", "spike_count") if dv == 4096 else ("lif", "membrane")
    neurons = Population("a", out, 4095, dv, vth, silent, kind=kind, reset=reset, level=1)
    projection = Projection("c", "in", "a", weights, weight_exp=5, **fields)
    program = make_program((Input("in", shape),), (neurons,), (projection,), (Output("out", "a", readout),))
    rates = np.array([0.002] * 9 + [0] * 5 + [0.3] + [0.004] * 6 + [0] * 3)
    x = (rng.random((rates.size, 2, *shape)) < rates[:, None, None, None, None]).astype(np.uint8)
    few = x.sum((2, 3, 4)) * 4 < neurons.size // SILENT
    assert few.any() and not few.all()
    assert assert_same_bits(program, {"in": x}) > 0


@pytest.mark.parametrize("loop", [False, True])
@pytest.mark.parametrize(("ins", "outs"), [(6, 50), (20, 200), (300, 70)])
def test_rows_of_events_that_are_summed_together(ins: int, outs: int, loop: bool) -> None:
    """Rows with many events and with none, in windows with many and with few, and one row at a time in a loop."""
    rng = np.random.default_rng(0)
    weights = (rng.integers(-64, 64, (outs, ins, 3, 3)) * 2).astype(np.int16)
    spread = Projection("s", "in", "b", np.full((ins, 1, 1, 1), 20, np.int16), kind="convolution")
    above = Projection("a", "b", "a", weights, kind="convolution", padding=(1, 1))
    back = Projection("k", "a", "b", kernel(rng, ins, outs, 1, 1), kind="convolution", delay=2)
    silent = [np.zeros(channels * 9, np.int32) for channels in (ins, outs)]
    populations = (
        Population("b", (ins, 3, 3), 4095, 4095, 10, silent[0], level=1),
        Population("a", (outs, 3, 3), 4095, 1000, 3000, silent[1], level=2),
    )
    projections = (spread, above, back) if loop else (spread, above)
    program = make_program((Input("in", (1, 3, 3)),), populations, projections, (Output("out", "a", "spike_count"),))
    rates = np.repeat([0.5, 0.0, 1.0, 0.02, 0.0, 0.3], [9, 3, 20, 40, 35, 6])
    x = (rng.random((rates.size, 2, 1, 3, 3)) < rates[:, None, None, None, None]).astype(np.uint8)
    assert assert_same_bits(program, {"in": x}) > 0
    assert (prepare(program, None).tables.strips["window"].max() > 1) != loop


@pytest.mark.parametrize("outs", [2, 50])
@pytest.mark.parametrize("ins", [127, 128, 129, 300])
def test_sums_at_the_end_of_their_type(outs: int, ins: int) -> None:
    """128 channels of two taps at -128 are the first sum that 16 bits do not hold by this count."""
    rng = np.random.default_rng(0)
    program = convolved(rng, (ins, 2, 1), (outs, ins, 2, 1), False, out=(outs, 1, 1))
    for weight, mode in ((-256, "mixed"), (254, "mixed"), (255, "excitatory"), (-255, "inhibitory")):
        weights = np.full((outs, ins, 2, 1), weight, np.int16)
        full = replace(program.projections[0], weights=weights, sign_mode=mode)
        for projection in (full, replace(full, weight_exp=7)):
            assert_same_bits(replace(program, projections=(projection,)), {"in": np.ones((2, 1, ins, 2, 1), np.uint8)})


def test_graded_events_of_24_bits_wrap_as_the_contract_says() -> None:
    rng = np.random.default_rng(0)
    program = convolved(rng, (40, 3, 3), (50, 40, 3, 3), True, out=(50, 3, 3), padding=(1, 1))
    program = replace(program, inputs=(Input("in", (40, 3, 3), "graded", 1.0, 24),))
    for value in (2**24 - 1, 1 - 2**24, 2**23):
        assert_same_bits(program, {"in": np.full((2, 2, 40, 3, 3), value, np.int32)})
