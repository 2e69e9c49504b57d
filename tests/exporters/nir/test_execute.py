"""The float64 executor against closed forms and step-by-step sums."""

import nir
import numpy as np
import pytest

from graphs import chain
from spikewright.exporters.nir.execute import run_graph
from spikewright.models.errors import ConfigError, InputError, UnsupportedOp

DT = 1e-4


def single(node: nir.NIRNode) -> nir.NIRGraph:
    nodes = {"input": nir.Input({"input": np.array([1])}), "n": node, "output": nir.Output({"output": np.array([1])})}
    return nir.NIRGraph(nodes, [("input", "n"), ("n", "output")])


def one(value: float) -> np.ndarray:
    return np.array([value])


def test_leaky_integrator_follows_its_solution() -> None:
    """Under constant input an LI approaches v_leak + r I; exponential integration is exact at every step."""
    tau, r, leak, current = 0.01, 3.0, 0.5, 2.0
    graph = single(nir.LI(one(tau), one(r), one(leak)))
    x = np.full((200, 1, 1), current)
    expected = (leak + r * current) * (1 - np.exp(-np.arange(1, 201) * DT / tau))
    exact = run_graph(graph, x, integration="exponential").state["n"]["v"][:, 0, 0]
    np.testing.assert_allclose(exact, expected, rtol=1e-12)
    euler = run_graph(graph, x).state["n"]["v"][:, 0, 0]
    np.testing.assert_allclose(euler, (leak + r * current) * (1 - (1 - DT / tau) ** np.arange(1, 201)), rtol=1e-12)


def test_reset_kind_and_comparison_are_as_chosen() -> None:
    graph = single(nir.IF(one(1 / DT), one(1.0), v_reset=one(0.0)))
    x = np.full((6, 1, 1), 0.75)
    spikes = lambda **how: run_graph(graph, x, **how).spikes["n"][:, 0, 0].tolist()  # noqa: E731
    assert spikes() == [0, 1, 0, 1, 0, 1]
    assert spikes(reset="subtract") == [0, 1, 1, 0, 1, 1], "the fourth membrane is exactly 1.0, which '>' leaves silent"
    assert spikes(reset="subtract", spike_op=">=") == [0, 1, 1, 1, 0, 1]


def test_v_reset_is_where_a_spike_leaves_the_membrane() -> None:
    graph = single(nir.IF(one(1 / DT), one(1.0), v_reset=one(-0.5)))
    trace = run_graph(graph, np.full((5, 1, 1), 0.8))
    np.testing.assert_allclose(trace.state["n"]["v"][:, 0, 0], [0.8, 1.6, 0.3, 1.1, 0.3])


def test_argument_before_metadata_before_default() -> None:
    graph = chain([np.eye(1)], dt_s=2e-4, spike_op=">=")
    settings = run_graph(graph, np.ones((1, 1, 1)), integration="exponential").settings
    assert settings == {
        "dt_s": (2e-4, "metadata"),
        "integration": ("exponential", "argument"),
        "spike_op": (">=", "metadata"),
        "reset": ("zero", "default"),
    }
    with pytest.raises(ConfigError, match="argument"):
        run_graph(graph, np.ones((1, 1, 1)), reset="nought", spike_op="=>")


def test_recurrence_reads_the_step_before_and_its_bias_acts_at_once() -> None:
    nodes = {
        "input": nir.Input({"input": np.array([1])}),
        "n": nir.IF(one(1 / DT), one(1.0), v_reset=one(0.0)),
        "w": nir.Affine(np.array([[-1.0]]), np.array([0.25])),
        "output": nir.Output({"output": np.array([1])}),
    }
    graph = nir.NIRGraph(nodes, [("input", "n"), ("n", "w"), ("w", "n"), ("n", "output")])
    trace = run_graph(graph, np.full((4, 1, 1), 1.0))
    # v: 1 + .25 -> spike, reset; 1 + .25 - 1; .25 + 1.25 -> spike; 1 + .25 - 1
    np.testing.assert_allclose(trace.state["n"]["v"][:, 0, 0], [1.25, 0.25, 1.5, 0.25])
    np.testing.assert_array_equal(trace.output["output"], [[2]])


def test_samples_are_independent() -> None:
    rng = np.random.default_rng(0)
    graph = chain([rng.normal(size=(5, 4)), rng.normal(size=(3, 5))])
    x = rng.random((7, 6, 4))
    together = run_graph(graph, x)
    for k in range(6):
        np.testing.assert_array_equal(run_graph(graph, x[:, [k]]).spikes["n2"][:, 0], together.spikes["n2"][:, k])


def test_what_cannot_run_is_refused() -> None:
    with pytest.raises(InputError, match=r"must be \(T, B, 1\)"):
        run_graph(chain([np.eye(1)]), np.ones((2, 1, 3)))
    adaptive = type("Adaptive", (nir.LIF,), {})(one(1e-2), one(1.0), one(0.0), one(1.0), v_reset=one(0.0))
    with pytest.raises(
        UnsupportedOp, match="is a Adaptive, which has no float64 executor; known are Affine, AvgPool2d"
    ):
        run_graph(single(adaptive), np.ones((1, 1, 1)))
    loop = {**chain([np.eye(1)]).nodes, "w": nir.Linear(np.eye(1))}
    with pytest.raises(UnsupportedOp, match="holds no neuron"):
        run_graph(
            nir.NIRGraph(loop, [("input", "fc1"), ("fc1", "n1"), ("fc1", "w"), ("w", "fc1"), ("n1", "output")]),
            np.ones((1, 1, 1)),
        )
