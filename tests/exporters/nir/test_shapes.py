"""Inferred shapes are those of torch, on random parameters."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import nir
import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.nn import functional

from spikewright.exporters.nir.shapes import infer_shapes, output_shape
from spikewright.models.errors import InputError

small = st.integers(1, 4)


def conv(n: int, weight: np.ndarray, stride: Any, padding: Any, dilation: Any, groups: int) -> nir.NIRNode:
    kind = nir.Conv1d if n == 1 else nir.Conv2d
    return kind(None, weight, stride, padding, dilation, groups, np.zeros(len(weight)))


@given(st.data(), st.sampled_from([1, 2]))
def test_convolutions(data: st.DataObject, n: int) -> None:
    groups, kernel = data.draw(small), tuple(data.draw(small) for _ in range(n))
    weight = np.ones((groups * data.draw(small), data.draw(small), *kernel))
    x = torch.zeros(1, weight.shape[1] * groups, *(data.draw(st.integers(1, 14)) for _ in range(n)))
    padding = data.draw(st.sampled_from(["same", "valid", tuple(data.draw(st.integers(0, 3)) for _ in range(n))]))
    stride = (1,) * n if padding == "same" else tuple(data.draw(small) for _ in range(n))
    dilation = tuple(data.draw(st.integers(1, 3)) for _ in range(n))
    node = conv(n, weight, stride, padding if isinstance(padding, str) else np.array(padding), dilation, groups)
    function = functional.conv1d if n == 1 else functional.conv2d
    try:
        expected = function(x, torch.tensor(weight, dtype=x.dtype), None, stride, padding, dilation, groups).shape[1:]
    except RuntimeError:
        with pytest.raises(InputError, match="larger than its input"):
            output_shape(node, tuple(x.shape[1:]))
        return
    assert output_shape(node, tuple(x.shape[1:])) == tuple(expected)


@given(st.data(), st.sampled_from([nir.SumPool2d, nir.AvgPool2d]))
def test_pools(data: st.DataObject, kind: type) -> None:
    kernel, stride = (np.array([data.draw(small), data.draw(small)]) for _ in range(2))
    padding = np.array([data.draw(st.integers(0, int(k) // 2)) for k in kernel])
    x = torch.zeros(1, data.draw(small), data.draw(st.integers(4, 12)), data.draw(st.integers(4, 12)))
    expected = functional.avg_pool2d(x, *(tuple(v.tolist()) for v in (kernel, stride, padding))).shape[1:]
    assert output_shape(kind(kernel, stride, padding), tuple(x.shape[1:])) == tuple(expected)


@given(st.data(), st.lists(st.integers(1, 4), min_size=1, max_size=4))
def test_flatten_counts_axes_without_the_batch(data: st.DataObject, shape: list[int]) -> None:
    start = data.draw(st.integers(0, len(shape) - 1))
    end = data.draw(st.sampled_from([data.draw(st.integers(start, len(shape) - 1)), -1]))
    expected = torch.flatten(torch.zeros(shape), start, end).shape
    node = nir.Flatten({"input": None}, start, end)
    assert output_shape(node, tuple(shape)) == tuple(expected)


def test_a_graph_gets_all_its_shapes_and_is_left_as_it_was() -> None:
    weight = np.ones((6, 2, 3, 5))
    nodes = {
        "input": nir.Input(np.array([4, 10, 12])),
        "conv": nir.Conv2d(None, weight, 1, 0, 1, 2, np.zeros(6)),
        "pool": nir.SumPool2d(np.array([2, 2]), np.array([2, 2]), np.array([0, 0])),
        "flat": nir.Flatten({"input": None}, 0),
        "fc": nir.Linear(np.ones((3, 96))),
        "output": nir.Output(np.array([3])),
    }
    names = list(nodes)
    graph = nir.NIRGraph(nodes, list(pairwise(names)), type_check=False)
    typed = infer_shapes(graph)
    shapes = {name: tuple(node.output_type["output"]) for name, node in typed.nodes.items()}
    assert shapes == {
        "input": (4, 10, 12),
        "conv": (6, 8, 8),
        "pool": (6, 4, 4),
        "flat": (96,),
        "fc": (3,),
        "output": (3,),
    }
    assert typed.nodes["conv"].input_shape == (10, 12)
    assert nodes["conv"].input_shape is None
    assert nodes["pool"].output_type["output"] is None


def test_all_conflicts_are_told_at_once() -> None:
    nodes = {
        "input": nir.Input(np.array([4])),
        "a": nir.Linear(np.ones((4, 3))),
        "b": nir.Linear(np.ones((2, 5))),
        "output": nir.Output(np.array([2])),
    }
    edges = [("input", "a"), ("a", "b"), ("b", "output")]
    with pytest.raises(InputError) as caught:
        infer_shapes(nir.NIRGraph(nodes, edges, type_check=False))
    assert len(caught.value.violations) == 2
    assert "looks transposed" in caught.value.violations[0]


def test_a_shape_that_nothing_tells_is_an_error() -> None:
    nodes = {"input": nir.Input({"input": None}), "output": nir.Output({"output": None})}
    with pytest.raises(InputError, match="no shape is known"):
        infer_shapes(nir.NIRGraph(nodes, [("input", "output")], type_check=False))
