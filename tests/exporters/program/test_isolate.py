"""A population by itself, fed with what it received in the whole program, does what it did there."""

import numpy as np
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import dyadic
from samples import a_program
from spikewright.exporters.program.inputs import encode_inputs
from spikewright.exporters.program.isolate import isolate, recurrent_input
from spikewright.exporters.program.lower import lower
from spikewright.models.errors import UnsupportedOp
from spikewright.simulators.oracle import run_rows
from strategies import programs


@settings(max_examples=60, deadline=None)
@given(programs(feedback=True))
def test_isolated_populations_repeat_what_they_did_in_the_whole(drawn: tuple) -> None:
    program, x = drawn
    whole = run_rows(program, x)
    for p in program.populations:
        if not program.into(p.name):
            continue
        events = {**x, **whole["spikes"], recurrent_input(p.name): whole["spikes"][p.name]}
        alone = isolate(program, p.name)
        rows = run_rows(alone, {i.name: events[i.name] for i in alone.inputs})
        for what in ("u", "v", "spikes"):
            np.testing.assert_array_equal(rows[what][p.name], whole[what][p.name])


def test_inputs_keep_their_kind_and_only_those_that_arrive_are_kept() -> None:
    program = a_program()
    alone = isolate(program, "a")
    assert alone.inputs == program.inputs
    assert [p.name for p in alone.populations] == ["a"]


@settings(max_examples=20)
@given(st.integers(0, 2**32 - 1))
def test_relays_thresholds_and_the_constant_source_by_themselves(seed: int) -> None:
    """A relay's events keep their values, and what has no membrane gives none out."""
    rng = np.random.default_rng(seed)
    graph, x = dyadic.random_windows(rng), rng.integers(-2, 3, (5, 3, *dyadic.IMAGE))
    try:
        program = lower(graph, calibration=x)
    except UnsupportedOp:  # a cycle with fewer rows than hops
        assume(False)
        return
    rows = encode_inputs(program, x)
    whole = run_rows(program, rows)
    for p in program.populations:
        if not any(program.source(q.source).name != "(bias)" for q in program.into(p.name)):
            continue
        alone = isolate(program, p.name)
        events = {**rows, **whole["spikes"], recurrent_input(p.name): whole["spikes"][p.name]}
        again = run_rows(alone, {i.name: events[i.name] for i in alone.inputs})
        np.testing.assert_array_equal(again["spikes"][p.name], whole["spikes"][p.name], err_msg=p.name)
        assert len(alone.outputs) == (1 if p.kind in ("relay", "threshold") else 2)
