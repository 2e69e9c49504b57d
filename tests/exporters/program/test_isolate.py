"""A population by itself, fed with what it received in the whole program, does what it did there."""

import numpy as np
from hypothesis import given, settings

from samples import a_program
from spikewright.exporters.program.isolate import isolate, recurrent_input
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
