"""The engine runs every kind in every bit as the oracle does, and counts what the oracle's spikes say."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kinds import programs_of
from samples import able
from spikewright.exporters.program.inputs import encode_inputs
from spikewright.exporters.program.make import make_program
from spikewright.exporters.program.program import Input, Output, Population, Program, Projection
from spikewright.simulators.activity import count_activity
from spikewright.simulators.chips.profile import load_chip
from spikewright.simulators.engine.execute import run_engine
from spikewright.simulators.oracle import run_rows
from spikewright.simulators.placement import count_by_core, place
from spikewright.simulators.run import simulate

SLOW = [HealthCheck.too_slow, HealthCheck.data_too_large]


def assert_same(program: Program, x: dict, threads: int = 1) -> None:
    """Compare u, v, events, counts, operations, updates and outputs with the oracle's."""
    events = encode_inputs(program, x)
    expected = run_rows(program, events)
    counted = count_activity(program, {**events, **expected["spikes"]})
    trace = run_engine(program, events, ("spikes", "state"), threads=threads)
    for p in program.populations:
        assert trace.spikes[p.name].dtype == program.events(p.name).dtype
        for what, found in (("spikes", trace.spikes[p.name]), *((k, trace.state[p.name][k]) for k in "uv")):
            np.testing.assert_array_equal(found.reshape(expected[what][p.name].shape), expected[what][p.name], what)
        np.testing.assert_array_equal(trace.counts[p.name].ravel(), counted.counts[p.name].ravel())
        np.testing.assert_array_equal(trace.updates[p.name], counted.updates[p.name])
    assert set(trace.synaptic_ops) == set(counted.synaptic_ops)
    for name, ops in counted.synaptic_ops.items():
        np.testing.assert_array_equal(trace.synaptic_ops[name], ops)
    for output in program.outputs:
        rows = expected["v" if output.readout == "membrane" else "spikes"][output.population]
        read = rows[-1] if output.readout == "membrane" else rows.sum(0)
        np.testing.assert_array_equal(trace.output[output.name], read)


@settings(max_examples=300, suppress_health_check=SLOW)
@given(programs_of(), st.integers(1, 3))
def test_every_kind_agrees_with_the_oracle(drawn: tuple, threads: int) -> None:
    assert_same(*drawn, threads)


@settings(max_examples=100, suppress_health_check=SLOW)
@given(programs_of())
def test_every_kind_streams_as_the_oracle_does(drawn: tuple) -> None:
    program, x = drawn
    everything = {"record": ("spikes", "state"), "samples": "stream"}
    trace, oracle = (simulate(program, x, backend, **everything) for backend in ("engine", "oracle"))
    for name in oracle.spikes:
        for ours, theirs in (
            (trace.spikes[name], oracle.spikes[name]),
            *((trace.state[name][k], oracle.state[name][k]) for k in "uv"),
            (trace.counts[name], oracle.counts[name]),
            (trace.updates[name], oracle.updates[name]),
        ):
            np.testing.assert_array_equal(ours, theirs)
    for ours, theirs in ((trace.synaptic_ops, oracle.synaptic_ops), (trace.output, oracle.output)):
        assert ours.keys() == theirs.keys()
        for name, values in theirs.items():
            np.testing.assert_array_equal(ours[name], values)


@settings(max_examples=60, suppress_health_check=SLOW)
@given(programs_of(), st.integers(1, 40))
def test_counts_by_core_of_every_kind_agree_with_the_oracle(drawn: tuple, neurons: int) -> None:
    program, x = drawn
    chip = load_chip("loihi1-davies2018")
    layout = place(program, replace(able(chip), limits={"neurons": replace(chip.limits["neurons"], value=neurons)}))
    events = encode_inputs(program, x)
    counted = count_by_core(program, {**events, **run_rows(program, events)["spikes"]}, layout)
    trace = run_engine(program, events, place=layout)
    assert set(trace.by_core) == set(counted)
    for name, rows in counted.items():
        np.testing.assert_array_equal(trace.by_core[name], rows, name)


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
    ],
)
def test_convolutions_of_every_geometry_agree(shape: tuple, kernel: tuple, changes: dict, wide: bool) -> None:
    rng = np.random.default_rng(0)
    program = convolved(rng, shape, kernel, wide, **changes)
    for rate in (0.02, 0.3, 1.0):
        assert_same(program, {"in": (rng.random((4, 3, *shape)) < rate).astype(np.uint8)})
    graded = replace(program, inputs=(Input("in", shape, "graded", 1.0, 8),))
    assert_same(graded, {"in": rng.integers(-255, 256, (3, 2, *shape)).astype(np.int32)})
