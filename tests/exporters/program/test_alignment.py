"""Row t of the program is row t of the graph, whatever lies between levels: on dyadic parameters, spike by spike."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import nir
import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import dyadic
from spikewright.exporters.nir.execute import run_graph
from spikewright.exporters.nir.semantics import choose
from spikewright.exporters.program.lower import float_network, lower
from spikewright.exporters.program.passes.execute import Arithmetic, run_network
from spikewright.exporters.program.program import Program
from spikewright.models.errors import UnsupportedOp
from spikewright.simulators.run import simulate

BACKENDS = [pytest.param("oracle"), pytest.param("lava", marks=pytest.mark.lava)]


def spikes(rng: np.random.Generator, *shape: int) -> np.ndarray:
    return (rng.random(shape) < 0.6).astype(float)


def require_aligned(
    graph: nir.NIRGraph, x: Any, backend: str = "oracle", run: str | None = None, **options: Any
) -> Program:
    """Every population spikes where the graph's does, row by row; at least one spikes at all."""
    reference = run_graph(graph, x, cycle=run)
    program = lower(graph, calibration=x, **options)
    trace = simulate(program, x, backend=backend, record=("spikes",))
    assert any(s.any() for s in reference.spikes.values())
    for name, rows in reference.spikes.items():
        np.testing.assert_array_equal(trace.spikes[name], rows, err_msg=name)
    return program


def layers(rng: np.random.Generator, kinds: str, n: int = 4, **more: nir.NIRNode) -> dict[str, nir.NIRNode]:
    """Ports, ``fc1 n1 fc2 n2 ...`` with biases, and `more`."""
    nodes = dyadic.ports(n, n) | more
    for i, kind in enumerate(kinds.split(), 1):
        nodes[f"fc{i}"] = nir.Affine(dyadic.weights(rng, n, n), dyadic.units(rng, 40, n))
        nodes[f"n{i}"] = dyadic.neurons(kind, n, leak=dyadic.units(rng, 8, n))
    return nodes


@pytest.mark.parametrize("backend", BACKENDS)
def test_two_populations_in_a_loop_share_a_level(backend: str) -> None:
    rng = np.random.default_rng(0)
    nodes = layers(rng, "LIF IF", back=nir.Linear(dyadic.weights(rng, 4, 4)))
    graph = dyadic.graph(nodes, "input fc1 n1 fc2 n2 output", "n2 back n1")
    program = require_aligned(graph, spikes(rng, 8, 6, 4), backend)
    assert {p.name: p.level for p in program.populations} == {"n1": 1, "n2": 1}
    assert {p.name: (p.delay, program.hops(p)) for p in program.projections} == {
        "fc1": (0, 0),
        "fc2": (1, 0),
        "back": (1, 0),
    }


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_skip_over_two_levels_waits_for_them(backend: str) -> None:
    rng = np.random.default_rng(1)
    nodes = layers(rng, "LIF IF LIF", skip=nir.Linear(dyadic.weights(rng, 4, 4)))
    graph = dyadic.graph(nodes, "input fc1 n1 fc2 n2 fc3 n3 output", "input skip n3")
    program = require_aligned(graph, spikes(rng, 8, 6, 4), backend)
    skip = next(p for p in program.projections if p.name == "skip")
    assert (skip.delay, program.hops(skip)) == (0, 2)


@pytest.mark.parametrize("backend", BACKENDS)
def test_every_element_of_a_delay_waits_its_own_rows(backend: str) -> None:
    """In front of a linear node its columns, behind one its rows, and the bias in front starts late."""
    rng = np.random.default_rng(2)
    nodes = layers(rng, "LIF IF", d1=dyadic.delay(np.array([0, 3, 1, 2])), d2=dyadic.delay(np.array([2, 0, 4, 1])))
    graph = dyadic.graph(nodes, "input d1 fc1 n1 fc2 d2 n2 output")
    program = require_aligned(graph, spikes(rng, 8, 6, 4), backend)
    by_name = {p.name: p for p in program.projections}
    np.testing.assert_array_equal(by_name["fc1"].delay, [[0, 3, 1, 2]] * 4)
    np.testing.assert_array_equal(by_name["fc2"].delay, np.array([[2, 0, 4, 1]] * 4).T)
    np.testing.assert_array_equal(by_name["d2->n2 (bias)"].delay, [[2], [0], [4], [1]])


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_bias_in_front_of_a_current_passes_its_filter(backend: str) -> None:
    rng = np.random.default_rng(3)
    graph = dyadic.graph(layers(rng, "CubaLIF CubaLIF"), "input fc1 n1 fc2 n2 output")
    program = require_aligned(graph, spikes(rng, 8, 6, 4), backend)
    assert [(i.name, i.kind) for i in program.inputs] == [("(bias)", "bias"), ("input", "spikes")]
    assert {p.name: (p.du, p.dv) for p in program.populations} == {"n1": (2047, 2048), "n2": (2047, 2048)}
    leak = graph.nodes["n1"].v_leak / 2  # the leak, of which a step replaces half, is no part of the input
    np.testing.assert_array_equal(program.populations[0].bias * program.populations[0].membrane_unit, leak)


