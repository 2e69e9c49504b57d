"""The float network is the graph; every listed loss changes it, and all of them together make it the program."""

from functools import reduce

import nir
import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from ways import WAYS

from graphs import chain
from spikewright.exporters.nir.execute import run_graph
from spikewright.exporters.nir.semantics import choose
from spikewright.exporters.program.losses import Loss
from spikewright.exporters.program.lower import float_network, lower
from spikewright.exporters.program.passes.change import applicable, apply_loss
from spikewright.exporters.program.passes.execute import Arithmetic, run_network
from spikewright.exporters.program.program import Program
from spikewright.simulators.run import simulate

NEAR = 1e-9
"""Relative distance from the threshold within which the order of float operations decides."""


def random_graph(rng: np.random.Generator, leaky_output: bool = False, **metadata: str) -> nir.NIRGraph:
    """Two layers with thresholds per neuron, biases, leaks, a self-recurrence, a skip; a linear or leaky output."""
    graph = chain([rng.normal(0, 0.6, (8, 6)), rng.normal(0, 0.6, (5, 8))], tau_steps=float(rng.uniform(1.5, 9)))
    nodes = dict(graph.nodes)
    for name in ("n1", "n2"):
        n = nodes[name]
        leak, theta = rng.normal(0, 0.05, n.tau.shape), rng.uniform(0.4, 1.5, n.tau.shape)
        nodes[name] = nir.LIF(n.tau, n.r, leak, theta, v_reset=n.v_reset)
    nodes |= {
        "fc1": nir.Affine(nodes["fc1"].weight, rng.normal(0, 0.1, 8)),
        "rec": nir.Affine(rng.normal(0, 0.3, (8, 8)), rng.normal(0, 0.05, 8)),
        "skip": nir.Linear(rng.normal(0, 0.3, (5, 6))),
        "head": nir.Affine(rng.normal(0, 1, (3, 5)), rng.normal(0, 1, 3)),
        "output": nir.Output({"output": np.array([3])}),
    }
    if leaky_output:
        nodes["read"] = nir.LI(np.full(3, rng.uniform(2e-4, 2e-3)), rng.uniform(0.5, 2, 3), rng.normal(0, 0.1, 3))
    end = [("head", "read"), ("read", "output")] if leaky_output else [("head", "output")]
    edges = [e for e in graph.edges if e != ("n2", "output")] + [("n2", "head"), *end]
    edges += [("n1", "rec"), ("rec", "n1"), ("input", "skip"), ("skip", "n2")]
    return nir.NIRGraph(nodes, edges, metadata={"spikewright": metadata})


def exact(spike_op: str = ">", reset: str = "zero") -> Arithmetic:
    return Arithmetic(reset=reset, inclusive=frozenset({"n1", "n2"} if spike_op == ">=" else ()))


@settings(max_examples=50)
@given(st.integers(0, 2**32 - 1), st.sampled_from([">", ">="]), st.sampled_from(["zero", "subtract"]))
def test_the_float_network_spikes_where_the_graph_does(seed: int, spike_op: str, reset: str) -> None:
    """Every spike, unless a membrane meets its threshold to the last digits; the linear output to rounding."""
    rng = np.random.default_rng(seed)
    graph = random_graph(rng, spike_op=spike_op, reset=reset)
    x = (rng.random((9, 7, 6)) < 0.4).astype(float)
    reference = run_graph(graph, x)
    for name in ("n1", "n2"):
        theta = graph.nodes[name].v_threshold
        assume(not (np.abs(reference.state[name]["v"] / theta - 1) < NEAR).any())
    network = float_network(graph, choose(graph, reset="zero"))
    trace = run_network(network, x, exact(spike_op, reset))
    assert list(trace.spikes) == list(reference.spikes)
    for name, spikes in reference.spikes.items():
        np.testing.assert_array_equal(trace.spikes[name], spikes, err_msg=name)
    np.testing.assert_allclose(trace.output["output"], reference.output["output"], rtol=1e-9, atol=1e-9)


@settings(max_examples=50)
@given(st.integers(0, 2**32 - 1), st.integers(2, 8), st.sampled_from([">", ">="]), st.booleans(), st.booleans(), WAYS)
def test_all_listed_losses_together_make_the_program(
    seed: int, bits: int, spike_op: str, grey: bool, leaky_output: bool, way: dict
) -> None:
    """Nothing that changes a value is missing from the list, and every entry is applied as the program has it."""
    rng = np.random.default_rng(seed)
    graph = random_graph(rng, leaky_output, spike_op=spike_op)
    x = rng.random((9, 30, 6)) if grey else (rng.random((9, 30, 6)) < 0.4).astype(float)
    program = lower(graph, calibration=x, weight_bits=bits, **way)
    require_equal_where_no_tie(graph, x, program, exact(spike_op))


@settings(max_examples=20)
@given(st.integers(0, 2**32 - 1), st.sampled_from(["IF", "LIF"]), WAYS)
def test_a_floored_sum_is_floored_as_in_the_program(seed: int, node: str, way: dict) -> None:
    rng = np.random.default_rng(seed)
    x = rng.integers(0, 2000, (9, 7, 6))
    graph = chain([rng.normal(0, 0.5, (20, 6)) / 2000], node)
    program = lower(graph, calibration=x, **way)
    assert "floor" in {loss.kind for loss in program.losses}
    require_equal_where_no_tie(graph, x, program, Arithmetic())


