"""Every form of projection against torch in float64 and against plain loops, borders included."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn
from torch.nn import functional

from spikewright.exporters.program.make import make_program
from spikewright.exporters.program.population import Population
from spikewright.exporters.program.ports import Input, Output
from spikewright.exporters.program.program import Program
from spikewright.exporters.program.projection import Projection
from spikewright.exporters.program.synapses import Synapses, list_synapses, out_shape
from spikewright.simulators.oracle import run_rows

pytestmark = pytest.mark.torch
PAIR = st.tuples(st.integers(1, 3), st.integers(1, 3))


def matrix_of(synapses: Synapses) -> np.ndarray:
    """Weights as a matrix (post, pre), added one by one: a synapse that is listed twice shows."""
    found = np.zeros(synapses.shape, np.int64)
    np.add.at(found, (synapses.post, synapses.pre), synapses.weight)
    return found


def assert_lists(synapses: Synapses, matrix: np.ndarray) -> None:
    """Assert that `synapses` are the entries of `matrix` other than zero, once each, and in order."""
    np.testing.assert_array_equal(matrix_of(synapses), matrix)
    np.testing.assert_array_equal(np.stack([synapses.post, synapses.pre]), np.stack(np.nonzero(matrix)))
    np.testing.assert_array_equal(synapses.fan_out, np.count_nonzero(matrix, axis=0))
    np.testing.assert_array_equal(synapses.fan_in, np.count_nonzero(matrix, axis=1))
    np.testing.assert_array_equal(synapses.existing.toarray(), matrix != 0)


def program_with(q: Projection, source: Input, target: tuple[int, ...], level: int = 1) -> Program:
    """`q` into neurons that never spike and keep no current: their u is 64 times what arrives, if that is small."""
    size = int(np.prod(target))
    p = Population("out", target, 4095, 0, 2**17 - 1, np.zeros(size, np.int32), level)
    return make_program((source,), (p,), (q,), (Output("o", "out", "spike_count"),))


def compressed(matrix: np.ndarray, **rest: Any) -> Projection:
    """The sparse projection of a matrix."""
    post, pre = np.nonzero(matrix)
    starts = np.concatenate([[0], np.cumsum(np.bincount(post, minlength=len(matrix)))]).astype(np.int32)
    kinds = {"kind": "sparse", "indptr": starts, "indices": pre.astype(np.int32)}
    return Projection("q", "in", "out", matrix[post, pre], **kinds, **rest)


@st.composite
def windows(draw: DrawFn, kind: str) -> tuple[Projection, tuple[int, ...]]:
    """A convolution or pooling and the shape of its source; 1-D every other time."""
    flat = draw(st.booleans())
    side = st.integers(1, 8)
    groups = draw(st.integers(1, 3)) if kind == "convolution" else 1
    channels = groups * draw(st.integers(1, 2))
    source = (channels, draw(side)) if flat else (channels, draw(side), draw(side))
    kernel, stride, dilation = draw(PAIR), draw(PAIR), draw(PAIR)
    padding = draw(st.tuples(st.integers(0, 2), st.integers(0, 2)))
    if flat:
        kernel, stride, padding, dilation = (1, kernel[1]), (1, stride[1]), (0, padding[1]), (1, dilation[1])
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    given = {"kind": kind, "stride": stride, "padding": padding, "dilation": dilation}
    if kind == "pooling":
        q = Projection("q", "in", "out", 2 * rng.integers(-128, 128, 1).astype(np.int16), kernel=kernel, **given)
    else:
        shape = (groups * draw(st.integers(1, 2)), channels // groups, *kernel)
        q = Projection("q", "in", "out", 2 * rng.integers(-3, 4, shape).astype(np.int16), groups=groups, **given)
    assume(min(out_shape(q, source)) >= 1)
    return q, source


def in_torch(q: Projection, events: np.ndarray) -> np.ndarray:
    """What torch makes of events (N, *source), in float64: (N, *target)."""
    x = torch.tensor(events, dtype=torch.float64)
    flat = x.ndim == 3
    if q.kind == "pooling":
        # A sum over a window, dilated or not, is a cross-correlation of each channel with ones.
        channels = x.shape[1]
        weights, groups = torch.full((channels, 1, *q.kernel), float(q.weights[0]), dtype=torch.float64), channels
    else:
        weights, groups = torch.tensor(q.weights, dtype=torch.float64), q.groups
    geometry = [q.stride, q.padding, q.dilation]
    if flat:
        stride, padding, dilation = (pair[1] for pair in geometry)
        return functional.conv1d(x, weights[:, :, 0], None, stride, padding, dilation, groups).numpy()
    return functional.conv2d(x, weights, None, *geometry, groups).numpy()


@settings(max_examples=150)
@given(st.sampled_from(["convolution", "pooling"]).flatmap(windows))
def test_a_window_has_the_synapses_that_torch_has(drawn: tuple) -> None:
    q, source = drawn
    basis = np.eye(int(np.prod(source))).reshape(-1, *source)
    columns = in_torch(q, basis)
    assert out_shape(q, source) == (columns.shape[1], *([1] if len(source) == 2 else []), *columns.shape[2:])
    assert_lists(list_synapses(q, source, columns.shape[1:]), columns.reshape(len(basis), -1).T)


@settings(max_examples=60)
@given(st.sampled_from(["convolution", "pooling"]).flatmap(windows), st.integers(0, 2), st.integers(0, 2**32 - 1))
def test_a_window_brings_what_torch_computes(drawn: tuple, exponent: int, seed: int) -> None:
    q, source = drawn
    events = np.random.default_rng(seed).integers(-7, 8, (4, 2, *source))
    expected = in_torch(q, events.reshape(8, *source)).reshape(4, 2, -1) * 2**exponent
    target = in_torch(q, events[0]).shape[1:]
    program = program_with(replace(q, weight_exp=exponent), Input("in", source, "graded", bits=3), target)
    np.testing.assert_array_equal(run_rows(program, {"in": events})["u"]["out"], 64 * expected)


@pytest.mark.parametrize("padding", [0, 1])
def test_pooling_equals_torch_average_times_its_area(padding: int) -> None:
    x = np.random.default_rng(0).integers(-9, 10, (5, 3, 6, 7))
    weights = {"weights": np.array([64], np.int16), "kind": "pooling"}
    q = Projection("q", "in", "out", kernel=(2, 3), stride=(2, 2), padding=(padding, padding), **weights)
    pooled = functional.avg_pool2d(torch.tensor(x).double(), (2, 3), 2, padding, divisor_override=1).numpy()
    matrix = matrix_of(list_synapses(q, x.shape[1:], pooled.shape[1:]))
    np.testing.assert_array_equal((x.reshape(5, -1) @ matrix.T).reshape(pooled.shape), 64 * pooled)


def test_neurons_at_a_border_have_fewer_synapses() -> None:
    q = Projection("q", "in", "out", np.full((5, 2, 3, 3), 2, np.int16), kind="convolution", padding=(1, 1))
    fan_out = list_synapses(q, (2, 4, 4), (5, 4, 4)).fan_out.reshape(2, 4, 4)
    reach = np.array([2, 3, 3, 2])  # targets of a place along one side
    np.testing.assert_array_equal(fan_out, np.broadcast_to(5 * np.outer(reach, reach), (2, 4, 4)))
    strided = replace(q, stride=(2, 2), padding=(0, 0))
    fan_out = list_synapses(strided, (2, 6, 6), (5, 2, 2)).fan_out.reshape(2, 6, 6)[0]
    reach = np.array([1, 1, 2, 1, 1, 0])  # the last row and column are left over
    np.testing.assert_array_equal(fan_out, 5 * np.outer(reach, reach))


@pytest.mark.parametrize("kind", ["convolution", "pooling"])
@pytest.mark.parametrize(
    ("events", "weight", "exponent", "sums"),
    [
        ([2**23 - 1, 2**23, -(2**23), -(2**23) - 1, 2**24 - 1], 1, 0, [2**23 - 1, -(2**23), -(2**23), 2**23 - 1, -1]),
        ([2**15, 2**16 - 1, -(2**16)], 1, 7, [2**22, 2**23 - 2**7, -(2**23)]),
        ([2**20 - 1, -(2**20)], 4, 1, [2**23 - 8, -(2**23)]),
        ([2**20, 2**24 - 1], 8, -3, [2**20, -1]),
    ],
)
def test_a_window_wraps_at_24_bits(kind: str, events: list, weight: int, exponent: int, sums: list) -> None:
    shape = (1,) if kind == "pooling" else (1, 1, 1, 1)
    weights = np.full(shape, weight, np.int16)
    q = Projection("q", "in", "out", weights, weight_exp=exponent, sign_mode="excitatory", kind=kind)
    x = np.array(events).reshape(1, 1, 1, 1, -1)
    program = program_with(q, Input("in", x.shape[2:], "graded", bits=24), x.shape[2:])
    found = run_rows(program, {"in": x})["u"]["out"][0, 0]
    # 64 times the sum, brought once nearer to 24 bits as a current is.
    shifted = 64 * np.array(sums)
    once = np.where(shifted > 2**23, shifted - 2**24, np.where(shifted <= -(2**23), shifted + 2**24, shifted))
    np.testing.assert_array_equal(found, once)


@settings(max_examples=40)
@given(st.integers(1, 6), st.integers(1, 6), st.booleans(), st.integers(0, 2**32 - 1))
def test_dense_and_sparse_list_the_matrix(post: int, pre: int, per_synapse: bool, seed: int) -> None:
    rng = np.random.default_rng(seed)
    matrix = (2 * rng.integers(-128, 128, (post, pre)) * (rng.random((post, pre)) < 0.5)).astype(np.int16)
    delay = rng.integers(0, 4, (post, pre)).astype(np.int32) if per_synapse else 2
    dense = list_synapses(Projection("q", "in", "out", matrix, delay=delay), (pre,), (post,))
    listed = delay[np.nonzero(matrix)] if per_synapse else 2
    sparse = list_synapses(compressed(matrix, delay=listed), (pre,), (post,))
    for synapses in (dense, sparse):
        assert_lists(synapses, matrix)
        np.testing.assert_array_equal(synapses.delay, np.broadcast_to(listed, synapses.weight.shape))
        found = {d: weights.toarray() for d, weights in synapses.by_delay.items()}
        assert all((np.where(delay == d, matrix, 0) == weights).all() for d, weights in found.items())


@settings(max_examples=60)
@given(st.sampled_from(["dense", "sparse"]), st.integers(-7, 4), st.booleans(), st.integers(0, 2**32 - 1))
def test_delays_bring_what_three_plain_loops_bring(kind: str, exponent: int, skip: bool, seed: int) -> None:
    rng = np.random.default_rng(seed)
    matrix = (2 * rng.integers(-128, 128, (4, 5)) * (rng.random((4, 5)) < 0.7)).astype(np.int16)
    delay, events = rng.integers(0, 4, (4, 5)).astype(np.int32), rng.integers(-3, 4, (8, 1, 5))
    q = Projection("q", "in", "out", matrix, weight_exp=exponent, delay=delay)
    if kind == "sparse":
        q = compressed(matrix, weight_exp=exponent, delay=delay[np.nonzero(matrix)])
    program = program_with(q, Input("in", (5,), "graded", bits=2), (4,), level=3 if skip else 1)
    found = run_rows(program, {"in": events})["u"]["out"]
    for t in range(8):
        for i in range(4):
            by_delay = {}
            for j in range(5):
                d = int(delay[i, j])
                if t - d >= 0:
                    by_delay[d] = by_delay.get(d, 0) + int(matrix[i, j]) * int(events[t - d, 0, j])
            floored = sum(total * 2 ** (7 + exponent) // 2**7 for total in by_delay.values())
            assert found[t, 0, i] == 64 * floored
