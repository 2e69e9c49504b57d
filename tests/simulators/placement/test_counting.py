"""Counts by core and chip step equal a count spike by spike and synapse by synapse."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kinds import programs_of
from listing import synapses_of
from samples import a_chip, layered
from spikewright.exporters.program.inputs import encode_inputs
from spikewright.exporters.program.program import Program
from spikewright.simulators.activity import synaptic_ops, touched, updates
from spikewright.simulators.oracle import run_rows
from spikewright.simulators.placement import Placement, count_by_core, counting, place
from spikewright.simulators.placement.fitting import draft
from strategies import programs

SMALL_CHIPS = st.builds(a_chip, neurons=st.integers(1, 5), cores_per_tile=st.integers(1, 3))


def place_of(core: int, placement: Placement) -> tuple[int, int]:
    tile = core // placement.chip.mesh.cores_per_tile
    return tile % 8, tile // 8


def count(program: Program, events: dict, placement: Placement) -> dict[str, np.ndarray]:
    """The same counts by loops."""
    steps, samples = next(iter(events.values())).shape[:2]
    names = ("spikes", "messages_out", "messages_in", "messages", "synaptic_ops", "synaptic_macs", "hops_ew", "hops_ns")
    found = {name: np.zeros((steps + program.depth, samples, len(placement.cores)), int) for name in names}
    table = Counter(
        (q.source, core.index, pre)
        for q in program.projections
        for post, pre, _, _ in synapses_of(program, q)
        for core in placement.cores[placement.cores_of(q.target)]
        if core.start <= post < core.stop
    )
    for source in (*program.inputs, *program.populations):
        home = None if source in program.inputs else placement.core_of(source.name)
        for t, b, neuron in np.argwhere(events[source.name].reshape(steps, samples, -1)):
            at = t + program.level(source.name)
            if home is not None:
                found["spikes"][at, b, home[neuron]] += 1
            for core in placement.cores:
                synapses = table[source.name, core.index, neuron]
                if not synapses:
                    continue
                booked = core.index if home is None else home[neuron]
                x, y = (0, 0) if home is None else place_of(home[neuron], placement)
                to_x, to_y = place_of(core.index, placement)
                found["synaptic_ops"][at, b, core.index] += synapses
                found["synaptic_macs"][at, b, core.index] += synapses * carries_a_value(program, source.name)
                found["messages_in"][at, b, core.index] += 1
                found["messages"][at, b, booked] += 1
                found["messages_out"][at, b, booked] += home is not None
                found["hops_ew"][at, b, booked] += abs(x - to_x)
                found["hops_ns"][at, b, booked] += abs(y - to_y)
    return found


def carries_a_value(program: Program, source: str) -> bool:
    """Graded inputs and ternary neurons send events with a value; a relay sends what it gets."""
    found = program.source(source)
    while found.kind == "relay":
        found = program.source(program.into(found.name)[0].source)
    return found.kind in ("graded", "ternary")


@settings(max_examples=60, deadline=None)
@given(programs(feedback=True) | programs_of(), SMALL_CHIPS)
def test_counts_equal_a_count_spike_by_spike(drawn: tuple, chip) -> None:
    program = drawn[0]
    x = encode_inputs(program, drawn[1])
    events = {**x, **run_rows(program, x)["spikes"]}
    placement = draft(program, chip)
    counts = count_by_core(program, events, placement)
    for name, expected in count(program, events, placement).items():
        assert counts[name].dtype == np.int64 and (counts[name] == expected).all(), name
    by_neuron, steps = touched(program, events), next(iter(x.values())).shape[0]
    for core in placement.cores:
        level = program.level(core.population)
        rows = by_neuron[core.population][..., core.start : core.stop].sum(-1)
        assert (counts["updates"][level : level + steps, :, core.index] == rows).all()
        assert counts["updates"][..., core.index].sum() == rows.sum(), "no update outside the population's rows"


@settings(max_examples=60, deadline=None)
@given(programs(feedback=True) | programs_of(), SMALL_CHIPS)
def test_nothing_is_lost_between_cores(drawn: tuple, chip) -> None:
    program = drawn[0]
    x = encode_inputs(program, drawn[1])
    events = {**x, **run_rows(program, x)["spikes"]}
    counts = count_by_core(program, events, draft(program, chip))
    total = {name: int(rows.sum()) for name, rows in counts.items()}
    from_inputs = total["messages"] - total["messages_out"]
    assert total["messages_in"] == total["messages"] == total["messages_out"] + from_inputs
    assert total["spikes"] == sum(np.count_nonzero(events[p.name]) for p in program.populations)
    assert total["updates"] == sum(int(rows.sum()) for rows in updates(program, events).values())
    arrived = sum(int(rows.sum()) for rows in synaptic_ops(program, events).values())
    assert total["synaptic_ops"] >= arrived
    if not any(q.max_delay for q in program.projections):
        assert total["synaptic_ops"] == arrived


def test_a_spike_of_the_last_row_is_sent_and_processed_even_if_its_delay_carries_it_too_far() -> None:
    program, x = recurrent()
    events = {**x, **run_rows(program, x)["spikes"]}
    assert events["a"][:, 0, 0].tolist() == [0, 1]
    assert synaptic_ops(program, events)["a-a"].sum() == 0
    counts = count_by_core(program, events, draft(program, a_chip()))
    assert counts["synaptic_ops"][:, 0, 0].tolist() == [0, 1, 1], "the input in step 1, the recurrence in step 2"


def recurrent() -> tuple[Program, dict]:
    from samples import a_program
    from spikewright.exporters.program.program import Input, Population, Projection

    weight = np.full((1, 1), 254, np.int16)
    program = a_program(
        inputs=(Input("in", (1,)),),
        populations=(Population("a", (1,), 4095, 2048, 10, np.zeros(1, np.int32), level=1),),
        projections=(Projection("in-a", "in", "a", weight), Projection("a-a", "a", "a", weight, delay=1)),
    )
    return program, {"in": np.array([[[0]], [[1]]])}


@pytest.mark.parametrize("limit", [1, 2**24, 2**53])
def test_sums_are_exact_at_every_width(limit: int) -> None:
    from spikewright.simulators.placement.counting import _product

    table = np.array([[limit], [1], [2]])  # the sum is odd, so a float too narrow rounds it
    assert _product(np.ones((1, 1, 3), bool), table).item() == limit + 3


def test_counts_do_not_depend_on_how_many_rows_are_taken_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    program = layered((20, 30, 10))
    x = (np.random.default_rng(0).random((5, 4, 20)) < 0.4).astype(np.int32)
    events = {"in": x, **run_rows(program, {"in": x})["spikes"]}
    placement = place(program, a_chip(neurons=7))
    whole = count_by_core(program, events, placement)
    monkeypatch.setattr(counting, "_ROWS_AT_ONCE", 3)
    for name, rows in count_by_core(program, events, placement).items():
        np.testing.assert_array_equal(rows, whole[name])
