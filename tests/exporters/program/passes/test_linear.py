"""Linear maps are what the nodes compute; multiplied out they are one after the other, borders included, or refused."""

from itertools import product

import nir
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spikewright.exporters.nir.dynamics import make_step
from spikewright.exporters.nir.semantics import choose
from spikewright.exporters.nir.shapes import output_shape, typed
from spikewright.exporters.program.passes.compose import LARGEST_MATRIX, compose
from spikewright.exporters.program.passes.linear import Dense, Elementwise, LinearMap, Sparse
from spikewright.exporters.program.passes.linear_nodes import linear_node
from spikewright.exporters.program.passes.stored import form_of, weight_of
from spikewright.exporters.program.passes.windows import Convolution, Pooling, Window
from spikewright.exporters.program.projection import Projection
from spikewright.exporters.program.synapses import list_synapses
from spikewright.models.errors import UnsupportedOp

RNG = np.random.default_rng(0)
SEEDS = st.integers(0, 2**32 - 1)


def conv2d(shape: tuple[int, ...], **fields: object) -> nir.Conv2d:
    settings = {"stride": 1, "padding": 0, "dilation": 1, "groups": 1} | fields
    return nir.Conv2d(None, RNG.normal(size=shape), bias=RNG.normal(size=shape[0]), **settings)


def conv1d(shape: tuple[int, ...], **fields: object) -> nir.Conv1d:
    settings = {"stride": 1, "padding": 0, "dilation": 1, "groups": 1} | fields
    return nir.Conv1d(None, RNG.normal(size=shape), bias=RNG.normal(size=shape[0]), **settings)


NODES = {
    "affine": (nir.Affine(RNG.normal(size=(3, 5)), RNG.normal(size=3)), (5,)),
    "linear": (nir.Linear(RNG.normal(size=(3, 5))), (5,)),
    "blocks": (nir.Affine(RNG.normal(size=(4, 3, 5)), RNG.normal(size=(4, 3))), (4, 5)),
    "scale": (nir.Scale(RNG.normal(size=(2, 3, 4))), (2, 3, 4)),
    "one scale": (nir.Scale(np.array(2.5)), (2, 3)),
    "flatten": (nir.Flatten({"input": np.array([2, 3, 4])}, 0, -1), (2, 3, 4)),
    "conv": (conv2d((4, 3, 3, 3), padding=1), (3, 6, 7)),
    "rectangular": (conv2d((4, 3, 3, 2), stride=(2, 1), padding=(1, 0), dilation=(1, 2)), (3, 6, 7)),
    "groups": (conv2d((6, 2, 3, 3), groups=3, stride=2, padding=1), (6, 7, 7)),
    "same": (conv2d((2, 3, 2, 3), padding="same"), (3, 5, 5)),
    "same, dilated": (conv2d((2, 3, 4, 2), padding="same", dilation=(3, 3)), (3, 9, 8)),
    "same, even": (conv2d((2, 3, 4, 2), padding="same", dilation=(2, 4)), (3, 9, 8)),
    "valid": (conv2d((2, 3, 2, 3), padding="valid", stride=3), (3, 6, 8)),
    "row": (conv1d((4, 2, 3), stride=2, padding=2, groups=2), (4, 9)),
    "row, same": (conv1d((4, 4, 4), padding="same", dilation=3), (4, 9)),
    "sum": (nir.SumPool2d(np.array([2, 2]), np.array([2, 2]), np.array([0, 0])), (3, 5, 4)),
    "mean": (nir.AvgPool2d(np.array([3, 2]), np.array([2, 1]), np.array([1, 1])), (3, 6, 5)),
}


def shaped(node: nir.NIRNode, taken: tuple[int, ...]) -> nir.NIRNode:
    return typed(node, taken, output_shape(node, taken))


def matrix(weight: LinearMap) -> np.ndarray:
    """Every synapse, (post, pre)."""
    return weight.apply(np.eye(weight.shape[1])).T


