"""Counts are exact against a brute-force count; energies are counts times stated coefficients."""

from importlib import resources
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings

from samples import a_program
from spikewright.models.errors import ConfigError, InputError
from spikewright.simulators.activity import synaptic_ops, updates
from spikewright.simulators.chips.profile import list_chips, load_chip
from spikewright.simulators.energy import estimate_energy
from spikewright.simulators.oracle import run_rows
from spikewright.simulators.run import simulate
from strategies import programs


@settings(max_examples=30)
@given(programs())
def test_counts_equal_a_count_synapse_by_synapse(drawn: tuple) -> None:
    program, x = drawn
    events = {**x, **run_rows(program, x)["spikes"]}
    ops, active = synaptic_ops(program, events), updates(program, events)
    steps, samples = next(iter(x.values())).shape[:2]
    for t in range(steps):
        for b in range(samples):
            touched = {p.name: set(np.flatnonzero(p.bias_mant)) for p in program.populations}
            for q in program.projections:
                count = 0
                for pre in range(q.weights.shape[1]):
                    if t >= q.delay and events[q.source][t - q.delay, b, pre]:
                        synapses = [post for post in range(q.weights.shape[0]) if q.weights[post, pre]]
                        count += len(synapses)
                        touched[q.target] |= set(synapses)
                assert ops[q.name][t, b] == count
            assert {name: rows[t, b] for name, rows in active.items()} == {n: len(s) for n, s in touched.items()}


def test_energy_is_counts_times_coefficients() -> None:
    program = a_program()
    x = np.zeros((4, 2, 3), int)
    x[0, :, 0] = 1  # one spike per sample on two synapses: both neurons updated once, idle three times
    trace = simulate(program, x)
    estimate = estimate_energy(trace, program, load_chip("loihi1-davies2018"))
    assert estimate.counts == {"synaptic_op": 2, "neuron_update_active": 2, "neuron_update_idle": 6}
    assert estimate.total_pj == pytest.approx(2 * 23.6 + 2 * 81 + 6 * 52)
    assert estimate.energy_per_synaptic_op_pj["incremental"] == 23.6
    assert estimate.energy_per_synaptic_op_pj["all_in"] == pytest.approx(estimate.total_pj / 2)
    fit = estimate_energy(trace, program, load_chip("loihi1-nahuku-fit"))
    spikes = trace.counts["a"].sum() / 2
    assert fit.total_pj == pytest.approx(2 * 35.5 + 2 * 72.8 + 6 * 51.2 + spikes * 69.3)
    silent = estimate_energy(simulate(program, np.zeros((4, 1, 3))), program, load_chip("loihi1-davies2018"))
    assert np.isnan(silent.energy_per_synaptic_op_pj["all_in"])


def test_a_trace_of_another_program_is_refused() -> None:
    other = a_program(projections=())
    with pytest.raises(InputError, match="not of"):
        estimate_energy(simulate(other, np.ones((1, 1, 3))), a_program(), load_chip("loihi1-davies2018"))


@pytest.mark.parametrize("name", list_chips())
def test_every_number_states_unit_source_and_kind(name: str) -> None:
    for quantity in load_chip(name).energy.values():
        assert quantity.unit == "pJ" and quantity.kind in ("simulated", "measured", "estimated") and quantity.source


def test_bad_profiles(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="Did you mean loihi1-davies2018"):
        load_chip("loihi1-davis2018")
    path = tmp_path / "mine.toml"
    path.write_text('name = "mine"\n[energy.synaptic_op]\nvalue = 1.0\nunit = "nJ"\n[energy.neuron]\nvalue = 1\n')
    with pytest.raises(ConfigError) as caught:
        load_chip(str(path))
    text = str(caught.value)
    for part in (
        "'title' must be",
        "'graded_spikes' must be",
        "neuron_update_idle is missing",
        "neuron is unknown",
        "must state",
    ):
        assert part in text
    sound = resources.files("spikewright.simulators.chips").joinpath("loihi1-davies2018.toml").read_text()
    for old, new, message in (
        ("graded_spikes = false", 'graded_spikes = "false"', "graded_spikes"),
        ("value = 23.6", 'value = "x"', "must be a number"),
        ("value = 23.6", "value = nan", "must be a number"),
        ('unit = "pJ"', 'unit = "nJ"', "unit must be pJ"),
    ):
        path.write_text(sound.replace(old, new))
        with pytest.raises(ConfigError, match=message):
            load_chip(str(path))
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigError, match="cannot be read"):
        load_chip(str(path))
    path.write_text("not = [toml")
    with pytest.raises(ConfigError, match="no valid TOML"):
        load_chip(str(path))
