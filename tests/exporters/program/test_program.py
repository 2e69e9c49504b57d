"""A program is checked as a whole, and its hash is that of its content."""

from dataclasses import fields, replace

import numpy as np
import pytest
from hypothesis import given

from samples import a_program, parts
from spikewright.exporters.program.layout import content_hash
from spikewright.exporters.program.make import make_program
from spikewright.exporters.program.program import Input, Output, Population, Program, Projection
from spikewright.models.errors import InputError
from strategies import programs


def rebuilt(program: Program, **changes: object) -> Program:
    same = {k: getattr(program, k) for k in ("inputs", "populations", "projections", "outputs", "losses", "settings")}
    return make_program(**(same | changes))


def test_all_violations_are_told_at_once() -> None:
    sound = parts()
    population = replace(sound["populations"][0], du=4096, vth=1 << 17, bias_mant=np.array([5000, 0], np.int32))
    projection = replace(sound["projections"][0], weights=np.array([[3, 0, 300], [0, 0, 0]], np.int16), weight_exp=9)
    with pytest.raises(InputError) as caught:
        make_program(**parts(populations=(population,), projections=(projection,)))
    text = str(caught.value)
    assert len(caught.value.violations) == 5
    for part in ("du = 4096", "vth = 131072", "-4096..4095", "off the grid -256..254 step 2", "weight_exp = 9"):
        assert part in text


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"outputs": (Output("out", "a", "zzz"),)}, "readout 'zzz'"),
        ({"inputs": (Input("in", (3,), kind="nonsense"),)}, "kind 'nonsense'"),
        ({"inputs": (Input("in", (3,), kind="graded", bits=-3),)}, "-3 bits"),
        ({"inputs": (Input("in", (3,), scale="x"),)}, "scale 'x'"),
        (
            {"projections": (Projection("in-a", "in", "a", np.zeros((2, 3), np.int16), weight_exp=1.5),)},
            "an integer in -7..7",
        ),
        ({"populations": (Population("a", (2,), 0, 0, 1, np.zeros(2, np.int32), level=1.5),)}, "no integer level"),
        ({"outputs": (Output("out", "b", "membrane"),)}, "'b', which is no population"),
        ({"inputs": (Input("a", (3,)),)}, "used 2 times"),
        ({"inputs": ()}, "at least one input"),
        ({"populations": (Population("a/b", (2,), 0, 0, 1, np.zeros(2, np.int32), level=1),)}, "holds '/'"),
        ({"projections": (Projection("in-a", "in", "a", np.zeros((3, 2), np.int16)),)}, r"must be int \(2, 3\)"),
        ({"projections": (Projection("a-a", "a", "a", np.zeros((2, 2), np.int16)),)}, "synaptic delay of -1"),
    ],
)
def test_a_broken_rule_is_named(changes: dict, message: str) -> None:
    with pytest.raises(InputError, match=message):
        make_program(**parts(**changes))


@pytest.mark.parametrize("changes", [{"vth": np.zeros(2, np.int32)}, {"bias_mant": [0, 1]}, {"du": 3}])
def test_a_relay_with_registers_is_refused_whatever_they_are(changes: dict) -> None:
    relay = Population("a", (2,), 4095, 0, 0, np.zeros(2, np.int32), level=1, kind="relay")
    with pytest.raises(InputError, match="relay with registers"):
        make_program(**parts(populations=(replace(relay, **changes),)))


@given(programs())
def test_hash_ignores_order_and_notes(drawn: tuple) -> None:
    program = drawn[0]
    shuffled = rebuilt(
        program,
        projections=tuple(reversed(program.projections)),
        inputs=tuple(reversed(program.inputs)),
        populations=tuple(replace(p, origin=("elsewhere",), membrane_unit=3.0) for p in program.populations),
        settings={"dt_s": (1.0, "argument")},
    )
    assert shuffled.content_hash == program.content_hash


@pytest.mark.parametrize("part", ["inputs", "populations", "projections", "outputs"])
def test_hash_sees_every_field_but_notes(part: str) -> None:
    """Every field that a kind can have, whether or not this program's kinds have it."""
    program = a_program()
    (item,) = getattr(program, part)
    for field in fields(item):
        changed = replace(program, **{part: (replace(item, **{field.name: other(getattr(item, field.name))}),)})
        same = content_hash(changed) == program.content_hash
        assert same == (field.name in ("origin", "membrane_unit", "unit")), field.name


def other(value: object) -> object:
    """Another value of the same type."""
    if value is None:
        return np.array([1], np.int32)
    more = {str: "x", tuple: (7,)}.get(type(value), 1)
    return value + more


def test_hash_tells_one_register_from_one_for_each_neuron() -> None:
    program = a_program()
    (population,) = program.populations
    each = rebuilt(program, populations=(replace(population, vth=np.array([10, 10])),))
    assert each.content_hash != program.content_hash, "chips tell them apart"


@given(programs())
def test_hash_sees_every_deciding_number(drawn: tuple) -> None:
    program = drawn[0]
    first = program.populations[0]
    bias = first.bias_mant.copy()
    bias[0] = bias[0] - 1 if bias[0] > 0 else bias[0] + 1
    others = program.populations[1:]
    changed = [
        replace(first, bias_mant=bias),
        replace(first, dv=(first.dv + 1) % 4096),
        replace(first, du=(first.du + 1) % 4096),
    ]
    hashes = {rebuilt(program, populations=(p, *others)).content_hash for p in changed} | {program.content_hash}
    assert len(hashes) == 4
