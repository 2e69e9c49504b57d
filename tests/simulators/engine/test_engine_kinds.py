"""The engine runs every kind in every bit as the oracle does, and counts what the oracle's spikes say."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agreement import assert_same_bits, assert_same_by_core
from kinds import programs_of
from spikewright.exporters.program.make import make_program
from spikewright.exporters.program.program import Input, Output, Population, Program, Projection
from spikewright.simulators.run import simulate

SLOW = [HealthCheck.too_slow, HealthCheck.data_too_large]


@settings(max_examples=200, suppress_health_check=SLOW)
@given(programs_of(), st.integers(1, 3))
def test_every_kind_agrees_with_the_oracle(drawn: tuple, threads: int) -> None:
    assert_same_bits(*drawn, threads)


@settings(max_examples=60, suppress_health_check=SLOW)
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
    assert_same_by_core(*drawn, neurons)


SHAPE = (3, 4, 3)


def every_form(source: Input, middle: Population, into: Projection) -> Program:
    """`middle`, of `SHAPE`, and behind it a population for every form of projections, each with extreme weights."""
    rng = np.random.default_rng(1)
    size = middle.size

    def extremes(shape: tuple[int, ...], density: float) -> np.ndarray:
        return np.where(rng.random(shape) < density, rng.choice([-256, 254, 2], shape), 0).astype(np.int16)

    few = extremes((50, size), 0.02)
    post, pre = np.nonzero(few)
    sparse = {"indices": pre.astype(np.int32), "indptr": np.searchsorted(post, np.arange(51)).astype(np.int32)}
    forms = {
        "dense": ((7,), {"weights": extremes((7, size), 0.8), "weight_exp": -1}),
        "few": ((50,), {"weights": few, "delay": 1}),
        "sparse": ((50,), {"weights": few[post, pre], "kind": "sparse", "weight_exp": 7} | sparse),
        "narrow": ((5, 4, 3), {"weights": extremes((5, 3, 3, 3), 0.9), "kind": "convolution", "padding": (1, 1)}),
        "wide": ((53, 3, 2), {"weights": extremes((53, 3, 2, 2), 0.5), "kind": "convolution", "weight_exp": 5}),
        "groups": ((6, 2, 3), {"weights": extremes((6, 1, 3, 1), 0.9), "kind": "convolution", "groups": 3}),
        "pool": ((3, 2, 2), {"weights": extremes((1,), 1.0), "kind": "pooling", "kernel": (2, 2), "stride": (2, 1)}),
    }
    populations, projections = [middle], [into]
    for name, (shape, fields) in forms.items():
        bias = np.zeros(int(np.prod(shape)), np.int32)
        populations.append(Population(name, shape, 4095, 100, 900, bias, level=2))
        projections.append(Projection(f"to {name}", middle.name, name, **fields))
    outputs = tuple(Output(name, name, "spike_count") for name in forms)
    return make_program((source,), tuple(populations), tuple(projections), outputs)


@pytest.mark.parametrize("bits", [1, 24])
def test_events_with_values_pass_every_form(bits: int) -> None:
    source, size = Input("in", SHAPE, "graded", 1.0, bits), int(np.prod(SHAPE))
    relay = Population("middle", SHAPE, 4095, 0, 0, np.zeros(size, np.int32), level=1, kind="relay")
    one_to_one = Projection(
        "in", "in", "middle", np.ones(size, np.int16), sign_mode="excitatory", kind="sparse",
        indices=np.arange(size, dtype=np.int32), indptr=np.arange(size + 1, dtype=np.int32),
    )  # fmt: skip
    ternary = replace(relay, kind="ternary", vth=300, vth_low=-300)
    rng = np.random.default_rng(0)
    limit = 2**bits - 1
    x = {"in": rng.choice([-limit, 0, limit], (4, 3, *SHAPE)).astype(np.int32)}
    weights = (rng.integers(-128, 128, (size, size)) * 2).astype(np.int16)
    for program in (
        every_form(source, relay, one_to_one),
        every_form(source, ternary, Projection("in", "in", "middle", weights)),
    ):
        assert assert_same_bits(program, x, 2) > 0
        assert_same_by_core(program, x, 40)


def test_a_divisor_is_the_sum_of_all_that_arrives_at_its_port() -> None:
    rng = np.random.default_rng(0)
    edges = []
    for number, (port, exponent, delay) in enumerate(
        [("current", 3, 0), ("current", -2, 1), ("divisor", 0, 0), ("divisor", -3, 2), ("divisor", 1, 0)]
    ):
        sign_mode = "mixed" if port == "current" else "excitatory"
        weights = (rng.integers(0, 128, (70, 30)) * (rng.random((70, 30)) < (0.02, 0.6)[number % 2]) * 2).astype(
            np.int16
        )
        common = {"weight_exp": exponent, "delay": delay, "port": port, "sign_mode": sign_mode}
        edges.append(Projection(f"{number}", "in", "a", weights, **common))
    thresholds = rng.integers(1, 60, 70).astype(np.int32)
    a = Population(
        "a", (70,), 4095, 100, thresholds, np.zeros(70, np.int32), level=1, kind="ei_gain", reciprocal_bits=3
    )
    a = replace(a, quotient_exp=5, divisor_min=3)
    program = make_program((Input("in", (30,)),), (a,), tuple(edges), (Output("out", "a", "spike_count"),))
    x = {"in": (rng.random((6, 4, 30)) < 0.3).astype(np.uint8)}
    assert assert_same_bits(program, x) > 0
    assert_same_by_core(program, x, 33)
