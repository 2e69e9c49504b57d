"""The oracle's arithmetic on cases worked out by hand; lava-nc itself judges it in test_lava.py."""

from dataclasses import replace
from functools import partial

import numpy as np
import pytest

from samples import a_program, parts
from spikewright.exporters.program.program import VTH_MAX, Input, Output, Population, Projection
from spikewright.models.errors import ConfigError, InputError, NumericRangeError
from spikewright.simulators import run
from spikewright.simulators.neurons import State, as_int32, decay, step, wrap24

simulate = partial(run.simulate, backend="oracle")


def population(**registers: int) -> Population:
    values = {"du": 4095, "dv": 0, "vth": 100, "bias_exp": 0} | registers
    return Population("a", (1,), bias_mant=np.array([values.pop("bias", 0)], np.int32), level=1, **values)


def one(p: Population, u: int, v: int, a: int) -> tuple[int, int, int]:
    u, v, a, zero = (np.array([[n]], np.int64) for n in (u, v, a, 0))
    state, spikes = step(p, State(u, v, zero), a, zero)
    return int(state.u[0, 0]), int(state.v[0, 0]), int(spikes[0, 0])


def test_one_step_by_hand() -> None:
    # u: 1000 * 2047 / 4096 = 499.75 -> 499, plus 64 * 3; v: -1000 * 3096 / 4096 = -755.86 -> -755; bias 5 << 2.
    p = population(du=2048, dv=1000, bias=5, bias_exp=2)
    assert one(p, 1000, -1000, 3) == (691, -755 + 691 + 20, 0)


@pytest.mark.parametrize(("v", "spike"), [(6400, 0), (6401, 1)])
def test_spike_is_strictly_above_threshold_and_resets_to_zero(v: int, spike: int) -> None:
    assert one(population(), 0, v, 0) == (0, 0 if spike else v, spike)


def test_decay_rounds_toward_zero() -> None:
    np.testing.assert_array_equal(decay(np.array([7, -7, 4096, -1]), 2048), [3, -3, 2048, 0])


def test_current_wraps_once_and_membrane_saturates() -> None:
    edges = np.array([2**23, 2**23 + 1, -(2**23), -(2**23) + 1])
    np.testing.assert_array_equal(wrap24(edges), [2**23, 2**23 + 1 - 2**24, 2**23, -(2**23) + 1])
    assert as_int32(np.array([2**31]))[0] == -(2**31)
    top = population(vth=VTH_MAX)
    assert one(top, 0, -(2**23) + 10, -1000) == (-64000, -(2**23) + 1, 0)
    assert one(top, 0, 2**23 - 10, 1000)[1:] == (0, 1), "a saturated membrane is above the largest threshold"


def test_negative_exponent_floors_the_sum() -> None:
    projection = Projection("in-a", "in", "a", np.array([[-2, -4, 2]], np.int16), weight_exp=-2)
    program = a_program(populations=(population(),), projections=(projection,))
    state = simulate(program, np.array([[[1, 0, 0]], [[1, 1, 0]], [[0, 0, 1]]]), record=("state",)).state["a"]["u"]
    np.testing.assert_array_equal(state[:, 0, 0], [-64, -128, 0])


def test_a_sum_wider_than_32_bits_is_whole_until_its_exponent_has_acted() -> None:
    projection = Projection("in-a", "in", "a", np.full((1, 3), 254, np.int16), weight_exp=-7)
    wide = parts(inputs=(Input("in", (3,), "graded", bits=24),), populations=(population(),), projections=(projection,))
    state = simulate(a_program(**wide), np.array([[[2**24 - 1, 0, 0]]]), record=("state",)).state["a"]["u"]
    # 254 * 16777215 = 4261412610 >> 7 = 33292286; 64 times that is 2130706304, brought nearer to 24 bits once.
    assert state[0, 0, 0] == 2130706304 - 2**24


def test_samples_do_not_see_each_other() -> None:
    program = a_program()
    x = (np.random.default_rng(0).random((6, 5, 3)) < 0.5).astype(int)
    together = simulate(program, x, record=("spikes", "state"))
    for k in range(5):
        alone = simulate(program, x[:, k : k + 1], record=("spikes", "state"))
        np.testing.assert_array_equal(alone.spikes["a"][:, 0], together.spikes["a"][:, k])
        np.testing.assert_array_equal(alone.state["a"]["v"][:, 0], together.state["a"]["v"][:, k])


