"""Samples back to back on the chip's steps."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spikewright.simulators.timing.chip_time import ChipTime

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
