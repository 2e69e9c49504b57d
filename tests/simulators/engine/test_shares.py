"""Threads share samples: a program in parts computes the same as the whole one, whatever the number of threads."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agreement import assert_same_bits
from kinds import Kinds, programs_of
from samples import a_program
from spikewright.exporters.program.inputs import encode_inputs
from spikewright.exporters.program.make import make_program
from spikewright.exporters.program.program import Input, Output, Population, Program, Projection
from spikewright.simulators.engine import cutting, execute, runners
from spikewright.simulators.engine.cutting import cut_program, is_divisible
from spikewright.simulators.engine.prepared import prepare
from spikewright.simulators.engine.runners import run_together, runners_of
from spikewright.simulators.oracle import run_rows
from spikewright.simulators.run import simulate
from strategies import WIDE_SIZES, programs

SLOW = [HealthCheck.too_slow, HealthCheck.data_too_large]
CUT = Kinds(projections=("dense", "sparse"))
"""Programs of which most can be cut."""


@pytest.fixture(autouse=True)
def _small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Cut whatever can be cut, down to single neurons, though it does not pay."""
    monkeypatch.setattr(cutting, "GRAIN", 1)
    monkeypatch.setattr(runners, "_work", lambda program: 1 << 40)


def many(examples: int) -> settings:
    """Settings for programs that are slow to draw; the fixture is the same for all of them."""
    return settings(
        max_examples=examples, deadline=None, suppress_health_check=[*SLOW, HealthCheck.function_scoped_fixture]
    )


@many(200)
@given(programs_of(CUT, size=None) | programs_of(), st.integers(2, 4))
def test_every_kind_agrees_with_the_oracle_on_threads_that_share_samples(drawn: tuple, threads: int) -> None:
    program, x = drawn
    assert_same_bits(program, {name: rows[:, :1] for name, rows in x.items()}, threads)
    assert_same_bits(program, {name: rows[:, :2] for name, rows in x.items()}, 2 * threads)


@many(60)
@given(programs(WIDE_SIZES, bits=24, feedback=True), st.integers(2, 4))
def test_wide_programs_agree_with_the_oracle_on_threads_that_share_samples(case: tuple, threads: int) -> None:
    program, x = case
    assert_same_bits(program, {name: rows[:, :1] for name, rows in x.items()}, threads)