def test_a_late_current_takes_its_input_a_row_later() -> None:
    """Norse's earlier order, with the recurrence, which then waits two rows, and the bias."""
    rng = np.random.default_rng(4)
    nodes = layers(rng, "CubaLIF CubaLIF", rec=nir.Linear(dyadic.weights(rng, 4, 4)))
    graph = dyadic.graph(nodes, "input fc1 n1 fc2 n2 output", "n1 rec n1", current_late=True)
    program = require_aligned(graph, spikes(rng, 8, 6, 4))
    assert {p.name: p.delay for p in program.projections if "bias" not in p.name} == {"fc1": 1, "fc2": 1, "rec": 2}


@pytest.mark.parametrize("steps", [1, 2, 3])
@pytest.mark.parametrize("backend", BACKENDS)
def test_samples_shorter_than_the_network_is_deep(backend: str, steps: int) -> None:
    """T = 1 included; biases fire in every layer from the first row on, and nothing from before it arrives."""
    rng = np.random.default_rng(5)
    nodes = layers(rng, "LIF CubaLIF IF LIF")
    for i in range(1, 5):
        fc: Any = nodes[f"fc{i}"]
        nodes[f"fc{i}"] = nir.Affine(fc.weight, fc.bias + 1.25)
    nodes["rec"] = nir.Linear(dyadic.weights(rng, 4, 4))
    graph = dyadic.graph(nodes, "input fc1 n1 fc2 n2 fc3 n3 fc4 n4 output", "n3 rec n3")
    x = spikes(rng, steps, 6, 4)
    assert run_graph(graph, x).spikes["n4"][0].any()
    require_aligned(graph, x, backend)


@pytest.mark.parametrize("backend", BACKENDS)
def test_biases_that_run_before_the_first_row_of_a_stream_change_no_row(backend: str) -> None:
    """Deep neurons charge, spike and are reset before a sample; without Delays none of that arrives in it."""
    rng = np.random.default_rng(6)
    nodes = layers(rng, "LIF IF LIF", skip=nir.Linear(dyadic.weights(rng, 4, 4)))
    for i in (1, 2, 3):
        fc: Any = nodes[f"fc{i}"]
        nodes[f"fc{i}"] = nir.Affine(fc.weight, fc.bias + 1.25)
    graph, x = dyadic.graph(nodes, "input fc1 n1 fc2 n2 fc3 n3 output", "input skip n3"), spikes(rng, 5, 4, 4)
    trace = simulate(lower(graph, calibration=x), x, backend=backend, record=("spikes",), samples="stream")
    reference = run_graph(graph, x)
    assert reference.spikes["n3"].any()
    for name, rows in reference.spikes.items():
        np.testing.assert_array_equal(trace.spikes[name], rows, err_msg=name)


@settings(max_examples=80)
@given(st.integers(0, 2**32 - 1), st.integers(1, dyadic.ROWS), st.sampled_from(["zero", "subtract"]))
def test_random_graphs_with_cycles_and_delays(seed: int, steps: int, reset: str) -> None:
    rng = np.random.default_rng(seed)
    graph = dyadic.random_graph(rng, reset=reset)
    x = spikes(rng, steps, 4, 3)
    try:
        reference = run_graph(graph, x)
        program = lower(graph, calibration=x)
    except UnsupportedOp as refused:  # a cycle of Thresholds alone, or one with fewer rows than hops
        assert "cycle" in str(refused).lower()
        assume(False)
        return
    trace = simulate(program, x, backend="oracle", record=("spikes",))
    for name, rows in reference.spikes.items():
        np.testing.assert_array_equal(trace.spikes[name], rows, err_msg=name)


def loop_through_a_delay(rows: int, on_the_way_back: int = 0) -> nir.NIRGraph:
    """n1 -> n2 waits `rows`, and nothing else does, because a cycle through a Delay takes no step more."""
    rng = np.random.default_rng(6)
    nodes = layers(rng, "LIF IF", wait=dyadic.delay(np.full(4, rows)), back=nir.Linear(dyadic.weights(rng, 4, 4)))
    nodes["again"] = dyadic.delay(np.full(4, on_the_way_back))
    return dyadic.graph(nodes, "input fc1 n1 wait fc2 n2 output", f"n2 {'again ' if on_the_way_back else ''}back n1")