@pytest.mark.parametrize("name", NODES)
def test_a_map_and_its_bias_are_what_the_node_computes(name: str) -> None:
    node, taken = NODES[name]
    node = shaped(node, taken)
    weight, bias = linear_node(node)
    x = np.random.default_rng(1).normal(size=(4, *taken))
    step = make_step(name, node, choose(nir.NIRGraph({}, [], type_check=False)))
    expected = step(x)[0].reshape(4, -1)
    given_ = weight.apply(x.reshape(4, -1)) + (0 if bias is None else bias)
    np.testing.assert_allclose(given_, expected, rtol=1e-12, atol=1e-12)
    assert weight.shape == (expected.shape[1], x[0].size)


@pytest.mark.parametrize("name", NODES)
def test_the_stored_form_lists_the_synapses_of_the_map(name: str) -> None:
    """A program that stores the values in this form has the same synapses: shape, order and borders."""
    node, taken = NODES[name]
    node = shaped(node, taken)
    weight, _ = linear_node(node)
    whole = np.random.default_rng(2).integers(-9, 10, weight.values.shape).astype(np.int16)
    p = Projection("p", "a", "b", whole, **form_of(weight))
    target = tuple(node.output_type["output"])
    listed = list_synapses(p, taken, target)
    found = np.zeros(listed.shape, np.int64)
    found[listed.post, listed.pre] = listed.weight
    np.testing.assert_array_equal(found, matrix(weight.with_values(whole)))
    np.testing.assert_array_equal(found, matrix(weight_of(p, taken, weight.shape[1])))


@pytest.mark.parametrize("name", NODES)
def test_transposed_factors_and_bounds_are_those_of_the_matrix(name: str) -> None:
    node, taken = NODES[name]
    weight, _ = linear_node(shaped(node, taken))
    whole = weight.with_values(np.random.default_rng(3).integers(-9, 10, weight.values.shape))
    m = matrix(whole)
    np.testing.assert_array_equal(whole.apply_transposed(np.eye(len(m), dtype=np.int64)), m)
    positive, negative = m.clip(min=0).sum(1), -m.clip(max=0).sum(1)
    assert whole.largest_sum() == max(positive.max(), negative.max())
    assert whole.largest_sum(4, signed=True) == 15 * (positive + negative).max()
    rows, columns = (np.full(n, 0.5) for n in whole.shape)
    if isinstance(whole, Window):
        rows, columns = (
            np.repeat(np.arange(1.0, shape[0] + 1), shape[1] * shape[2]) for shape in (whole.out_shape, whole.in_shape)
        )
    np.testing.assert_array_equal(matrix(whole.scaled_rows(rows)), m * rows[:, None])
    np.testing.assert_array_equal(matrix(whole.scaled_columns(columns)), m * columns)
    assert sorted(np.unique(whole.live_rows)) in ([False, True], [True]) and whole.live_rows.sum() > 0


def test_a_window_takes_no_factors_that_differ_within_a_channel() -> None:
    for weight in (Convolution(np.ones((2, 1, 2, 2)), (1, 3, 3)), Pooling(np.ones(1), (2, 3, 3), kernel=(2, 2))):
        differ = np.arange(8.0)
        assert weight.scaled_rows(differ) is None
        assert weight.scaled_columns(np.arange(float(weight.shape[1]))) is None
        with pytest.raises(UnsupportedOp, match="differ within a channel"):
            compose(Elementwise(differ), weight)


