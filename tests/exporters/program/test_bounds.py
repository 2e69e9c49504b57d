"""No input drives a sum or a readout's membrane beyond its bound, whatever stores the synapses."""

from dataclasses import replace

import numpy as np
from hypothesis import given, settings

from kinds import Case, programs_of
from samples import parts
from spikewright.exporters.program.bounds import MOST_ROWS, largest_input, largest_membrane
from spikewright.exporters.program.make import make_program
from spikewright.exporters.program.program import READOUT_LIMIT, Input, Output
from spikewright.simulators.run import simulate


@settings(max_examples=60, deadline=None)
@given(programs_of())
def test_no_state_passes_its_bound(case: Case) -> None:
    program, x = case
    trace = simulate(program, x, backend="oracle", record=("state",))
    for p in program.populations:
        if p.kind in ("relay", "ei_gain"):
            continue  # no current of its own
        state, bound = trace.state[p.name], 64 * largest_input(program, p)
        if bound < 2**23 and np.array_equal(p.du, 4095):
            assert np.abs(state["u"]).max() <= bound
        if p.kind == "readout":
            assert np.abs(state["v"]).max() <= largest_membrane(program, p, trace.steps)


@settings(max_examples=60, deadline=None)
@given(programs_of())
def test_the_longest_sample_is_the_last_in_which_every_readout_stays_in_range(case: Case) -> None:
    program, _ = case
    longest = program.longest_sample

    def fits(steps: int) -> bool:
        readouts = [p for p in program.populations if p.kind == "readout"]
        return all(largest_membrane(program, p, steps) <= READOUT_LIMIT for p in readouts)

    assert (longest == 0 or fits(longest)) and (longest == MOST_ROWS or not fits(longest + 1))


def test_a_negative_sum_is_floored_away_from_zero_for_every_delay_by_itself() -> None:
    """-255 >> 1 is -128, and two delays floor twice."""
    weights = np.full((1, 2), -255, np.int16)
    for delay, reach in ((0, 255), (np.array([[0, 1]]), 256)):
        projection = replace(
            parts()["projections"][0], name="p", weights=weights, weight_exp=-1, sign_mode="inhibitory"
        )
        population = replace(parts()["populations"][0], shape=(1,), bias_mant=np.zeros(1, np.int32))
        program = make_program(
            inputs=(Input("in", (2,)),),
            populations=(population,),
            projections=(replace(projection, source="in", delay=delay),),
            outputs=(Output("out", population.name, "spike_count"),),
        )
        trace = simulate(program, np.ones((2, 1, 2), int), backend="oracle", record=("state",))
        assert trace.state[population.name]["u"].min() == -64 * reach
        assert largest_input(program, population) >= reach
