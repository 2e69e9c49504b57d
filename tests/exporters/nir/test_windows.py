"""Convolutions and pools: by hand, and equal to torch's for drawn shapes, strides, dilations, groups and paddings."""

import nir
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spikewright.exporters.nir import windows
from spikewright.models.errors import InputError

SIZE = st.integers(1, 3)


def conv2d(
    weight: np.ndarray, stride: object = 1, padding: object = 0, dilation: object = 1, groups: int = 1
) -> object:
    node = nir.Conv2d(None, weight, stride, 0, dilation, groups, np.zeros(len(weight)))
    node.padding = padding
    return node


def test_conv2d_by_hand() -> None:
    x = np.arange(9.0).reshape(1, 1, 3, 3)
    y = windows.convolution("c", conv2d(np.array([[[[1.0, 0.0, -1.0]]]]), padding=np.array([0, 1])))(x)
    np.testing.assert_array_equal(y[0, 0], [[-1, -2, 1], [-4, -2, 4], [-7, -2, 7]])


def test_conv1d_by_hand() -> None:
    node = nir.Conv1d(None, np.array([[[1.0, 2.0]]]), 2, 0, 2, 1, np.array([0.5]))
    y = windows.convolution("c", node)(np.array([[[1.0, 2.0, 3.0, 4.0, 5.0]]]))
    np.testing.assert_array_equal(y, [[[1 + 6 + 0.5, 3 + 10 + 0.5]]])


def test_pools_by_hand() -> None:
    x = np.arange(16.0).reshape(1, 1, 4, 4)
    two = np.array([2, 2])
    np.testing.assert_array_equal(
        windows.pool(nir.SumPool2d(two, two, np.array([0, 0])), mean=False)(x)[0, 0], [[10, 18], [42, 50]]
    )
    corner = windows.pool(nir.AvgPool2d(np.array(2), np.array(3), np.array(1)), mean=True)(x)
    np.testing.assert_array_equal(corner[0, 0], [[0, (2 + 3) / 4], [(8 + 12) / 4, (10 + 11 + 14 + 15) / 4]])


@st.composite
def convolutions(draw: st.DrawFn, n: int) -> tuple:
    groups, kernel = draw(SIZE), [draw(st.integers(1, 4)) for _ in range(n)]
    dilation = [draw(SIZE) for _ in range(n)]
    padding = draw(st.sampled_from(["same", "valid"]) | st.lists(st.integers(0, 2), min_size=n, max_size=n))
    stride = [1 if padding == "same" else draw(SIZE) for _ in range(n)]
    length = [d * (k - 1) + 1 + draw(st.integers(0, 5)) for d, k in zip(dilation, kernel, strict=True)]
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    inside, outside = draw(SIZE), draw(SIZE)
    weight = rng.normal(size=(groups * outside, inside, *kernel))
    return (
        rng.normal(size=(2, groups * inside, *length)),
        weight,
        rng.normal(size=len(weight)),
        stride,
        padding,
        dilation,
        groups,
    )


@pytest.mark.torch
@pytest.mark.parametrize("n", [1, 2])
@given(data=st.data())
def test_convolutions_equal_torch(n: int, data: st.DataObject) -> None:
    import torch.nn.functional as functional
    from torch import as_tensor

    x, weight, bias, stride, padding, dilation, groups = data.draw(convolutions(n))
    node = (nir.Conv1d if n == 1 else nir.Conv2d)(None, weight, stride, 0, dilation, groups, bias)
    node.padding = padding if isinstance(padding, str) else np.array(padding)
    node.stride, node.dilation = np.array(stride), np.array(dilation)
    torch_conv = functional.conv1d if n == 1 else functional.conv2d
    expected = torch_conv(as_tensor(x), as_tensor(weight), as_tensor(bias), stride, padding, dilation, groups).numpy()
    # Both sum in float64, in different orders.
    np.testing.assert_allclose(windows.convolution("c", node)(x), expected, rtol=1e-10, atol=1e-12)


@pytest.mark.torch
@given(kernel=st.tuples(st.integers(2, 4), st.integers(2, 4)), stride=st.tuples(SIZE, SIZE), seed=st.integers(0, 99))
def test_pools_equal_torch(kernel: tuple[int, int], stride: tuple[int, int], seed: int) -> None:
    import torch.nn.functional as functional
    from torch import as_tensor

    rng = np.random.default_rng(seed)
    padding = tuple(int(rng.integers(0, k // 2 + 1)) for k in kernel)
    x = rng.normal(size=(2, 3, int(rng.integers(4, 9)), int(rng.integers(4, 9))))
    expected = functional.avg_pool2d(as_tensor(x), kernel, stride, padding).numpy()
    fields = (np.array(kernel), np.array(stride), np.array(padding))
    np.testing.assert_allclose(windows.pool(nir.AvgPool2d(*fields), mean=True)(x), expected, rtol=1e-10, atol=1e-12)
    area = kernel[0] * kernel[1]
    summed = windows.pool(nir.SumPool2d(*fields), mean=False)(x)
    np.testing.assert_allclose(summed, expected * area, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize(
    ("node", "message"),
    [
        (conv2d(np.ones((1, 1, 3, 3)), stride=2, padding="same"), "padding 'same' at a stride of"),
        (conv2d(np.ones((1, 1, 3, 3)), padding="reflect"), "padding 'reflect'"),
        (conv2d(np.ones((3, 1, 3, 3)), groups=0), "which 0 groups do not divide"),
        (conv2d(np.ones((3, 1, 3, 3)), groups=2), "3 output channels, which 2 groups do not divide"),
    ],
)
def test_what_means_nothing_is_refused(node: object, message: str) -> None:
    with pytest.raises(InputError, match=message):
        windows.convolution("c", node)
