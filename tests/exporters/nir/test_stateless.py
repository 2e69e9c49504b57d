"""Nodes without a state, against numbers worked out by hand."""

import nir
import numpy as np
import pytest

from spikewright.exporters.nir import stateless
from spikewright.exporters.nir.execute import run_graph
from spikewright.models.errors import InputError

X = np.array([[1.0, 2.0], [0.0, -1.0]])


def test_linear_and_affine() -> None:
    weight = np.array([[1.0, 2.0], [0.5, -1.0], [0.0, 3.0]])
    np.testing.assert_array_equal(stateless.linear(nir.Linear(weight))(X), [[5, -1.5, 6], [-2, 1, -3]])
    affine = nir.Affine(weight, np.array([1.0, 0.0, -1.0]))
    np.testing.assert_array_equal(stateless.linear(affine)(X), [[6, -1.5, 5], [-1, 1, -4]])


def test_leading_axes_of_a_weight_go_along_with_the_input() -> None:
    weight = np.array([[[1.0, 2.0]], [[3.0, 4.0]]])  # two matrices of one row
    x = np.array([[[1.0, 1.0], [1.0, -1.0]]])
    np.testing.assert_array_equal(stateless.linear(nir.Linear(weight))(x), [[[3.0], [-1.0]]])


def test_scale_and_threshold() -> None:
    np.testing.assert_array_equal(stateless.scale(nir.Scale(np.array([2.0, -1.0])))(X), [[2, -2], [0, 1]])
    node = nir.Threshold(np.array([1.0, -1.0]))
    np.testing.assert_array_equal(stateless.threshold(node, ">")(X), [[0, 1], [0, 0]])
    np.testing.assert_array_equal(stateless.threshold(node, ">=")(X), [[1, 1], [0, 1]])


@pytest.mark.parametrize(
    ("start", "end", "shape"),
    [(0, -1, (24,)), (1, -1, (2, 12)), (0, 1, (6, 4)), (-2, -1, (2, 12)), (1, 1, (2, 3, 4)), (3, -1, (2, 3, 4))],
)
def test_flatten_counts_axes_without_the_batch(start: int, end: int, shape: tuple[int, ...]) -> None:
    x = np.arange(120.0).reshape(5, 2, 3, 4)
    node = nir.Flatten({"input": np.array([2, 3, 4])}, start_dim=0, end_dim=-1)
    node.start_dim, node.end_dim = np.int64(start), np.int64(end)
    np.testing.assert_array_equal(stateless.flatten(node)(x), x.reshape(5, *shape))


def test_inputs_that_do_not_fit_are_named() -> None:
    nodes = {
        "input": nir.Input({"input": np.array([3])}),
        "fc": nir.Linear(np.eye(2)),
        "output": nir.Output({"output": np.array([2])}),
    }
    wrong = nir.NIRGraph(nodes, [("input", "fc"), ("fc", "output")], type_check=False)
    with pytest.raises(InputError, match=r"Linear 'fc' does not take an input of shape \(3,\)"):
        run_graph(wrong, np.ones((1, 1, 3)))
    nodes["fc"] = nir.Scale(np.ones(5))
    with pytest.raises(InputError, match=r"Scale 'fc' does not take an input of shape \(1,\).*for \(5,\)"):
        one = {**nodes, "input": nir.Input({"input": np.array([1])})}
        run_graph(nir.NIRGraph(one, wrong.edges, type_check=False), np.ones((1, 2, 1)))
