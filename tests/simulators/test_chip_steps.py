"""Rows and levels against chip steps and buffers: the oracle and a second executor agree on programs of all kinds."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings

from chip import run_chip
from kinds import ALL, programs_of
from spikewright.exporters.program.inputs import encode_inputs
from spikewright.exporters.program.make import make_program
from spikewright.exporters.program.population import Population
from spikewright.exporters.program.ports import Input, Output
from spikewright.exporters.program.program import Program
from spikewright.exporters.program.projection import Projection
from spikewright.simulators.oracle import run_rows

SLOW = [HealthCheck.too_slow, HealthCheck.data_too_large]


def assert_same(found: dict, expected: dict) -> None:
    for kind, of in expected.items():
        for name, rows in of.items():
            np.testing.assert_array_equal(found[kind][name], rows, f"{kind} of {name}")


def assert_chip_agrees(program: Program, fed: dict) -> None:
    x = encode_inputs(program, fed)
    for samples in ("independent", "stream"):
        assert_same(run_rows(program, x, samples), run_chip(program, x, samples))


@settings(max_examples=60, suppress_health_check=SLOW)
@given(programs_of(ALL))
def test_programs_of_all_kinds_agree_in_every_bit(case: tuple) -> None:
    assert_chip_agrees(*case)


@pytest.mark.slow
@pytest.mark.timeout(3600)
@settings(max_examples=1000, suppress_health_check=SLOW)
@given(programs_of(ALL))
def test_many_programs_of_all_kinds_agree_in_every_bit(case: tuple) -> None:
    assert_chip_agrees(*case)


@settings(max_examples=60, suppress_health_check=SLOW)
@given(programs_of(replace(ALL, delays="none")))
def test_without_delays_streamed_samples_are_independent(case: tuple) -> None:
    program, x = case[0], encode_inputs(*case)
    assert_same(run_rows(program, x, "stream"), run_rows(program, x))


@settings(max_examples=60, suppress_health_check=SLOW)
@given(programs_of(ALL))
def test_one_streamed_sample_is_independent_if_no_neuron_has_a_bias(case: tuple) -> None:
    program, fed = case
    quiet = tuple(replace(p, bias_mant=np.zeros_like(p.bias_mant)) for p in program.populations)
    program = make_program(program.inputs, quiet, program.projections, program.outputs)
    x = {name: rows[:, :1] for name, rows in encode_inputs(program, fed).items()}
    assert_same(run_rows(program, x, "stream"), run_rows(program, x))


@settings(max_examples=30, suppress_health_check=SLOW)
@given(programs_of(ALL, (3, 4)))
def test_later_samples_of_a_stream_do_not_reach_back(case: tuple) -> None:
    program, x = case[0], encode_inputs(*case)
    some = run_rows(program, {name: rows[:, :2] for name, rows in x.items()}, "stream")
    every = run_rows(program, x, "stream")
    assert_same({kind: {n: rows[:, :2] for n, rows in of.items()} for kind, of in every.items()}, some)


def neuron(name: str, level: int, bias: int = 0, **registers: int) -> Population:
    return Population(name, (1,), 4095, 0, 50, np.array([bias], np.int32), level, **registers)


def edge(source: str, target: str, weight: int, delay: int = 0) -> Projection:
    weights = np.array([[weight]], np.int16)
    return Projection(f"{source}>{target}", source, target, weights, sign_mode="excitatory", delay=delay)


def connected(populations: tuple[Population, ...], *edges: Projection) -> Program:
    inputs, outputs = (Input("in", (1,)),), (Output("o", populations[-1].name, "spike_count"),)
    return make_program(inputs, populations, edges, outputs)


def test_the_last_spike_of_a_sample_reaches_the_next_one_in_a_stream() -> None:
    program = connected((neuron("a", 1),), edge("in", "a", 100), edge("a", "a", 7, delay=1))
    x = {"in": np.array([[0, 0], [1, 0]])[..., None]}  # one spike, in the last row of sample 0
    assert run_rows(program, x)["v"]["a"][:, 1, 0].tolist() == [0, 0]
    assert run_rows(program, x, "stream")["v"]["a"][:, 1, 0].tolist() == [7 * 64, 7 * 64]
    assert_chip_agrees(program, x)


def test_a_bias_runs_before_the_first_row_of_a_stream() -> None:
    # Neuron a has level 2 and spikes on its bias in every row, rows -2 and -1 too; b sees that two rows later.
    early = neuron("a", 2, bias=3300)
    program = connected(
        (neuron("r", 1), early, neuron("b", 3)), edge("in", "r", 1), edge("r", "a", 1), edge("a", "b", 9, 2)
    )
    x = {"in": np.zeros((3, 2, 1), int)}
    assert run_rows(program, x)["spikes"]["a"].all()
    assert run_rows(program, x)["u"]["b"][..., 0].T.tolist() == [[0, 0, 576], [0, 0, 576]]
    assert run_rows(program, x, "stream")["u"]["b"][..., 0].T.tolist() == [[576, 576, 576], [576, 576, 576]]
    assert_chip_agrees(program, x)


def test_samples_shorter_than_a_level_reset_it_before_its_first_row_too() -> None:
    # Neuron a has level 3 and samples have 2 rows: it resets in rows -3 and -2, so it holds 2600 in row -1.
    # With 3900 it would pass 3200 and reach b in row 0.
    populations = (neuron("r", 1), neuron("s", 2), neuron("a", 3, bias=1300), neuron("b", 4))
    chain = (edge("in", "r", 1), edge("r", "s", 1), edge("s", "a", 1), edge("a", "b", 9, 1))
    program = connected(populations, *chain)
    x = {"in": np.zeros((2, 2, 1), int)}
    assert run_rows(program, x, "stream")["v"]["a"][..., 0].tolist() == [[1300, 1300], [2600, 2600]]
    assert not run_rows(program, x, "stream")["u"]["b"].any()
    assert_chip_agrees(program, x)


def test_a_refractory_time_ends_with_its_sample() -> None:
    program = connected((neuron("a", 1, refractory=63),), edge("in", "a", 100))
    x = {"in": np.ones((2, 3, 1), int)}
    for samples in ("independent", "stream"):
        assert run_rows(program, x, samples)["spikes"]["a"][..., 0].tolist() == [[1, 1, 1], [0, 0, 0]]
    assert_chip_agrees(program, x)
