"""Convolutions, pooling, normalisation, branches: torch, the file and the module built from it agree."""

import nir
import numpy as np
import pytest
import torch
from torch import nn

import residual
from spikewright.exporters.nir.build import from_nir
from spikewright.exporters.nir.execute import run_graph
from spikewright.exporters.nir.files import read_nir, write_nir
from spikewright.exporters.nir.trace import to_nir
from spikewright.models.errors import UnsupportedOp
from spikewright.models.layers import OverTime
from spikewright.models.neurons import LIF

pytestmark = pytest.mark.torch

# Both sides are float64; sums run in another order, hence some ulp per term.
CLOSE = {"rtol": 1e-9, "atol": 1e-12}
FRAME = (2, 8, 10)


def frames(steps: int, samples: int, shape: tuple[int, ...] = FRAME) -> torch.Tensor:
    generator = torch.Generator().manual_seed(0)
    return (torch.rand(steps, samples, *shape, generator=generator) < 0.3).double()


def test_residual_network_there_and_back(tmp_path) -> None:
    torch.manual_seed(0)
    model = residual.warmed(residual.Residual().double())
    x = frames(6, 3)
    graph, losses = to_nir(model, x[:, :1])
    assert not losses
    kinds = {name: type(node).__name__ for name, node in graph.nodes.items()}
    assert "norm2.layer" not in kinds and "drop" not in kinds, "folded, left out"
    assert {("lif1", "pool.layer.0"), ("lif2", "pool.layer.0")} <= set(graph.edges)
    write_nir(graph, tmp_path / "a.nir")
    graph = read_nir(tmp_path / "a.nir")
    spikes: dict = {}
    for name in ("lif1", "lif2"):
        getattr(model, name).register_forward_hook(lambda m, a, out, name=name: spikes.setdefault(name, out))
    with torch.no_grad():
        expected, built = model(x), from_nir(graph)(x)
    trace = run_graph(graph, x.numpy())
    for name, given in spikes.items():
        assert given.any()
        np.testing.assert_array_equal(trace.spikes[name], given)
    np.testing.assert_allclose(trace.output["output"], expected, **CLOSE)
    np.testing.assert_allclose(built, expected, **CLOSE)


@pytest.mark.parametrize("form", [residual.OneStep, residual.OverRows])
def test_snntorch_on_images(form: type) -> None:
    torch.manual_seed(0)
    model = residual.warmed(form())
    rows = frames(8, 5).float()
    if form is residual.OneStep:
        mem, spikes = (None, None), []
        for row in rows:
            out, *mem = model(row, *mem)
            spikes.append(out)
        expected = torch.stack(spikes)
        graph, _ = to_nir(model, rows[0, :1])
    else:
        expected = model(rows)
        graph, _ = to_nir(model, rows[:, :1])
    assert sorted(type(node).__name__ for node in graph.nodes.values()) == [
        "Affine", "Conv2d", "Flatten", "Input", "LIF", "LIF", "Output",
    ]  # fmt: skip
    assert expected.any()
    np.testing.assert_array_equal(run_graph(graph, rows.numpy()).spikes["lif2"], expected.detach())


LAYERS = {
    "grouped": nn.Conv2d(2, 6, 3, groups=2),
    "depthwise, stride": nn.Conv2d(2, 4, (3, 3), stride=(2, 1), padding=1, groups=2),
    "rectangular": nn.Conv2d(2, 3, (1, 5), padding=(0, 1)),
    "rectangular, dilated": nn.Conv2d(2, 3, (5, 3), padding=(2, 1), dilation=(1, 2)),
    "rectangular, parity mended by dilation": nn.Conv2d(2, 3, (2, 3), padding=(0, 1), dilation=(2, 1)),
    "rectangular, parity mended by stride": nn.Conv2d(2, 3, (2, 3), stride=(2, 2)),
    "square, even": nn.Conv2d(2, 3, 2, padding=1),
    "same": nn.Conv2d(2, 3, (2, 3), padding="same"),
    "valid": nn.Conv2d(2, 3, (3, 1), padding="valid"),
    "no bias": nn.Conv2d(2, 3, 3, bias=False),
    "average": nn.AvgPool2d((2, 3), stride=(1, 2), padding=(1, 1)),
    "sum": nn.AvgPool2d(2, divisor_override=1),
    "norm alone": nn.BatchNorm2d(2),
    "flatten": nn.Flatten(),
    "flatten some": nn.Flatten(1, 2),
    "flatten last": nn.Flatten(-2),
}