def require_equal_where_no_tie(graph: nir.NIRGraph, x: np.ndarray, program: Program, arithmetic: Arithmetic) -> None:
    trace = simulate(program, x, backend="oracle", record=("spikes", "state"))
    losses = [loss for loss in program.losses if loss.kind != "structure"]
    assert all(applicable(loss) for loss in losses)
    network = float_network(graph, choose(graph))
    changed, rounded = reduce(lambda done, loss: apply_loss(*done, program, loss), losses, (network, arithmetic))
    applied = run_network(changed, x, rounded)
    # A membrane that equals its threshold in integers is a tie that float64 decides either way.
    thresholds = {p.name: np.asarray(p.vth) << 6 for p in program.populations}
    assume(not any((trace.state[n]["v"] == thresholds[n]).any() for n in applied.spikes))
    for name, spikes in applied.spikes.items():
        np.testing.assert_array_equal(spikes, trace.spikes[name], err_msg=name)
    unit = program.populations[-1].membrane_unit if program.outputs[0].readout == "membrane" else 1.0
    np.testing.assert_allclose(applied.output["output"], trace.output["output"] * unit, rtol=1e-9, atol=1e-9)


def one_layer(weight: np.ndarray, **metadata: str) -> tuple:
    graph = chain([weight], **metadata)
    x = (np.random.default_rng(0).random((8, 20, weight.shape[1])) < 0.5).astype(float)
    program = lower(graph, calibration=x, reset="zero")
    return graph, x, program, float_network(graph, choose(graph, reset="zero"))


def applied(case: tuple, kind: str, arithmetic: Arithmetic) -> np.ndarray:
    _, x, program, network = case
    loss = next(loss for loss in program.losses if loss.kind == kind)
    changed, rounded = apply_loss(network, arithmetic, program, loss)
    return run_network(changed, x, rounded).spikes["n1"]


def test_reset_override_is_the_graph_under_both_resets() -> None:
    case = one_layer(np.random.default_rng(1).normal(0.3, 0.6, (6, 5)), reset="subtract")
    graph, x, _, network = case
    stated, chip = (run_graph(graph, x, reset=reset).spikes["n1"] for reset in ("subtract", "zero"))
    assert (stated != chip).any()
    np.testing.assert_array_equal(run_network(network, x, Arithmetic(reset="subtract")).spikes["n1"], stated)
    np.testing.assert_array_equal(applied(case, "reset", Arithmetic(reset="subtract")), chip)


def test_vanished_rows_fall_silent_and_the_others_keep_their_float_weights() -> None:
    weight = np.random.default_rng(4).normal(0, 1.5, (6, 5))
    weight[0] *= 1e4
    case = one_layer(weight)
    free = run_network(case[3], case[1], Arithmetic()).spikes["n1"]
    spikes = applied(case, "rows", Arithmetic())
    assert free[..., 1:].any() and not spikes[..., 1:].any()
    np.testing.assert_array_equal(spikes[..., 0], free[..., 0])


def test_weights_are_those_of_the_grid() -> None:
    """The float network with rounded weights only is the graph whose weights were rounded."""
    case = one_layer(np.random.default_rng(2).normal(0, 0.6, (6, 5)))
    graph, x, program, _ = case
    p = program.projections[0]
    scale = 1 / (64 * program.populations[0].membrane_unit * 2.0**p.weight_exp)
    rounded = nir.NIRGraph({**graph.nodes, "fc1": nir.Linear(p.weights / scale)}, graph.edges)
    np.testing.assert_array_equal(applied(case, "weights", Arithmetic()), run_graph(rounded, x).spikes["n1"])


def test_a_lower_threshold_keeps_the_ties_of_the_inclusive_comparison() -> None:
    """Sums of whole quarters meet the threshold 1 exactly; '>' without the lower threshold would miss them."""
    weight = np.random.default_rng(3).integers(-2, 5, (6, 5)) / 4
    graph = chain([weight], "IF", spike_op=">=")
    x = (np.random.default_rng(0).random((8, 20, 5)) < 0.5).astype(float)
    program, network = lower(graph, calibration=x), float_network(graph, choose(graph))
    reference = run_graph(graph, x)
    assert (reference.state["n1"]["v"] == 1.0).any()
    case = graph, x, program, network
    np.testing.assert_array_equal(applied(case, "spike_op", exact(">=")), reference.spikes["n1"])
    assert (run_network(network, x, exact(">")).spikes["n1"] != reference.spikes["n1"]).any()


def test_grey_values_are_rounded_to_the_events_of_the_input() -> None:
    graph = chain([np.random.default_rng(3).normal(0, 0.6, (40, 5))])
    x = np.random.default_rng(0).random((8, 200, 5))
    program, network = lower(graph, calibration=x), float_network(graph, choose(graph))
    events = np.rint(x * program.inputs[0].scale) / program.inputs[0].scale
    spikes = applied((graph, x, program, network), "input", Arithmetic())
    np.testing.assert_array_equal(spikes, run_graph(graph, events).spikes["n1"])
    assert (spikes != run_graph(graph, x).spikes["n1"]).any()


@pytest.mark.parametrize("what", ["structure", ""])
def test_what_is_no_rounding_is_not_applicable(what: str) -> None:
    assert not applicable(Loss("n", "something", what))
