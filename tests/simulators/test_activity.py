"""Counts are exact against a count synapse by synapse, for every form in which synapses are stored."""

import numpy as np
import pytest
from hypothesis import given, settings

from kinds import programs_of
from listing import synapses_of
from samples import a_program
from spikewright.exporters.program.inputs import encode_inputs
from spikewright.exporters.program.make import make_program
from spikewright.exporters.program.program import Input, Output, Population, Program, Projection
from spikewright.simulators import activity
from spikewright.simulators.activity import count_activity, synaptic_ops, touched, updates
from spikewright.simulators.oracle import run_rows
from strategies import programs


def check(program: Program, events: dict[str, np.ndarray]) -> None:
    ops, active = synaptic_ops(program, events), updates(program, events)
    steps, samples = next(iter(events.values())).shape[:2]
    flat = {name: rows.reshape(steps, samples, -1) for name, rows in events.items()}
    reached = {p.name: np.zeros((steps, samples, p.size), bool) for p in program.populations}
    for p in program.populations:
        reached[p.name][..., np.flatnonzero(p.bias_mant)] = True
    for q in program.projections:
        count = np.zeros((steps, samples), int)
        for post, pre, _, delay in synapses_of(program, q):
            arrived = flat[q.source][: max(0, steps - delay), :, pre] != 0
            count[delay:] += arrived
            reached[q.target][delay:, :, post] |= arrived
        np.testing.assert_array_equal(ops[q.name], count)
    for name, rows in reached.items():
        np.testing.assert_array_equal(touched(program, events)[name], rows)
        np.testing.assert_array_equal(active[name], rows.sum(-1))


@settings(max_examples=100)
@given(programs_of())
def test_counts_of_every_kind_equal_a_count_synapse_by_synapse(drawn: tuple) -> None:
    program, x = drawn
    events = encode_inputs(program, x)
    check(program, {**events, **run_rows(program, events)["spikes"]})


@settings(max_examples=60)
@given(programs_of())
def test_a_stream_is_counted_as_one_sample_of_all_rows(drawn: tuple) -> None:
    program, x = drawn
    events = encode_inputs(program, x)
    events |= {
        name: rows.reshape(*next(iter(events.values())).shape[:2], -1)
        for name, rows in run_rows(program, events, "stream")["spikes"].items()
    }
    counted = count_activity(program, events, "stream")
    steps, samples = next(iter(events.values())).shape[:2]
    for q in program.projections:
        count = np.zeros((steps * samples,), int)
        sent = events[q.source].reshape(steps, samples, -1).swapaxes(0, 1).reshape(steps * samples, -1) != 0
        for _, pre, _, delay in synapses_of(program, q):
            count[delay:] += sent[: max(0, len(sent) - delay), pre]
        np.testing.assert_array_equal(counted.synaptic_ops[q.name].T.reshape(-1), count)
    assert all((counted.updates[p.name] <= p.size).all() for p in program.populations)


@settings(max_examples=30)
@given(programs())
def test_counts_equal_a_count_synapse_by_synapse(drawn: tuple) -> None:
    program, x = drawn
    check(program, {**x, **run_rows(program, x)["spikes"]})


@pytest.mark.parametrize("share", [0.0, 2.0], ids=["as matrices", "as compressed rows"])
def test_both_ways_of_counting_agree(share: float, monkeypatch: pytest.MonkeyPatch) -> None:
    """In several parts of the rows, too."""
    rng = np.random.default_rng(0)
    weights = np.where(rng.random((30, 20)) < 0.2, 2, 0).astype(np.int16)
    program = a_program(
        inputs=(Input("in", (20,)),),
        populations=(Population("a", (30,), 4095, 2048, 10, np.zeros(30, np.int32), level=1),),
        projections=(Projection("in-a", "in", "a", weights),),
    )
    x = (rng.random((4, 5, 20)) < 0.3).astype(np.int8)
    events = {"in": x, **run_rows(program, {"in": x})["spikes"]}
    monkeypatch.setattr(activity, "_DENSE_SHARE", share)
    monkeypatch.setattr(activity, "_VALUES_AT_ONCE", 90)
    check(program, events)


def test_the_border_of_an_image_has_fewer_synapses() -> None:
    ones = np.full((1, 1, 3, 3), 2, np.int16)
    convolution = Projection("in-a", "in", "a", ones, kind="convolution", padding=(1, 1))
    population = Population("a", (1, 4, 4), 4095, 0, 10, np.zeros(16, np.int32), level=1)
    program = make_program((Input("in", (1, 4, 4)),), (population,), (convolution,), (Output("o", "a", "spike_count"),))
    x = np.zeros((3, 1, 1, 4, 4), np.int8)
    x[0, 0, 0, 0, 0] = x[1, 0, 0, 0, 1] = x[2, 0, 0, 1, 1] = 1
    assert synaptic_ops(program, {"in": x})["in-a"][:, 0].tolist() == [4, 6, 9]


def test_a_neuron_with_events_at_both_of_its_sums_is_updated_once() -> None:
    weight = np.full((1, 1), 2, np.int16)
    gain = Population("a", (1,), 4095, 0, 10, np.zeros(1, np.int32), level=1, kind="ei_gain")
    program = a_program(
        inputs=(Input("in", (1,)),),
        populations=(gain,),
        projections=(Projection("n", "in", "a", weight), Projection("d", "in", "a", weight, port="divisor")),
    )
    x = np.ones((2, 1, 1), np.int8)
    found = count_activity(program, {"in": x, "a": np.zeros_like(x)})
    assert found.updates["a"].sum() == 2
    assert {name: int(rows.sum()) for name, rows in found.synaptic_ops.items()} == {"n": 2, "d": 2}


def test_events_of_both_signs_count_alike() -> None:
    program = a_program()
    events = {"in": np.array([[[1, -1, 0]]]), "a": np.array([[[-1, 1]]])}
    found = count_activity(program, events)
    assert found.counts["a"].tolist() == [[1, 1]] and found.synaptic_ops["in-a"].tolist() == [[3]]
