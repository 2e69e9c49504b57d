"""Samples back to back on the chip's steps."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from samples import layered
from spikewright.exporters.program.make import make_program
from spikewright.exporters.program.program import Input, Output, Population, Program, Projection
from spikewright.models.errors import InputError
from spikewright.simulators.run import simulate
from spikewright.simulators.timing.chip_time import ChipTime, chip_time, row_offset

RUNS = st.builds(
    lambda rows, samples, blank, depth, data: ChipTime(rows, samples, blank, depth, min(depth, data)),
    st.integers(1, 6),
    st.integers(1, 5),
    st.integers(0, 4),
    st.integers(1, 20),
    st.integers(1, 20),
)


@given(RUNS, st.integers(0, 2**32 - 1))
def test_local_step_s_of_sample_b_is_chip_step_bp_plus_g_plus_s(clock: ChipTime, seed: int) -> None:
    counts = np.random.default_rng(seed).integers(0, 9, (clock.rows + clock.depth, clock.samples, 2))
    expected = np.zeros((clock.samples * (clock.rows + clock.blank_rows) + clock.depth, 2), int)
    for s, b, core in np.ndindex(counts.shape):
        expected[b * (clock.rows + clock.blank_rows) + clock.blank_rows + s, core] += counts[s, b, core]
    laid = clock.overlay(counts)
    assert laid.shape == (clock.chip_steps, 2) and (laid == expected).all()


@given(RUNS, st.integers(0, 2**32 - 1))
def test_latencies_and_intervals_are_sums_of_steps(clock: ChipTime, seed: int) -> None:
    times = np.random.default_rng(seed).random(clock.chip_steps)
    period = clock.rows + clock.blank_rows
    for b in range(clock.samples):
        first, last = b * period + clock.blank_rows, b * period + clock.blank_rows + clock.rows - 1 + clock.readout
        assert clock.latencies(times)[b] == pytest.approx(times[first : last + 1].sum())
        assert clock.intervals(times)[b] == pytest.approx(times[b * period : (b + 1) * period].sum())


def test_blank_rows_last_until_nothing_can_arrive_even_through_relays() -> None:
    program = relayed((2, 0, 1))
    offsets = [row_offset(program, q) for q in sorted(program.projections, key=lambda q: program.level(q.target))]
    assert offsets == [2, 2, 3]
    x = np.zeros((1, 1, 1), np.int8)
    trace = simulate(program, x, backend="oracle")
    assert chip_time(program, trace).blank_rows == 3
    # Without the delays of relays nothing changes: the largest of any projection.
    assert [row_offset(layered((3, 2, 2)), q) for q in layered((3, 2, 2)).projections] == [0, 0]


def relayed(delays: tuple[int, int, int]) -> Program:
    """Input, two relays and a neuron in a row."""
    one = {"indptr": np.array([0, 1], np.int32), "indices": np.array([0], np.int32), "kind": "sparse"}
    names = ("in", "r1", "r2", "a")
    projections = tuple(
        Projection(f"to {to}", source, to, np.ones(1, np.int16), sign_mode="excitatory", delay=delay, **one)
        for source, to, delay in zip(names, names[1:], delays, strict=False)
    )
    relays = tuple(
        Population(name, (1,), 4095, 0, 0, np.zeros(1, np.int32), level, kind="relay")
        for level, name in enumerate(names[1:3], 1)
    )
    neuron = Population("a", (1,), 4095, 0, 0, np.zeros(1, np.int32), 3)
    return make_program((Input("in", (1,)),), (*relays, neuron), projections, (Output("o", "a", "spike_count"),))


def test_relays_in_a_circle_are_refused() -> None:
    program = relayed((0, 0, 0))
    first = replace(program.projections[1], source="r2", delay=2)
    with pytest.raises(InputError, match="circle of relays"):
        make_program(
            program.inputs,
            program.populations,
            (program.projections[0], first, program.projections[2]),
            program.outputs,
        )
