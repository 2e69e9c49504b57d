"""The engine runs its kinds in every bit as the oracle does, and names all others at once."""

import numpy as np
import pytest
from hypothesis import given, settings

from kinds import Kinds, programs_of
from samples import a_program
from spikewright.exporters.program.inputs import encode_inputs
from spikewright.exporters.program.program import Input, Output, Population, Program, Projection
from spikewright.models.errors import UnsupportedOp
from spikewright.simulators.oracle import run_rows
from spikewright.simulators.run import simulate

ENGINE = Kinds(populations=("lif", "readout"), projections=("dense",), delays="projection", per_neuron=False)


@settings(max_examples=100)
@given(programs_of(ENGINE))
def test_its_kinds_bias_inputs_among_them_agree_with_the_oracle(drawn: tuple) -> None:
    program, x = drawn
    events = encode_inputs(program, x)
    expected = run_rows(program, events)
    trace, oracle = (simulate(program, x, backend, record=("spikes", "state")) for backend in ("engine", "oracle"))
    for p in program.populations:
        for found, what in ((trace.spikes[p.name], "spikes"), *((trace.state[p.name][k], k) for k in "uv")):
            np.testing.assert_array_equal(found.reshape(expected[what][p.name].shape), expected[what][p.name])
        np.testing.assert_array_equal(trace.updates[p.name], oracle.updates[p.name])
    for name, ops in oracle.synaptic_ops.items():
        np.testing.assert_array_equal(trace.synaptic_ops[name], ops)


def uses(program: Program) -> set[str]:
    """Names of the parts that are beyond the engine."""
    found = set()
    for p in program.populations:
        if p.kind not in ("lif", "readout") or p.reset != "zero" or p.refractory or p.per_neuron:
            found.add(f"population {p.name!r}")
    for q in program.projections:
        if q.kind != "dense" or isinstance(q.delay, np.ndarray):
            found.add(f"projection {q.name!r}")
    return found


@settings(max_examples=150)
@given(programs_of())
def test_it_runs_a_program_or_names_every_part_that_it_lacks(drawn: tuple) -> None:
    program, x = drawn
    beyond = uses(program)
    if not beyond:
        simulate(program, x)
        return
    with pytest.raises(UnsupportedOp, match='backend="oracle" runs every kind') as caught:
        simulate(program, x)
    assert {violation.split(" has ")[0] for violation in caught.value.violations} == beyond
    simulate(program, x, backend="oracle")


def test_everything_at_once_is_told_by_kind_and_name() -> None:
    gain = {"level": 1, "kind": "ei_gain", "reset": "subtract", "bias_mant": np.zeros(2, np.int32)}
    wait = {"level": 1, "refractory": 2, "bias_mant": np.zeros(2, np.int32)}
    weights = np.full((2, 3), 2, np.int16)
    program = a_program(
        inputs=(Input("in", (3,)),),
        populations=(
            Population("gain", (2,), 1, 1, 1, **gain),
            Population("wait", (2,), np.array([1, 2]), 1, np.array([1, 2]), **wait),
        ),
        projections=(
            Projection("n", "in", "gain", weights),
            Projection("d", "in", "gain", weights, port="divisor"),
            Projection("w", "in", "wait", weights, delay=np.zeros((2, 3), np.int32)),
        ),
        outputs=(Output("out", "gain", "spike_count"),),
    )
    with pytest.raises(UnsupportedOp) as caught:
        simulate(program, np.zeros((1, 1, 3)))
    assert caught.value.violations == (
        "population 'gain' has kind 'ei_gain'; the engine runs lif and readout",
        "population 'gain' has reset 'subtract'; the engine runs zero",
        "population 'wait' has a refractory time; the engine runs neurons without",
        "population 'wait' has du for each neuron; the engine runs one for all",
        "population 'wait' has vth for each neuron; the engine runs one for all",
        "projection 'w' has a delay for every synapse; the engine runs one for all",
    )
