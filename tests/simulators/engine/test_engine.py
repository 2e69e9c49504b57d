"""The engine equals the oracle in every bit, on any program, with any number of threads."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agreement import assert_same_bits, assert_same_by_core
from samples import a_program, parts
from spikewright.exporters.program.make import make_program
from spikewright.exporters.program.program import Input, Output, Population, Program, Projection
from spikewright.models.errors import ConfigError, InputError
from spikewright.simulators.engine import packing
from spikewright.simulators.engine.execute import run_engine
from spikewright.simulators.run import simulate
from strategies import WIDE_SIZES, programs

EVERYTHING = ("spikes", "state")


def many(examples: int) -> settings:
    """Settings for programs that are slow to draw."""
    slow = [HealthCheck.too_slow, HealthCheck.data_too_large]
    return settings(max_examples=examples, deadline=None, suppress_health_check=slow)


@many(200)
@given(programs(feedback=True), st.integers(1, 3))
def test_random_programs_agree_with_the_oracle_in_every_bit(case: tuple, threads: int) -> None:
    assert_same_bits(*case, threads)


@many(100)
@given(programs(WIDE_SIZES, bits=24, feedback=True), st.integers(1, 2))
def test_wide_programs_agree_with_the_oracle_in_every_bit(case: tuple, threads: int) -> None:
    assert_same_bits(*case, threads)


def wide(post: int, pre: int, weight: int, **changes: object) -> Program:
    """`pre` inputs onto `post` neurons by equal weights, an excitatory population of 8 bits unless changed."""
    projection = Projection("in-a", "in", "a", np.full((post, pre), weight, np.int16), sign_mode="excitatory")
    return make_program(
        (Input("in", (pre,)),),
        (Population("a", (post,), 4095, 0, 100_000, np.zeros(post, np.int32), level=1),),
        (replace(projection, **changes),),
        (Output("out", "a", "spike_count"),),
    )


@many(50)
@given(programs(WIDE_SIZES, feedback=True), st.integers(1, 70))
def test_counts_by_core_agree_with_the_oracle(case: tuple, neurons: int) -> None:
    assert_same_by_core(*case, neurons)


@pytest.mark.parametrize("pre", [247, 248, 249, 1000])
def test_sums_of_extreme_weights_leave_their_lanes_in_time(pre: int) -> None:
    x = {"in": np.ones((2, 1, pre), np.uint8)}
    assert_same_bits(wide(3, pre, -256, sign_mode="mixed"), x, 1)
    assert_same_bits(wide(3, pre, 254, sign_mode="mixed"), x, 1)
    assert_same_bits(wide(3, pre, 255), x, 1)


@pytest.mark.parametrize("pre", [254, 255, 256, 511])
@pytest.mark.parametrize("post", [1, 64, 65, 130, 257])
def test_extreme_weights_of_neighbouring_columns_do_not_mix(pre: int, post: int) -> None:
    program = wide(post, pre, -256, sign_mode="mixed")
    alternating = np.where(np.indices((post, pre)).sum(0) % 2, np.int16(254), np.int16(-256))
    by_column = np.where(np.arange(post)[:, None] % 2, np.int16(254), np.int16(-256)).repeat(pre, 1)
    x = {"in": np.stack([np.ones((1, pre)), np.arange(pre)[None] % 2]).astype(np.uint8)}
    for weights in (alternating, by_column, -2 - by_column):
        projections = (replace(program.projections[0], weights=weights),)
        assert_same_bits(replace(program, projections=projections), x, 1)


def test_events_of_24_bits_overflow_as_the_contract_says() -> None:
    program = wide(2, 300, 255, weight_exp=-6)
    program = replace(program, inputs=(Input("in", (300,), "graded", 1.0, 24),))
    assert_same_bits(program, {"in": np.full((3, 2, 300), 2**24 - 1, np.int32)}, 1)
    assert_same_bits(program, {"in": np.full((3, 2, 300), 1 - 2**24, np.int32)}, 1)


def test_random_programs_spike_often_enough() -> None:
    """Otherwise the comparison above would compare silence."""
    spiking = []

    @many(60)
    @given(programs(WIDE_SIZES))
    def count(case: tuple) -> None:
        spiking.append(assert_same_bits(*case, 1) > 0)

    count()
    assert sum(spiking) > len(spiking) / 5


def test_only_what_was_asked_for_is_recorded() -> None:
    x = np.ones((4, 2, 3), np.uint8)
    assert (simulate(a_program(), x).spikes, simulate(a_program(), x).state) == ({}, {})
    trace = simulate(a_program(), x, record=("spikes",))
    assert trace.spikes["a"].shape == (4, 2, 2) and trace.spikes["a"].dtype == np.int8 and trace.state == {}
    assert trace.backend == "engine" and set(trace.versions) == {"spikewright", "numpy", "numba"}


@pytest.mark.parametrize("dtype", [bool, np.uint8, np.int8, np.int64, np.float32, np.float64])
def test_input_of_any_type_and_layout_gives_the_same_spikes(dtype: type) -> None:
    x = np.random.default_rng(0).random((6, 8, 3)) < 0.5
    expected = simulate(a_program(), x, record=("spikes",)).spikes["a"]
    for array in (x.astype(dtype), np.asfortranarray(x.astype(dtype)), np.repeat(x, 2, axis=1)[:, ::2].astype(dtype)):
        np.testing.assert_array_equal(simulate(a_program(), array, record=("spikes",)).spikes["a"], expected)


def test_input_is_left_as_it_was() -> None:
    x = np.ones((4, 2, 3), np.uint8)
    x.setflags(write=False)
    simulate(a_program(), x)


def test_a_bool_may_hold_any_byte() -> None:
    foreign = np.full((3, 2, 3), 255, np.uint8).view(bool)
    expected = simulate(a_program(), np.ones((3, 2, 3)), record=EVERYTHING)
    trace = simulate(a_program(), foreign, record=EVERYTHING)
    np.testing.assert_array_equal(trace.spikes["a"], expected.spikes["a"])
    np.testing.assert_array_equal(trace.synaptic_ops["in-a"], expected.synaptic_ops["in-a"])


def test_a_program_that_breaks_its_rules_does_not_reach_the_kernels() -> None:
    """Compiled code would read and write beyond its buffers."""
    program, x = a_program(), {"in": np.ones((2, 1, 3), np.uint8)}
    (projection,) = program.projections
    for change in ({"weights": projection.weights[:, :2]}, {"delay": -1}, {"weights": np.ones((200, 3), np.int16)}):
        with pytest.raises(InputError, match="no valid program"):
            run_engine(replace(program, projections=(replace(projection, **change),)), x)


def test_the_arrays_of_a_program_cannot_be_changed_behind_its_back() -> None:
    program = a_program()
    for array in (program.projections[0].weights, program.populations[0].bias_mant):
        with pytest.raises(ValueError, match="read-only"):
            array[:] = 0


def test_sums_over_very_many_sources_are_kept_in_64_bits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packing, "WIDE_FAN_IN", 100)
    x = {"in": (np.random.default_rng(0).random((4, 3, 300)) < 0.5).astype(np.uint8)}
    assert_same_bits(wide(40, 300, 254, sign_mode="mixed", weight_exp=-2), x, 1)
    assert_same_bits(wide(40, 300, 255), x, 2)


def test_more_sources_than_16_bits_count() -> None:
    x = {"in": (np.random.default_rng(0).random((2, 2, 70_001)) < 0.01).astype(np.uint8)}
    assert_same_bits(wide(5, 70_001, 2, sign_mode="mixed"), x, 2)


def test_a_population_may_have_no_projection() -> None:
    population = Population("a", (3,), 4095, 100, 5, np.array([400, 0, -400], np.int32), level=1)
    program = a_program(populations=(population,), projections=())
    assert assert_same_bits(program, {"in": np.zeros((6, 2, 3), np.uint8)}, 1) > 0


def test_runs_of_other_lengths_and_at_the_same_time_do_not_disturb_each_other() -> None:
    program, rng = wide(20, 40, 60), np.random.default_rng(0)
    inputs = [(rng.random((steps, 5, 40)) < 0.3).astype(np.uint8) for steps in (1, 9, 4) for _ in range(8)]
    expected = [simulate(program, x, threads=1).counts["a"] for x in inputs]
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda x: simulate(program, x, threads=2).counts["a"], inputs))
    for ours, theirs in zip(found, expected, strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_options_of_other_backends_are_refused() -> None:
    with pytest.raises(ConfigError, match="knows no option timeout_s"):
        simulate(a_program(), np.ones((1, 1, 3)), timeout_s=3)


def test_threads_are_at_least_one() -> None:
    with pytest.raises(ConfigError, match="threads = 0"):
        simulate(a_program(**parts()), np.ones((1, 1, 3)), threads=0)