def random_map(rng: np.random.Generator, taken: tuple[int, ...]) -> tuple[LinearMap, tuple[int, ...]]:
    """Any map on a population of this shape, and the shape that it gives."""
    size = int(np.prod(taken))
    kinds = ["dense", "sparse", "elementwise", "channels"]
    if len(taken) == 3:
        kinds += ["convolution"] * 4 + ["pooling"] * 3
    kind = rng.choice(kinds)
    if kind == "dense":
        return Dense(rng.normal(size=(5, size))), (5,)
    if kind == "sparse":
        return Sparse.of(rng.normal(size=(4, size)) * (rng.random((4, size)) < 0.3)), (4,)
    if kind == "elementwise":
        return Elementwise(rng.normal(size=size)), taken
    if kind == "channels":
        return Elementwise(np.repeat(rng.normal(size=taken[0]), size // taken[0])), taken
    sides = taken[1:]
    pad, stride, dilation = (
        tuple(int(n) for n in rng.integers(low, high, 2)) for low, high in ((0, 3), (1, 4), (1, 3))
    )
    if kind == "pooling":
        kernel = tuple(int(rng.integers(1, min(3, side) + 1)) for side in sides)
        pad = tuple(min(p, k // 2) for p, k in zip(pad, kernel, strict=True))
        found: Window = Pooling(rng.normal(size=1), taken, stride, pad, kernel=kernel)
        return found, found.out_shape
    groups = int(rng.choice([g for g in (1, 2, 3) if taken[0] % g == 0]))
    outs = groups * int(rng.integers(1, 3))
    taps = tuple(
        int(rng.integers(1, min(3, (side + 2 * p - 1) // d + 1) + 1))
        for side, p, d in zip(sides, pad, dilation, strict=True)
    )
    kernel = rng.normal(size=(outs, taken[0] // groups, *taps))
    found = Convolution(kernel, taken, stride, pad, dilation, groups)
    return found, found.out_shape


@settings(max_examples=300)
@given(SEEDS)
def test_two_maps_multiplied_out_are_one_after_the_other(seed: int) -> None:
    """Every pair either is exact at every neuron, or two windows whose zeros do not mean the same, or shapes apart."""
    rng = np.random.default_rng(seed)
    taken = (int(rng.integers(1, 5)), *(int(n) for n in rng.integers(2, 10, 2)))
    inner, between = random_map(rng, taken)
    outer, _ = random_map(rng, between)
    x = rng.normal(size=(3, inner.shape[1]))
    try:
        both = compose(outer, inner)
    except UnsupportedOp as error:
        padded = isinstance(outer, Window) and any(outer.padding)
        assert ("padding" in str(error) and padded) or "differ within a channel" in str(error)
        return
    np.testing.assert_allclose(both.apply(x), outer.apply(inner.apply(x)), rtol=1e-9, atol=1e-9)
    assert isinstance(both, Window) == (
        isinstance(outer, (Window, Elementwise))
        and isinstance(inner, (Window, Elementwise))
        and not (isinstance(outer, Elementwise) and isinstance(inner, Elementwise))
    )


@pytest.mark.parametrize(("kernel", "pad"), [*product((2, 3), (0, 1))])
def test_pooling_in_front_of_a_convolution_is_one_kernel_or_refused(kernel: int, pad: int) -> None:
    """Where windows divide the input nothing is left over; a row left over is seen by the padding, so it is refused."""
    rng = np.random.default_rng(0)
    convolution = lambda side: Convolution(rng.normal(size=(4, 3, 3, 3)), (3, side, side), padding=(pad, pad))  # noqa: E731
    pool = lambda side: Pooling(np.array([1 / kernel**2]), (3, side, side), (kernel, kernel), kernel=(kernel, kernel))  # noqa: E731
    both = compose(convolution(4), pool(4 * kernel))
    assert isinstance(both, Convolution) and both.size == (3 * kernel, 3 * kernel)
    assert (both.stride, both.padding) == ((kernel, kernel), (pad * kernel, pad * kernel))
    left_over = convolution(4), pool(4 * kernel + 1)
    if pad:
        with pytest.raises(UnsupportedOp, match=rf"still meets its input of {4 * kernel + 1} rows"):
            compose(*left_over)
    else:
        assert compose(*left_over).shape == (4 * 2 * 2, 3 * (4 * kernel + 1) ** 2)


def test_what_is_multiplied_out_has_a_limit() -> None:
    pool = Pooling(np.ones(1), (256, 128, 128), (64, 64), kernel=(64, 64))
    with pytest.raises(UnsupportedOp, match=f"a matrix of 9 x 4194304 weights, limit {LARGEST_MATRIX}"):
        compose(Dense(np.zeros((9, 1024))), pool)
    convolution = Convolution(np.zeros((9, 256, 3, 3)), (256, 2, 2), padding=(1, 1))
    with pytest.raises(UnsupportedOp, match="a kernel of 9 x 256 x 192 x 192 weights"):
        compose(convolution, pool)
    with pytest.raises(UnsupportedOp, match="do not reshape between two windows"):
        compose(Pooling(np.ones(1), (1024, 1, 1)), pool)
