"""Costs are exact counts times stated coefficients; steps are timed as the formulas say, by hand."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kinds import programs_of
from samples import a_chip, a_program
from spikewright.exporters.program.inputs import encode_inputs
from spikewright.exporters.program.make import make_program
from spikewright.exporters.program.program import Input, Output, Population, Program, Projection
from spikewright.exporters.program.trace import Trace
from spikewright.models.errors import ConfigError, InputError, UnsupportedOp
from spikewright.simulators.activity import count_activity
from spikewright.simulators.chips.profile import load_chip
from spikewright.simulators.oracle import run_rows
from spikewright.simulators.placement import Placement, count_by_core, place
from spikewright.simulators.placement.fitting import draft
from spikewright.simulators.pricing import Cost, price
from spikewright.simulators.run import simulate
from strategies import programs

FIT = load_chip("loihi1-nahuku-fit")


def chain(delay: int = 0) -> Program:
    """Two layers of two neurons; each repeats the spikes of the one before."""
    same = np.array([[64, 0], [0, 64]], np.int16)
    populations = tuple(
        Population(name, (2,), 4095, 4095, 10, np.zeros(2, np.int32), level=level) for level, name in enumerate("ab", 1)
    )
    projections = (Projection("in-a", "in", "a", same), Projection("a-b", "a", "b", same, delay=delay))
    return make_program((Input("in", (2,)),), populations, projections, (Output("out", "b", "spike_count"),))


def one_spike() -> np.ndarray:
    """Two rows of two samples; the only spike is in row 0 of sample 0."""
    x = np.zeros((2, 2, 2), int)
    x[0, 0, 0] = 1
    return x


def priced(program: Program, x: np.ndarray, chip=None) -> Cost:
    placement = place(program, chip or a_chip())
    return price(simulate(program, x, backend="oracle", place=placement), placement)


def oracle_trace(program: Program, x: dict, placement: Placement) -> Trace:
    """A trace even of programs whose readout could overflow in other runs."""
    events = {**x, **run_rows(program, x)["spikes"]}
    steps, samples = next(iter(x.values())).shape[:2]
    return Trace(
        **{"backend": "oracle", "versions": {}, "program_hash": program.content_hash, "steps": steps},
        **{"samples": samples, "levels": {}, "output": {}, **count_activity(program, events)._asdict()},
        by_core=count_by_core(program, events, placement),
        settings={"placement": (placement.layout, "argument")},
    )


def test_steps_latency_and_interval_by_hand() -> None:
    cost = priced(chain(), one_spike())
    barrier = 113 + (465 - 113) / 31  # two tiles
    idle, active = 2 * 5.3 + barrier, 2 * 5.3 + 3.1 + barrier
    assert cost.timing == "aggregate" and cost.placement.tiles == 2
    # the input arrives in step 0, a fires in step 1, b in step 2; 2 samples of 2 steps and 2 more for the last rows
    assert cost.step_time_ns == pytest.approx([idle, active, active, idle, idle, idle])
    assert cost.latency_ns == pytest.approx([2 * active + 2 * idle, active + 3 * idle])
    assert cost.interval_ns == pytest.approx([idle + active, active + idle])
    lower, upper = cost.bounds["step_time_ns"]
    assert (lower == cost.step_time_ns).all()
    # own neurons + one hop east + one message on that hop + one synaptic operation
    assert upper == pytest.approx(
        [idle + 2.1 + 4.1 + 1.16 + 3.5, active + 2.1 + 4.1 + 1.16 + 3.5, active, idle, idle, idle]
    )
    assert cost.bounds["latency_ns"][1] == pytest.approx([upper[:4].sum(), upper[2:].sum()])
    assert cost.time_sources["barrier"].value == pytest.approx(barrier)


def test_steps_of_the_fitted_profile_by_hand() -> None:
    chip = replace(FIT, limits=a_chip().limits, mesh=a_chip().mesh)
    cost = priced(chain(), one_spike(), chip)
    # a fires: two visits, one update, one spike, one message; b meanwhile receives one message on one synapse
    sending = 2 * 6.0 + 3.7 + 30 + 5.1
    receiving = 16 + 3.8
    assert receiving > 2 * 6.0, "the receive phase decides step 0"
    ending = 2 * 6.0 + 3.7 + 30
    assert cost.step_time_ns - 1000 == pytest.approx([receiving, sending, ending, 12, 12, 12])


def test_energy_by_hand() -> None:
    cost = priced(chain(), one_spike())
    events = {
        "synaptic_op": 2,
        "neuron_update_active": 2,
        "neuron_update_idle": 4 * 6 - 2,
        "within_tile": 2,
        "hop_ew": 1,
        "hop_ns": 0,
    }
    assert {name: row.sum() * 2 for name, row in cost.counts.items()} == events
    assert cost.counts["synaptic_op"].tolist() == [0.5, 0.5] and cost.counts["hop_ew"].tolist() == [0.5, 0]
    coefficients = {"synaptic_op": 23.6, "neuron_update_active": 81, "neuron_update_idle": 52, "within_tile": 1.7}
    total = sum(count * {**coefficients, "hop_ew": 3, "hop_ns": 4}[name] for name, count in events.items()) / 2
    assert cost.total_pj == pytest.approx(total)
    assert cost.energy_per_synaptic_op_pj == pytest.approx({"incremental": 23.6, "all_in": total / 1})
    # the input may enter beside its target, or cross the 8 x 100 tiles of this chip
    assert cost.bounds["energy_pj"] == pytest.approx((total, total + (7 * 3 + 99 * 4) / 2))


def test_energy_of_inputs_that_travel_lies_between_its_bounds() -> None:
    program = chain()
    both = replace(program.into("a")[0], name="in-b", target="b")
    program = make_program(program.inputs, program.populations, (*program.projections, both), program.outputs)
    cost = priced(program, one_spike())
    lower, upper = cost.bounds["energy_pj"]
    assert cost.total_pj - lower == pytest.approx(3 / 2), "one message one hop east of the entry"
    assert upper - lower == pytest.approx(2 * (7 * 3 + 99 * 4) / 2)


def test_fitted_components() -> None:
    cost = priced(chain(), one_spike(), replace(FIT, limits=a_chip().limits, mesh=a_chip().mesh))
    found = {name: row.sum() * 2 for name, row in cost.counts.items()}
    assert (found["spike"], found["axon_out"], found["axon_in"], found["hop_ew"]) == (2, 1, 2, 1)
    expected = (2 * 35.5 + 2 * 72.8 + 22 * 51.2 + 2 * 69.3 + 111 + 3) / 2
    assert cost.total_pj == pytest.approx(expected) and set(cost.sources) == set(FIT.energy)


def test_blank_rows_lengthen_the_period_and_are_said() -> None:
    cost = priced(chain(delay=1), one_spike())
    idle = cost.step_time_ns.min()
    # period 2 + 1: input in step 1, a in step 2, b one row later in step 4
    assert (cost.step_time_ns > idle).nonzero()[0].tolist() == [2, 4]
    assert cost.step_time_ns.size == 2 * 3 + 2
    assert cost.latency_ns[0] == pytest.approx(cost.step_time_ns[1:5].sum())
    assert cost.interval_ns[0] == pytest.approx(cost.step_time_ns[:3].sum())
    assert cost.counts["neuron_update_idle"].sum() * 2 == 4 * 8 - 2
    assert any("1 blank row in front" in text for text in cost.not_included)
    assert not any("blank" in text for text in priced(chain(), one_spike()).not_included)


def test_an_empty_step_is_the_barrier_and_a_visit_of_every_neuron() -> None:
    cost = priced(chain(), np.zeros((3, 1, 2)))
    barrier = cost.time_sources["barrier"].value
    for times in (cost.step_time_ns, *cost.bounds["step_time_ns"]):
        assert times == pytest.approx(np.full(5, 2 * 5.3 + barrier))
    assert np.isnan(cost.energy_per_synaptic_op_pj["all_in"])
    assert cost.energy_per_synaptic_op_pj["incremental"] == 23.6


@settings(max_examples=40, deadline=None)
@given(
    programs(feedback=True) | programs_of(),
    st.integers(1, 5),
    st.sampled_from(["loihi1-davies2018", "loihi1-nahuku-fit"]),
)
def test_costs_are_counts_times_coefficients_within_their_bounds(drawn: tuple, neurons: int, name: str) -> None:
    program = drawn[0]
    x = encode_inputs(program, drawn[1])
    small = a_chip(neurons=neurons, cores_per_tile=2, synaptic_delay=63)
    chip = replace(load_chip(name), limits=small.limits, mesh=small.mesh)
    placement = draft(program, chip)
    trace = oracle_trace(program, x, placement)
    cost = price(trace, placement)
    for component, row in cost.energy_pj.items():
        assert row == pytest.approx(cost.counts[component] * chip.energy[component].value)
        assert row.shape == (len(placement.cores),) and (row >= 0).all()
    assert cost.counts["synaptic_op"].sum() * trace.samples == pytest.approx(trace.by_core["synaptic_ops"].sum())
    visits = cost.counts["neuron_update_active"] + cost.counts["neuron_update_idle"]
    assert visits.sum() * trace.samples == pytest.approx(
        sum(p.size for p in program.populations) * cost.step_time_ns.size
    )
    for lower, upper in (cost.bounds["step_time_ns"], cost.bounds["latency_ns"]):
        assert (lower <= upper + 1e-6).all()
    lower, upper = cost.bounds["energy_pj"]
    assert lower - 1e-6 <= cost.total_pj <= upper + 1e-6
    assert cost.interval_ns.shape == cost.latency_ns.shape == (trace.samples,)


def test_operation_counts_need_no_placement_and_price_values_as_multiplications() -> None:
    program = a_program(inputs=(Input("in", (3,), "graded", 1.0, 8),))
    trace = simulate(program, np.full((2, 2, 3), 7), backend="oracle")
    cost = price(trace, place(program, "horowitz-45nm"))
    assert cost.timing is None and cost.step_time_ns is None and cost.latency_ns is None and cost.interval_ns is None
    assert cost.bounds["step_time_ns"] is None and cost.bounds["energy_pj"] == (cost.total_pj, cost.total_pj)
    assert cost.counts["synaptic_op"].tolist() == [0] and cost.counts["synaptic_mac"].tolist() == [10]
    assert cost.total_pj == pytest.approx(46) and cost.energy_per_synaptic_op_pj["incremental"] == pytest.approx(4.6)
    spiking = a_program()
    trace = simulate(spiking, np.ones((2, 2, 3), int), backend="oracle", place=place(spiking))
    cost = price(trace, place(spiking, "horowitz-45nm"))
    assert cost.total_pj == pytest.approx(9) and cost.counts["synaptic_mac"].tolist() == [0]


def test_signed_spikes_and_what_relays_pass_on_are_values_too() -> None:
    """Ternary neurons, behind them a relay, behind that a neuron: every event counts as one multiplication."""
    registers = {"du": 4095, "dv": 4095, "bias_mant": np.zeros(2, np.int32)}
    populations = (
        Population("a", (2,), vth=1, vth_low=-1, level=1, kind="ternary", **registers),
        Population("r", (2,), 4095, 0, 0, np.zeros(2, np.int32), 2, kind="relay"),
        Population("b", (1,), 4095, 4095, 100, np.zeros(1, np.int32), 3),
    )
    every = {"indptr": np.arange(3, dtype=np.int32), "indices": np.arange(2, dtype=np.int32), "kind": "sparse"}
    projections = (
        Projection("in-a", "in", "a", np.array([[64, 0], [0, -64]], np.int16)),
        Projection("a-r", "a", "r", np.ones(2, np.int16), sign_mode="excitatory", **every),
        Projection("r-b", "r", "b", np.array([[2, 4]], np.int16)),
    )
    program = make_program((Input("in", (2,)),), populations, projections, (Output("o", "b", "spike_count"),))
    x = np.ones((1, 1, 2), np.int8)
    trace = simulate(program, x, backend="oracle", record=("spikes",))
    assert trace.spikes["a"].ravel().tolist() == trace.spikes["r"].ravel().tolist() == [1, -1]
    cost = price(trace, place(program, "horowitz-45nm"))
    assert cost.counts["synaptic_op"].tolist() == [2, 0, 0] and cost.counts["synaptic_mac"].tolist() == [0, 2, 2]
    placement = draft(program, a_chip())
    counts = count_by_core(program, {"in": x, **trace.spikes}, placement)
    assert counts["synaptic_macs"].sum((0, 1))[placement.core_of("r")[0] :].sum() == 4 and counts["spikes"].sum() == 4


def test_placements_with_the_same_cores_are_interchangeable() -> None:
    program = chain()
    placement = place(program)
    trace = simulate(program, one_spike(), backend="oracle", place=placement)
    cost = price(trace, place(program, "loihi1-nahuku-fit"))
    assert cost.chip == "loihi1-nahuku-fit" and cost.backend == "oracle" and cost.samples == 2
    assert cost.program_hash == program.content_hash and cost.versions == trace.versions


def test_traces_that_cannot_be_priced_are_refused() -> None:
    program, x = chain(), one_spike()
    placement = place(program)
    with pytest.raises(InputError, match=r"simulate\(..., place=...\)"):
        price(simulate(program, x, backend="oracle"), placement)
    trace = simulate(program, x, backend="oracle", place=placement)
    with pytest.raises(InputError, match="cores or mesh differ"):
        price(trace, place(program, a_chip(neurons=1)))
    with pytest.raises(InputError, match="run the placed program"):
        price(trace, place(a_program()))
    with pytest.raises(InputError, match="cores or mesh differ"):
        price(Trace(**{**vars(trace), "settings": {}}), placement)


def test_a_profile_without_energies_does_not_price() -> None:
    placement = place(chain(), "loihi2-microcode")
    trace = simulate(chain(), one_spike(), backend="oracle", place=placement)
    with pytest.raises(UnsupportedOp, match="loihi2-microcode has no energies"):
        price(trace, placement)


def test_timings_to_come_and_unknown_ones_are_refused() -> None:
    placement = place(chain())
    trace = simulate(chain(), one_spike(), backend="oracle", place=placement)
    for timing in ("recurrence", "event"):
        with pytest.raises(UnsupportedOp, match="not available yet"):
            price(trace, placement, timing=timing)
    with pytest.raises(ConfigError, match="known are auto and aggregate"):
        price(trace, placement, timing="guess")
    assert (price(trace, placement, timing="aggregate").step_time_ns == price(trace, placement).step_time_ns).all()


def test_a_stream_is_neither_counted_by_core_nor_priced() -> None:
    program, x = chain(), one_spike()
    placement = place(program, a_chip())
    with pytest.raises(UnsupportedOp, match="not counted by core"):
        simulate(program, x, backend="oracle", samples="stream", place=placement)
    trace = simulate(program, x, backend="oracle", samples="stream")
    assert trace.settings["samples"] == ("stream", "argument")
    with pytest.raises(InputError, match="trace is of a stream"):
        price(trace, placement)
