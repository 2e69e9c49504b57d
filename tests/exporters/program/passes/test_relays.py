"""Relays stand where a synapse cannot delay, as few as possible, and change no spike."""

from __future__ import annotations

from typing import Any

import nir
import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import dyadic
from spikewright.exporters.nir.execute import run_graph
from spikewright.exporters.program.lower import lower
from spikewright.exporters.program.program import Program
from spikewright.models.errors import UnsupportedOp
from spikewright.simulators.run import simulate

SHAPE = (2, 4, 4)


def convolution(rng: np.random.Generator) -> nir.Conv2d:
    return nir.Conv2d(SHAPE[1:], dyadic.weights(rng, 2, 2, 3, 3), 1, 1, 1, 1, dyadic.units(rng, 20, 2))


def layers(rng: np.random.Generator, convolutions: str, populations: str) -> dict[str, nir.NIRNode]:
    nodes: dict[str, nir.NIRNode] = {
        "input": nir.Input({"input": np.array(SHAPE)}),
        "output": nir.Output({"output": np.array(SHAPE)}),
    }
    nodes |= {name: convolution(rng) for name in convolutions.split()}
    return nodes | {name: dyadic.neurons("LIF", SHAPE) for name in populations.split()}


def require_aligned(graph: nir.NIRGraph, x: np.ndarray, backend: str = "oracle") -> Program:
    reference, program = run_graph(graph, x), lower(graph, calibration=x)
    trace = simulate(program, x, backend=backend, record=("spikes",))
    assert any(s.any() for s in reference.spikes.values())
    for name, rows in reference.spikes.items():
        np.testing.assert_array_equal(trace.spikes[name], rows, err_msg=name)
    return program


def relays(program: Program) -> dict[str, tuple[int, Any]]:
    """Level of every relay, and the delay of what feeds it."""
    return {p.name: (p.level, program.into(p.name)[0].delay) for p in program.populations if p.kind == "relay"}


def spikes(rng: np.random.Generator, rows: int = 8, shape: tuple[int, ...] = SHAPE) -> np.ndarray:
    return (rng.random((rows, 3, *shape)) < 0.4).astype(float)


@pytest.mark.parametrize("backend", ["oracle", pytest.param("lava", marks=pytest.mark.lava)])
def test_a_skip_over_two_levels_through_a_convolution_needs_one_relay_and_says_so(backend: str) -> None:
    rng = np.random.default_rng(0)
    graph = dyadic.graph(layers(rng, "c1 c2 c3 skip", "n1 n2 n3"), "input c1 n1 c2 n2 c3 n3 output", "input skip n3")
    program = require_aligned(graph, spikes(rng), backend)
    assert relays(program) == {"input (relay 2)": (2, 0)}
    assert [loss.what for loss in program.losses if loss.kind == "structure"] == [
        "32 neurons pass events on, 2 step(s) late, because synapses behind them cannot delay"
    ]
    assert [program.hops(p) for p in program.projections if p.kind == "convolution"] == [0, 0, 0, 0]


def test_edges_that_need_the_same_delay_share_a_relay() -> None:
    rng = np.random.default_rng(1)
    nodes = layers(rng, "c1 c2 s1 s2 c3", "n1 n2 m2 n3")
    paths = "input c1 n1 c2 n2 c3 n3 output", "n1 c2 m2", "input s1 n2", "input s2 m2", "n1 c2 n3"
    program = require_aligned(dyadic.graph(nodes, *paths), spikes(rng))
    assert relays(program) == {"input (relay 1)": (1, 0), "n1 (relay 1)": (2, 0)}


def test_values_pass_a_relay_unchanged() -> None:
    rng = np.random.default_rng(2)
    graph = dyadic.graph(layers(rng, "c1 c2 skip", "n1 n2"), "input c1 n1 c2 n2 output", "input skip n2")
    program = require_aligned(graph, rng.integers(-3, 4, (8, 3, *SHAPE)))
    assert program.events("input (relay 1)").signed


