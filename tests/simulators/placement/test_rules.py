"""Rules: one sentence each, from the docstring; broken ones are all told at once."""

from dataclasses import replace

import numpy as np
import pytest

from samples import a_chip, a_program
from spikewright.exporters.program.make import make_program
from spikewright.exporters.program.program import Input, Output, Population, Program, Projection
from spikewright.models.errors import CapacityError
from spikewright.simulators.chips.chip import ABILITIES
from spikewright.simulators.placement import check_fit, place
from spikewright.simulators.placement.rules import RULES


def crowded() -> Program:
    """Breaks rules of several kinds at once: graded input, a delay of 63, too many in-axons, too many cores."""
    populations = tuple(
        Population(name, (size,), 4095, 2048, 10, np.zeros(size, np.int32), level=level)
        for name, size, level in (("a", 4, 1), ("b", 3, 2))
    )
    projections = (
        Projection("in-a", "in", "a", np.full((4, 6), 2, np.int16)),
        Projection("a-b", "a", "b", np.full((3, 4), 2, np.int16), delay=63),
    )
    return make_program(
        (Input("in", (6,), "graded", 1.0, 8),), populations, projections, (Output("o", "b", "membrane"),)
    )


def test_every_broken_rule_is_told_at_once() -> None:
    chip = a_chip(in_axons=5, neurons=1, cores=6, out_axons=2)
    broken = {(f.rule, f.where): (f.actual, f.limit) for f in check_fit(crowded(), chip) if not f.ok}
    assert broken == {
        ("in_axons_per_core", "a"): (6, 5),
        ("out_axons_per_core", "a"): (3, 2),
        ("cores_per_chip", ""): (7, 6),
        ("graded_input", "in"): (8, 0),
        ("synaptic_delay", "a-b"): (63, 62),
    }
    with pytest.raises(CapacityError, match="does not fit loihi1-davies2018") as caught:
        place(crowded(), chip)
    assert caught.value.exit_code == 3 and len(caught.value.violations) == 5
    text = str(caught.value)
    assert "A core has 5 in-axons; a single neuron of population 'a' needs 6." in text
    assert "A synapse delays a spike by at most 62 steps; projection 'a-b' delays by 63. Shorten the delay" in text
    assert "input 'in' sends values of 8 bits. Encode the input as spikes" in text


def test_what_a_rule_needs_is_what_one_neuron_needs_where_no_core_is_small_enough() -> None:
    """Neurons pile up on a core that breaks a rule anyway; that core is no measure of what the chip would need."""
    (memory,) = (f for f in check_fit(crowded(), a_chip(synaptic_memory_bits=6 * 64 - 1)) if f.actual == 6 * 64)
    assert not memory.ok and "a single neuron of population 'a' needs 384" in memory.sentence
    kept = [f for f in check_fit(crowded(), a_chip(synaptic_memory_bits=6 * 64)) if f.where == "a"]
    assert all(f.ok for f in kept), "the smallest memory that will do"


def test_a_rule_that_one_neuron_breaks_does_not_stop_the_others_from_shaping_cores() -> None:
    placed = [f.actual for f in check_fit(crowded(), a_chip(in_axons=5, neurons=3)) if f.rule == "cores_per_chip"]
    assert placed == [3], "a on 2 cores of 3 neurons at most, b on 1"


def test_kept_rules_are_reported_too() -> None:
    found = check_fit(a_program())
    assert all(f.ok for f in found)
    assert {f.rule for f in found} == {rule.measure.__name__ for rule in RULES} - {*ABILITIES}, "what is used by none"
    assert all(f.sentence.endswith(".") and f.remedy.endswith(".") and "{" not in f.sentence for f in found)
    (memory,) = (f for f in found if f.rule == "synaptic_memory_per_core")
    assert (memory.where, memory.actual, memory.limit) == ("a", 3 * 64, 1_048_576)
    assert "1,048,576 bits" in memory.sentence


def with_population(**changes: object) -> Program:
    registers = {"du": 4095, "dv": 2048, "vth": 10, "bias_mant": np.zeros(2, np.int32), "level": 1}
    projections = [Projection("in-a", "in", "a", np.full((2, 3), 2, np.int16))]
    if changes.get("kind") == "ei_gain":
        projections.append(Projection("in-a by", "in", "a", np.full((2, 3), 2, np.int16), port="divisor"))
    return a_program(populations=(Population("a", (2,), **registers | changes),), projections=tuple(projections))


NEEDS = {
    "soft_reset": ({"reset": "subtract"}, 1, "population 'a' resets by subtraction"),
    "registers_per_neuron": ({"vth": np.array([1, 2]), "du": np.array([1, 2])}, 2, "population 'a' has 2 of them"),
    "refractory": ({"refractory": 3}, 3, "population 'a' rests for 3 rows"),
    "ternary": ({"kind": "ternary", "vth_low": -1}, 1, "population 'a' is ternary"),
    "divided_input": ({"kind": "ei_gain"}, 1, "population 'a' divides one sum by another"),
    "stateless": ({"kind": "threshold", "dv": 4096}, 1, "population 'a' keeps nothing of its membrane"),
    "graded_spikes": ({"kind": "ternary"}, 1, "population 'a' sends values of 1 bits"),
}


@pytest.mark.parametrize("ability", NEEDS)
def test_a_chip_refuses_what_it_lacks_and_takes_what_it_has(ability: str) -> None:
    changes, amount, text = NEEDS[ability]
    program, chip = with_population(**changes), a_chip()
    able_to = {name: replace(has, value=name != ability) for name, has in chip.abilities.items()}
    (broken,) = (f for f in check_fit(program, replace(chip, abilities=able_to)) if not f.ok)
    assert (broken.rule, broken.where, broken.actual, broken.limit) == (ability, "a", amount, 0)
    assert text in broken.sentence
    with pytest.raises(CapacityError, match=text):
        place(program, replace(chip, abilities=able_to))
    assert place(program, "loihi2-microcode").program is program
    if ability != "refractory":
        with pytest.raises(CapacityError, match=text):
            place(program, "loihi1-davies2018")


def test_every_ability_has_its_rule() -> None:
    assert set(NEEDS) == set(ABILITIES) < {rule.measure.__name__ for rule in RULES}