@pytest.mark.parametrize("name", LAYERS)
@pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel")
def test_layer_is_written_with_the_right_shapes(name: str, tmp_path) -> None:
    torch.manual_seed(0)
    model = residual.warmed(nn.Sequential(LAYERS[name]).double())
    x = frames(3, 2)
    graph, losses = to_nir(model, x[0, :1])
    write_nir(graph, tmp_path / "a.nir")
    graph = nir.read(tmp_path / "a.nir")
    with torch.no_grad():
        expected = torch.stack([model(row) for row in x])
        built = from_nir(read_nir(tmp_path / "a.nir"))(x)
    assert not losses and tuple(graph.nodes["output"].input_type["input"]) == expected.shape[2:]
    np.testing.assert_allclose(built, expected, **CLOSE)
    np.testing.assert_allclose(run_graph(graph, x.numpy()).output["output"], expected.sum(0), **CLOSE)


def test_one_dimensional_convolution(tmp_path) -> None:
    model = residual.warmed(nn.Sequential(nn.Conv1d(4, 6, 3, 2, 1, groups=2), nn.BatchNorm1d(6), nn.Flatten()).double())
    x = frames(3, 2, (4, 9))
    write_nir(to_nir(model, x[0, :1])[0], tmp_path / "a.nir")
    graph = read_nir(tmp_path / "a.nir")
    with torch.no_grad():
        np.testing.assert_allclose(from_nir(graph)(x), torch.stack([model(row) for row in x]), **CLOSE)


@pytest.mark.parametrize(
    ("layer", "message"),
    [
        (nn.Conv2d(2, 3, (2, 3)), r"'0' \(Conv2d\).*height 2 for its width 3.*both even or both odd"),
        (nn.Conv2d(2, 3, 3, padding=1, padding_mode="circular"), "padding_mode='circular'"),
        (nn.AvgPool2d(3, ceil_mode=True), "ceil_mode"),
        (nn.AvgPool2d(2, divisor_override=3), "divisor_override=3"),
        (nn.BatchNorm2d(2, track_running_stats=False), "no running statistics"),
        (nn.MaxPool2d(2), "'0' is a MaxPool2d"),
        (nn.Linear(10, 3), "last axis of"),
    ],
)
def test_what_nir_cannot_hold_is_refused_by_name(layer: nn.Module, message: str) -> None:
    tail = nn.AvgPool2d(1)  # tells that the example is an image
    with pytest.raises(UnsupportedOp, match=message):
        to_nir(nn.Sequential(layer, tail), frames(1, 1)[0].float())


def test_norm_is_folded_only_where_nothing_else_reads_the_layer() -> None:
    class Shared(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.fc, self.norm = nn.Linear(6, 5), OverTime(nn.BatchNorm1d(5))
            self.a, self.b = LIF(5, threshold=0.3), LIF(5, threshold=0.3)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            y = self.fc(x)
            return self.a(y) + self.b(self.norm(y))

    torch.manual_seed(1)
    model = residual.warmed(Shared().double())
    x = frames(9, 4, (6,))
    graph, _ = to_nir(model, x[:, :1])
    assert type(graph.nodes["norm.layer"]) is nir.Affine
    with torch.no_grad():
        expected = model(x)
    assert expected.max() == 2
    np.testing.assert_array_equal(from_nir(graph)(x).detach(), expected)
    np.testing.assert_array_equal(run_graph(graph, x.numpy()).output["output"], expected.sum(0))


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (residual.LifTwice, r"residual\.py.*line \d+, in forward: module 'lif' is used at two places"),
        (residual.AddedToItself, r"residual\.py.*line \d+, in forward: \['lif'\] is added to itself"),
        (residual.SameSignalTwice, "'lif' twice into 'other'"),
        (residual.MixesSteps, "mixes samples, steps or neurons"),
        (residual.ActiveDropout, r"residual\.py.*'dropout' between modules"),
        (residual.AddsConstant, r"residual\.py.*'add' between modules"),
    ],
)
def test_branches_that_nir_cannot_hold_are_named_with_their_line(model: type, message: str) -> None:
    with pytest.raises(UnsupportedOp, match=message):
        to_nir(model(), torch.zeros(5, 1, 6))


def test_one_signal_flattened_in_two_ways_becomes_two_nodes() -> None:
    torch.manual_seed(0)
    model, x = residual.TwoShapes().double(), 3 * frames(6, 3, (2, 3, 2, 2))
    graph, _ = to_nir(model, x[:, :1])
    assert {"flatten", "flatten_"} <= set(graph.nodes)
    with torch.no_grad():
        expected = model(x)
    assert expected.any()
    np.testing.assert_array_equal(from_nir(graph)(x).detach(), expected)