@pytest.mark.parametrize("rows", [1, 3, 70, 200])
def test_a_delay_in_front_of_a_convolution(rows: int) -> None:
    """The relay reads an earlier row instead of lying above its target, so that no sample gets longer.

    Few weights and no bias, because bounds over so many rows would make the scale coarser.
    """
    rng = np.random.default_rng(3)
    nodes = layers(rng, "c1 c2", "n1 n2") | {"d": dyadic.delay(np.full(SHAPE, rows))}
    nodes |= {name: dyadic.neurons("IF", SHAPE) for name in ("n1", "n2")}
    for name in ("c1", "c2"):
        c: Any = nodes[name]
        c.weight, c.bias = np.where(np.abs(c.weight) == 127 * dyadic.UNIT, c.weight, 0), 0 * c.bias
    program = require_aligned(dyadic.graph(nodes, "input d c1 n1 c2 n2 output"), spikes(rng, rows + 4))
    assert program.depth == 2
    assert len(relays(program)) == -(-rows // 64)
    assert {level for level, _ in relays(program).values()} == {1}


def test_delays_beyond_the_register_take_relays_too() -> None:
    """Synapses of 0 and of 90 rows cannot share a projection: they are split, and a relay brings the late ones near."""
    rng = np.random.default_rng(4)
    nodes = dyadic.ports(3, 2) | {"fc": nir.Linear(dyadic.weights(rng, 2, 3)), "n": dyadic.neurons("IF", 2)}
    nodes["d"] = dyadic.delay([0, 62, 90])
    program = require_aligned(dyadic.graph(nodes, "input d fc n output"), spikes(rng, 95, (3,)))
    late, early = sorted((p for p in program.projections if p.target == "n"), key=lambda p: p.source != "input")[::-1]
    assert (early.source, early.max_delay, late.source) == ("input", 62, "input (relay 28)")
    assert program.hops(late) <= 63


@pytest.mark.parametrize("rows", [[53, 64], [1, 63], [1, 64], [70, 100], [200, 200]])
def test_delays_beyond_the_register_on_a_cycle(rows: list[int]) -> None:
    """A recurrence of d rows has d - 1 steps, so that the register of an array ends before the steps do."""
    rng = np.random.default_rng(6)
    few = nir.Linear(np.array([[127, -127], [-127, 127]]) * dyadic.UNIT)
    nodes = dyadic.ports(2, 2) | {"fc": few, "rec": few, "d": dyadic.delay(rows), "n": dyadic.neurons("IF", 2)}
    graph = dyadic.graph(nodes, "input fc n output", "n d rec n")
    program = require_aligned(graph, spikes(rng, max(rows) + 8, (2,)))
    assert all(program.hops(p) <= 63 for p in program.projections)


@pytest.mark.parametrize("path", ["input c1 n1 d c2 n2 output", "input c1 n1 c2 n2 d output"])
def test_a_delay_that_no_synapse_can_say_becomes_a_population(path: str) -> None:
    """Elements delayed differently in front of a convolution, and an Output that reads a Delay."""
    rng = np.random.default_rng(5)
    nodes = layers(rng, "c1 c2", "n1 n2") | {"d": dyadic.delay(rng.integers(0, 4, SHAPE))}
    graph, x = dyadic.graph(nodes, path), spikes(rng)
    program = require_aligned(graph, x)
    assert [p.kind for p in program.populations if p.name == "d"] == ["threshold"]
    trace = simulate(program, x, backend="oracle")
    np.testing.assert_array_equal(trace.output["output"], run_graph(graph, x).output["output"].reshape(3, -1))
    assert [loss.node for loss in program.losses if "pass spikes on" in loss.what] == ["d"]


@settings(max_examples=30)
@given(st.integers(0, 2**32 - 1), st.integers(1, dyadic.ROWS), st.sampled_from(["zero", "subtract"]), st.booleans())
def test_random_graphs_of_convolutions(seed: int, steps: int, reset: str, grey: bool) -> None:
    rng = np.random.default_rng(seed)
    graph = dyadic.random_windows(rng, reset=reset)
    x = rng.integers(-2, 3, (steps, 3, *dyadic.IMAGE)) if grey else spikes(rng, steps, dyadic.IMAGE)
    try:
        reference, program = run_graph(graph, x), lower(graph, calibration=x)
    except UnsupportedOp as refused:  # a cycle of Thresholds alone, or one with fewer rows than hops
        assert "cycle" in str(refused).lower()
        assume(False)
        return
    trace = simulate(program, x, backend="oracle", record=("spikes",))
    for name, rows in reference.spikes.items():
        np.testing.assert_array_equal(trace.spikes[name], rows, err_msg=name)
    assert {program.hops(p) for p in program.projections if p.kind == "convolution"} == {0}
