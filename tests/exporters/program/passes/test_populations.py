"""Registers of populations: what NIR's neurons become, and what the rounding says about itself."""

from __future__ import annotations

from typing import Any

import nir
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import dyadic
from spikewright.exporters.nir.neurons import current_terms, membrane_terms
from spikewright.exporters.nir.semantics import choose
from spikewright.exporters.program.lower import lower
from spikewright.exporters.program.passes.decays import current_register, kept, membrane_register
from spikewright.exporters.program.passes.populations import neurons_of
from spikewright.exporters.program.program import Program
from spikewright.models.errors import NumericRangeError
from spikewright.simulators.run import simulate

DT = dyadic.DT_S


def one_layer(node: nir.NIRNode, **metadata: object) -> nir.NIRGraph:
    rng = np.random.default_rng(0)
    nodes = dyadic.ports(3, 2) | {"fc": nir.Linear(dyadic.weights(rng, 2, 3)), "n": node}
    return dyadic.graph(nodes, "input fc n output", **metadata)


def cuba(tau_syn: Any, tau_mem: Any) -> nir.CubaLIF:
    full, zero = np.ones(2), np.zeros(2)
    return nir.CubaLIF(full * tau_syn, full * tau_mem, full, zero, full, v_reset=zero, w_in=full)


def losses(program: Program, *kinds: str) -> dict[str, str]:
    return {loss.kind: loss.what for loss in program.losses if loss.kind in kinds}


@settings(max_examples=200)
@given(st.floats(1.0, 1e6), st.floats(1.0, 1e6), st.sampled_from(["euler", "exponential"]))
def test_decays_are_the_nearest_that_the_registers_hold(syn: float, mem: float, integration: str) -> None:
    node = cuba(syn * DT, mem * DT)
    semantics = choose(one_layer(node), integration=integration)
    neurons = neurons_of("n", node, semantics)
    held = np.arange(4096)
    for register, whole, exact in (
        (current_register(neurons), 4095, current_terms(node, semantics)[0][0]),
        (membrane_register(neurons), 4096, membrane_terms(node, semantics)[0][0]),
    ):
        error = np.abs((whole - held) / 4096 - exact)
        assert isinstance(register, int)
        assert abs(float(kept(register, whole)) - exact) == pytest.approx(error.min(), abs=1e-12)


def test_decays_of_each_neuron_are_registers_of_each_neuron() -> None:
    program = lower(one_layer(cuba([2 * DT, 4 * DT], [8 * DT, 2 * DT])))
    np.testing.assert_array_equal(program.populations[0].du, [2047, 1023])
    np.testing.assert_array_equal(program.populations[0].dv, [512, 2048])
    told = losses(lower(one_layer(cuba([3 * DT, 5 * DT], 2 * DT))), "current_decay", "decay")
    assert told == {"current_decay": "current decay became 819/4096 to 1365/4096, off by -8.14e-05"}


def test_kinds_and_their_registers() -> None:
    found = {kind: lower(one_layer(dyadic.neurons(kind, 2))).populations[0] for kind in dyadic.KINDS}
    assert {kind: (p.kind, p.du, p.dv) for kind, p in found.items()} == {
        "IF": ("lif", 4095, 0),
        "LIF": ("lif", 4095, 2048),
        "CubaLIF": ("lif", 2047, 2048),
        "Threshold": ("threshold", 4095, 4096),
    }


@pytest.mark.parametrize("kind", dyadic.KINDS)
def test_an_inclusive_comparison_lowers_the_threshold_unless_spikes_subtract_it(kind: str) -> None:
    """One unit less to compare with is right; one unit less to take off at every spike is not."""
    strict, inclusive, soft = (
        lower(one_layer(dyadic.neurons(kind, 2), **how))
        for how in ({}, {"spike_op": ">="}, {"spike_op": ">=", "reset": "subtract"})
    )
    resets = kind != "Threshold"
    vths = [program.populations[0].vth for program in (strict, inclusive, soft)]
    assert vths == [vths[0], vths[0] - 1, vths[0] - (not resets)]
    told = losses(soft, "spike_op")["spike_op"]
    assert told.endswith("does not fire" if resets else "exact for membranes on the grid of 64")


@pytest.mark.parametrize("reset", ["zero", "subtract"])
def test_an_input_that_meets_the_threshold_exactly(reset: str) -> None:
    """'>=' is kept with a reset to zero; with a soft reset the listed loss is what happens."""
    node = dyadic.neurons("IF", 1)
    weight = np.array([[127.0, -127.0, 1.0]]) * dyadic.UNIT
    nodes = dyadic.ports(3, 1) | {"fc": nir.Linear(weight), "n": node}
    graph = dyadic.graph(nodes, "input fc n output", spike_op=">=", reset=reset)
    x = np.array([[1, 0, 1], [0, 0, 1]], float)[:, None]
    trace = simulate(lower(graph, calibration=x), x, backend="oracle", record=("spikes",))
    assert trace.spikes["n"].reshape(-1).tolist() == ([1, 0] if reset == "zero" else [0, 1])


def test_a_reset_above_the_threshold_is_refused() -> None:
    node: Any = dyadic.neurons("LIF", 2)
    node.v_reset = np.array([0.0, 1.0])
    with pytest.raises(NumericRangeError, match="1 neuron"):
        lower(one_layer(node))
    lower(one_layer(node, reset="subtract"))  # which takes the threshold off, wherever that leaves the membrane