def test_a_cycle_is_lowered_if_its_delays_cover_its_hops() -> None:
    x = spikes(np.random.default_rng(7), 8, 6, 4)
    program = require_aligned(loop_through_a_delay(2), x)
    assert {p.name: p.level for p in program.populations} == {"n1": 2, "n2": 1}
    with pytest.raises(UnsupportedOp, match=r"n1 -> n2.* 2 hops on a chip, but its edges wait 1 rows, 1 too few"):
        lower(loop_through_a_delay(1))


def test_with_hop_every_edge_of_a_short_cycle_waits_a_row_and_says_so() -> None:
    """The program is then that of the graph with a Delay of one row on the edge that waited none."""
    x = spikes(np.random.default_rng(8), 8, 6, 4)
    reference = run_graph(loop_through_a_delay(1, on_the_way_back=1), x)
    program = lower(loop_through_a_delay(1), calibration=x, cycle="hop")
    trace = simulate(program, x, backend="oracle", record=("spikes",))
    for name, rows in reference.spikes.items():
        np.testing.assert_array_equal(trace.spikes[name], rows, err_msg=name)
    assert (trace.spikes["n1"] != run_graph(loop_through_a_delay(1), x).spikes["n1"]).any()
    assert [loss.node for loss in program.losses if loss.kind == "cycle"] == ["back"]
    assert program.settings["cycle"] == ("hop", "argument")


def test_only_closing_edges_of_a_ring_are_too_few_rows_for_its_hops() -> None:
    """For a neuron that feeds itself both rules are the same."""
    rng = np.random.default_rng(9)
    nodes = layers(rng, "LIF IF", back=nir.Linear(dyadic.weights(rng, 4, 4)))
    through = "input fc1 n1 fc2 n2 output"
    with pytest.raises(UnsupportedOp, match="1 too few"):
        lower(dyadic.graph(nodes, through, "n2 back n1"), cycle="closing")
    x = spikes(rng, 8, 6, 4)
    require_aligned(dyadic.graph(nodes, through, "n1 back n1"), x, run="closing", cycle="closing")


def test_neurons_may_reset_to_another_value_than_zero() -> None:
    """Membranes are counted from their reset; that samples start there instead of at zero is listed."""
    rng = np.random.default_rng(10)
    nodes = layers(rng, "LIF IF")
    for name in ("n1", "n2"):
        node: Any = nodes[name]
        node.v_reset = np.full(4, -1.0)  # thresholds are 1, so that they lie 2 above it
    graph, x = dyadic.graph(nodes, "input fc1 n1 fc2 n2 output"), spikes(rng, 8, 6, 4)
    program = lower(graph, calibration=x)
    assert [loss.node for loss in program.losses if loss.kind == "start"] == ["n1", "n2"]
    network = float_network(graph, choose(graph))
    reference = run_graph(graph, x)
    for name, rows in run_network(network, x, Arithmetic()).spikes.items():
        np.testing.assert_array_equal(rows, reference.spikes[name], err_msg=name)
    started = replace(network, neurons=tuple(replace(n, start=0.0) for n in network.neurons))
    trace = simulate(program, x, backend="oracle", record=("spikes",))
    for name, rows in run_network(started, x, Arithmetic()).spikes.items():
        np.testing.assert_array_equal(trace.spikes[name], rows, err_msg=name)
        assert (rows != reference.spikes[name]).any()


@pytest.mark.parametrize("path", ["input fc1 n1 fc2 read output", "input fc1 n1 d fc2 read output"])
def test_a_readout_with_a_current_gives_the_membrane_of_the_last_row(path: str) -> None:
    rng = np.random.default_rng(11)
    two, nothing = np.full(4, 2.0), np.zeros(4)
    read = nir.CubaLI(two * dyadic.DT_S, two * dyadic.DT_S, two, nothing, w_in=two)
    nodes = layers(rng, "LIF", read=read, d=dyadic.delay([1, 0, 2, 3]))
    nodes["fc2"] = nir.Affine(dyadic.weights(rng, 4, 4), dyadic.units(rng, 40, 4))
    graph, x = dyadic.graph(nodes, path), spikes(rng, 6, 5, 4)
    program = lower(graph, calibration=x)
    unit = next(p.membrane_unit for p in program.populations if p.kind == "readout")
    trace = simulate(program, x, backend="oracle")
    np.testing.assert_array_equal(trace.output["output"] * unit, run_graph(graph, x).output["output"])
