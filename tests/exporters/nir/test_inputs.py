"""What a graph is given to run on is checked before it runs, all faults at once."""

import nir
import numpy as np
import pytest

from graphs import chain
from spikewright.exporters.nir.execute import run_graph
from spikewright.models.errors import InputError

GRAPH = chain([np.eye(2)])


@pytest.mark.parametrize(
    ("x", "reason"),
    [
        (np.ones((0, 1, 2)), r"T = 0 rows of B = 1 samples; both must be >= 1"),
        (np.ones((3, 0, 2)), r"T = 3 rows of B = 0 samples"),
        ("abc", r"holds <U3, must be real numbers or booleans"),
        (np.ones((1, 1, 2), complex), "holds complex128"),
        ([[[1.0, None]]], "holds object"),
        ([[1.0], [1.0, 2.0]], "is no array"),
        (np.full((2, 1, 2), np.nan), r"holds 4 value\(s\) that are NaN or infinite, of 4"),
        (np.array([[[1.0, np.inf]]]), r"holds 1 value\(s\) that are NaN or infinite, of 2"),
        (np.full((1, 1, 2), np.longdouble("1e4000")), r"holds 2 value\(s\) that are NaN or infinite"),
        (np.ones((3, 2)), r"must be \(T, B, 2\), is \(3, 2\)"),
        (5.0, r"must be \(T, B, 2\), is \(\)"),
        ({"input": np.ones((1, 1, 2)), "other": 0}, r"inputs \['input'\], given are \['input', 'other'\]"),
        ({1: np.ones((1, 1, 2))}, r"given are \['1'\]"),
    ],
)
def test_an_input_that_cannot_be_run_is_refused_with_the_reason(x: object, reason: str) -> None:
    with pytest.raises(InputError, match=reason):
        run_graph(GRAPH, x)


def test_all_faults_of_all_inputs_are_told_at_once() -> None:
    one = np.array([1])
    nodes = {"a": nir.Input({"input": one}), "b": nir.Input({"input": one}), "out": nir.Output({"output": one})}
    graph = nir.NIRGraph(nodes, [("a", "out"), ("b", "out")])
    with pytest.raises(InputError) as caught:
        run_graph(graph, {"a": np.full((2, 1, 1), np.nan), "b": np.ones((3, 1, 2))})
    told = " ".join(caught.value.violations)
    assert len(caught.value.violations) == 3
    assert all(part in told for part in ("'a' holds 2 value(s)", "'b' must be (T, B, 1)", "same T and B"))


def test_whatever_is_an_array_of_numbers_runs() -> None:
    expected = run_graph(GRAPH, np.ones((3, 1, 2))).spikes["n1"]
    for x in (np.ones((3, 1, 2), bool), np.ones((3, 1, 2), np.uint8), [[[1, 1]], [[1, 1]], [[1, 1]]]):
        np.testing.assert_array_equal(run_graph(GRAPH, x).spikes["n1"], expected)


def test_only_a_graph_is_run() -> None:
    for thing in (None, "network.nir", GRAPH.nodes["n1"]):
        with pytest.raises(InputError, match=r"is no graph; give a nir\.NIRGraph"):
            run_graph(thing, np.ones((1, 1, 2)))
