"""Rules: one sentence each, from the docstring; broken ones are all told at once."""

import numpy as np
import pytest

from samples import a_chip, a_program
from spikewright.exporters.program.make import make_program
from spikewright.exporters.program.program import Input, Output, Population, Program, Projection
from spikewright.models.errors import CapacityError
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
    assert all(f.ok for f in found) and {f.rule for f in found} == {rule.measure.__name__ for rule in RULES}
    assert all(f.sentence.endswith(".") and f.remedy.endswith(".") and "{" not in f.sentence for f in found)
    (memory,) = (f for f in found if f.rule == "synaptic_memory_per_core")
    assert (memory.where, memory.actual, memory.limit) == ("a", 3 * 64, 1_048_576)
    assert "1,048,576 bits" in memory.sentence
