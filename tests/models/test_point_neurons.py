"""Point neurons against closed forms and step-by-step sums; layers without a membrane; neurons of any shape."""

import pytest
import torch

from spikewright.models.copying import copy_module
from spikewright.models.errors import ConfigError, InputError
from spikewright.models.layers import Delay, OverTime, Scale, Threshold
from spikewright.models.neurons import LIF
from spikewright.models.point_neurons import PointNeuron

pytestmark = pytest.mark.torch


def drive(neuron: PointNeuron, *values: float) -> list[float]:
    return neuron.double()(torch.tensor(values, dtype=torch.float64).view(-1, 1, 1))[:, 0, 0].tolist()


def test_resets_differ_as_said() -> None:
    spikes = {
        reset: drive(PointNeuron((1,), 1.0, threshold=1.0, reset=reset), 2.5, 0, 0, 0.75, 0.75)
        for reset in ("zero", "subtract", "subtract_late", "subtract_once")
    }
    # Membranes before the reset: 2.5 1.5 .5 1.25 1 for the first two; 2.5 .5 .5 1.25 1 for the last, where a membrane
    # that falls silent after a double crossing gets its threshold back and loses it again in the next step.
    assert spikes["zero"] == [1, 0, 0, 0, 1]
    assert spikes["subtract"] == [1, 1, 0, 1, 0]
    assert spikes["subtract_late"] == [1, 1, 0, 1, 0]
    assert spikes["subtract_once"] == [1, 0, 0, 1, 0]


def test_current_decays_into_the_membrane_in_the_same_step_or_the_next() -> None:
    terms = {"keep": 0.5, "gain": 2.0, "drift": 0.25, "current_keep": 0.5, "current_gain": 4.0}
    assert drive(PointNeuron((1,), **terms), 1, 0, 0) == [8.25, 8.375, 6.4375]
    assert drive(PointNeuron((1,), **terms, current_late=True), 1, 0, 0) == [0.25, 8.375, 8.4375]


def test_comparison_and_v_reset() -> None:
    ties = {op: drive(PointNeuron((1,), 0.0, threshold=1.0, spike_op=op), 1.0, 2.0) for op in (">", ">=")}
    assert ties == {">": [0, 1], ">=": [1, 1]}
    assert drive(PointNeuron((1,), 1.0, threshold=1.0, v_reset=-0.5), 1.5, 1.25, 0.5) == [1, 0, 1]


def test_all_wrong_settings_are_told_and_shapes_are_checked() -> None:
    with pytest.raises(ConfigError) as caught:
        PointNeuron((2,), 0.5, current_keep=0.5, reset="never", spike_op="=")
    assert len(caught.value.violations) == 3
    with pytest.raises(InputError, match=r"\(T, B, 2, 3\), got \(4, 2, 3\)"):
        PointNeuron((2, 3), 0.5)(torch.zeros(4, 2, 3))


def test_delay_of_every_element_whole_and_step_by_step() -> None:
    layer, x = Delay([0, 1, 3]), torch.arange(1.0, 13).view(4, 1, 3)
    expected = [[1, 0, 0], [4, 2, 0], [7, 5, 0], [10, 8, 3]]
    assert layer(x)[:, 0].tolist() == expected
    state: dict = {}
    for row, wanted in zip(x, expected, strict=True):
        out, state = layer.step(row, state)
        assert out[0].tolist() == wanted


def test_factor_threshold_and_one_step_layers_over_time() -> None:
    x = torch.rand(3, 2, 2, 4, 4)
    assert torch.equal(Scale(torch.tensor(2.0))(x), 2 * x)
    assert torch.equal(Threshold(torch.tensor(0.5))(x), (x > 0.5).float())
    conv = torch.nn.Conv2d(2, 3, 3).double()
    rows = torch.stack([conv(row) for row in x.double()])
    torch.testing.assert_close(OverTime(conv)(x.double()), rows, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize(("share", "shape"), [("neuron", (2, 3, 4)), ("channel", (2, 1, 1)), ("layer", ())])
def test_lif_of_any_shape_is_the_flat_one(share: str, shape: tuple[int, ...]) -> None:
    spatial, flat = LIF((2, 3, 4), share=share), LIF(24)
    assert spatial.threshold.shape == shape
    with torch.no_grad():
        spatial.threshold.copy_(torch.rand(shape) + 0.2)
        flat.threshold.copy_(spatial.threshold.expand(2, 3, 4).reshape(24))
    x = torch.rand(6, 5, 2, 3, 4)
    assert torch.equal(spatial(x).flatten(2), flat(x.flatten(2)))
    with pytest.raises(InputError, match=r"\(T, B, 2, 3, 4\)"):
        spatial(x[0])


def test_a_module_with_states_on_an_autograd_graph_is_copied() -> None:
    layer = torch.nn.Linear(2, 2)
    layer.register_buffer("state", layer(torch.ones(1, 2)), persistent=False)
    other = copy_module(layer)
    assert torch.equal(other.state, layer.state) and other.state.is_leaf
    assert other.weight is not layer.weight and other.weight.requires_grad
