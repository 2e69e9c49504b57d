"""Delays move every element by its own number of steps and give cycles their time."""

import nir
import numpy as np
import pytest

from spikewright.exporters.nir.execute import run_graph

DT = 1e-4


def delayed(delay: np.ndarray, **how: object) -> np.ndarray:
    n = np.array(delay.shape)
    nodes = {
        "input": nir.Input({"input": n}),
        "d": nir.Delay(delay),
        "sum": nir.I(np.full(delay.shape, 1 / DT)),
        "output": nir.Output({"output": n}),
    }
    graph = nir.NIRGraph(nodes, [("input", "d"), ("d", "sum"), ("sum", "output")])
    x = np.arange(1.0, 6.0).reshape(5, 1, *[1] * delay.ndim) * np.ones((5, 2, *delay.shape))
    return np.diff(run_graph(graph, x, **how).state["sum"]["v"], axis=0, prepend=0)[:, 1]


def test_each_element_waits_its_own_delay() -> None:
    rows = delayed(np.array([[0.0, 1.4 * DT], [2.6 * DT, 1.0]]))
    np.testing.assert_allclose(rows[:, 0, 0], [1, 2, 3, 4, 5])
    np.testing.assert_allclose(rows[:, 0, 1], [0, 1, 2, 3, 4])
    np.testing.assert_allclose(rows[:, 1, 0], [0, 0, 0, 1, 2])
    np.testing.assert_allclose(rows[:, 1, 1], [0, 0, 0, 0, 0])


def test_delays_count_steps_where_time_does() -> None:
    np.testing.assert_allclose(delayed(np.array([2.0]), tau_in_steps=True)[:, 0] * DT, [0, 0, 1, 2, 3])


def test_delays_are_seconds_whatever_unit_time_constants_have() -> None:
    rows = delayed(np.array([2 * DT]), tau_unit_s=1e3)
    np.testing.assert_allclose(rows[:, 0], [0, 0, 1, 2, 3])


@pytest.mark.parametrize(
    ("steps", "expected"), [(1, [1, 0, 1, 0, 1, 0]), (2, [1, 1, 0, 0, 1, 1]), (0, [1, 0, 1, 0, 1, 0])]
)
def test_a_delay_on_a_cycle_is_the_whole_delay_of_the_cycle(steps: int, expected: list[int]) -> None:
    """Spikes silence their neuron after the delay; without one the cycle takes one step as every other."""
    one = np.array([1])
    nodes = {
        "input": nir.Input({"input": one}),
        "n": nir.IF(np.array([1 / DT]), np.array([0.5]), v_reset=np.zeros(1)),
        "d": nir.Delay(np.array([steps * DT])),
        "w": nir.Linear(np.array([[-1.0]])),
        "output": nir.Output({"output": one}),
    }
    graph = nir.NIRGraph(nodes, [("input", "n"), ("n", "d"), ("d", "w"), ("w", "n"), ("n", "output")])
    assert run_graph(graph, np.ones((6, 1, 1))).spikes["n"][:, 0, 0].tolist() == expected


def test_a_cycle_of_delay_and_weight_alone_runs() -> None:
    """y[t] = x[t] + y[t-2] / 2, read by an integrator of gain 1."""
    one = np.array([1])
    nodes = {
        "input": nir.Input({"input": one}),
        "s": nir.Scale(np.ones(1)),
        "d": nir.Delay(np.array([2 * DT])),
        "w": nir.Linear(np.array([[0.5]])),
        "output": nir.Output({"output": one}),
    }
    graph = nir.NIRGraph(nodes, [("input", "s"), ("s", "d"), ("d", "w"), ("w", "s"), ("s", "output")])
    x = np.zeros((5, 1, 1))
    x[0] = 1.0
    assert run_graph(graph, x).output["output"].tolist() == [[1 + 0.5 + 0.25]]