def test_trace_keeps_only_what_was_asked_for() -> None:
    trace = simulate(a_program(), np.ones((4, 2, 3)))
    assert (trace.spikes, trace.state) == ({}, {})
    assert trace.counts["a"].shape == (2, 2) and trace.output["out"].shape == (2, 2)
    assert trace.backend == "oracle" and set(trace.versions) == {"spikewright", "numpy"}
    np.testing.assert_array_equal(trace.chip_time()["a"], [1, 2, 3, 4])


def test_a_readout_that_could_overflow_is_refused() -> None:
    read = Population("a", (1,), 4095, 0, VTH_MAX, np.zeros(1, np.int32), level=1, kind="readout")
    projection = Projection("in-a", "in", "a", np.full((1, 3), 254, np.int16), weight_exp=4)
    program = a_program(populations=(read,), projections=(projection,), outputs=(Output("out", "a", "membrane"),))
    simulate(program, np.ones((10, 1, 3)))  # 3 * 254 * 2**4 * 10 = 121920 of 131071
    with pytest.raises(NumericRangeError, match="in 11 rows"):
        simulate(program, np.ones((11, 1, 3)))


@pytest.mark.parametrize(
    ("x", "message"),
    [
        (np.full((2, 1, 3), 0.5), "grey values"),
        (np.ones((2, 1, 4)), r"must be \(T, B, 3\)"),
        (np.ones((2, 0, 3)), r"must be \(T, B, 3\)"),
        (np.full((2, 1, 3), np.nan), "not finite"),
        ({"other": np.ones((2, 1, 3))}, r"given are \['other'\]"),
    ],
)
def test_wrong_input_is_refused(x: object, message: str) -> None:
    with pytest.raises(InputError, match=message):
        simulate(a_program(), x)


@pytest.mark.parametrize("backend", ["oracle", "engine"])
def test_a_program_that_nothing_can_be_given_to_is_refused(backend: str) -> None:
    program = a_program()
    alone = replace(program, inputs=tuple(replace(port, kind="bias") for port in program.inputs))
    with pytest.raises(InputError, match="no input that could be given"):
        run.simulate(alone, {}, backend)


@pytest.mark.parametrize("backend", ["oracle", "engine"])
@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("dtype", [np.uint8, np.int8, np.uint32, np.int64])
def test_one_value_that_is_no_spike_is_found_wherever_it_lies(dtype: type, order: str, backend: str) -> None:
    for wrong in {2, np.iinfo(dtype).max, np.iinfo(dtype).min} - {0}:
        for place in np.ndindex(4, 2, 3):
            x = np.ones((4, 2, 3), dtype, order)
            x[place] = wrong
            with pytest.raises(InputError, match=f"grey values from {min(wrong, 1)} to {max(wrong, 1)}"):
                run.simulate(a_program(), x, backend)
    many = np.ones((300, 200, 3), dtype, order)
    many[-1, -1, -1] = 2
    with pytest.raises(InputError, match="grey values from 1 to 2"):
        run.simulate(a_program(), many, backend, threads=2)


def test_graded_input_is_scaled_rounded_and_clipped() -> None:
    program = a_program(**parts(inputs=(Input("in", (3,), "graded", scale=100.0, bits=4),)))
    trace = simulate(program, np.array([[[0.025, -1.0, 0.0]]]), record=("state",))
    # 2.5 rounds to 2 (half to even), -100 is clipped to -15.
    np.testing.assert_array_equal(trace.state["a"]["u"][0, 0], [64 * (2 * 2), 64 * (2 * 254 - 15 * 6)])
    with pytest.raises(InputError, match=r"4 bits span -15\.\.15"):
        simulate(program, np.array([[[16, 0, 0]]]))


def test_unknown_choices() -> None:
    x = np.ones((1, 1, 3))
    with pytest.raises(ConfigError, match="engine, oracle, lava"):
        simulate(a_program(), x, backend="chip")
    with pytest.raises(ConfigError, match="spikes, events, state"):
        simulate(a_program(), x, record=("weights",))
    with pytest.raises(ConfigError, match="independent, stream"):
        simulate(a_program(), x, samples="torrent")
