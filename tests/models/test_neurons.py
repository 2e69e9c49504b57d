"""LIF neurons, spike functions and the rate code, against hand-computed cases."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from spikewright.models.encoders import rate_code
from spikewright.models.errors import ConfigError, InputError
from spikewright.models.neurons import LIF, THRESHOLD_MINIMUM, MeanReadout
from spikewright.models.surrogates import arctan_spike, sigmoid_spike


def _spikes(current: list[float], **settings: object) -> list[float]:
    lif = LIF(1, **settings).double()
    return lif(torch.tensor(current, dtype=torch.float64).reshape(-1, 1, 1)).flatten().tolist()


def test_membrane_potential_at_the_threshold_is_the_difference_between_the_spike_ops() -> None:
    # v: 0.5, 0.25 + 0.75 = 1.0 exactly
    assert _spikes([0.5, 0.75], spike_op=">") == [0, 0]
    assert _spikes([0.5, 0.75], spike_op=">=") == [0, 1]


def test_resets() -> None:
    # zero: 3 -> spike, 0; then 0.75 -> silent. subtract: 3 - 1 = 2; then 1 + 0.75 -> spike, 0.75; then 0.375.
    assert _spikes([3.0, 0.75, 0.0], reset="zero") == [1, 0, 0]
    assert _spikes([3.0, 0.75, 0.0], reset="subtract") == [1, 1, 0]


def test_tau_one_forgets() -> None:
    assert _spikes([0.9, 0.9, 1.1], tau=1.0) == [0, 0, 1]


def test_calls_are_independent() -> None:
    lif = LIF(3)
    current = torch.rand(5, 2, 3)
    assert torch.equal(lif(current), lif(current))


@pytest.mark.parametrize("spike_op", [">", ">="])
@pytest.mark.parametrize("spike", [sigmoid_spike, arctan_spike])
def test_surrogates(spike: Callable[[torch.Tensor, str], torch.Tensor], spike_op: str) -> None:
    distance = torch.tensor([-1.0, -1e-38, 0.0, 1e-38, 1.0], requires_grad=True)
    out = spike(distance, spike_op)
    out.sum().backward()
    assert out.tolist() == [0, 0, float(spike_op == ">="), 1, 1]
    assert distance.grad is not None
    assert distance.grad[2].item() == 1
    torch.testing.assert_close(distance.grad, distance.grad.flip(0))
    sigmoid = 1 / (1 + math.exp(-4))
    expected = 4 * sigmoid * (1 - sigmoid) if spike is sigmoid_spike else 1 / (1 + math.pi**2)
    assert distance.grad[4].item() == pytest.approx(expected, rel=1e-5)


def _surrogate(distance: float) -> float:
    return 1 / (1 + (math.pi * distance) ** 2)


@pytest.mark.parametrize("detach_reset", [False, True])
@pytest.mark.parametrize("reset", ["zero", "subtract"])
def test_threshold_gradient_is_the_hand_formula(reset: str, detach_reset: bool) -> None:
    keep, theta, loss_weights = 0.5, 1.0, [0.7, -1.3, 0.4, 2.0]
    current = [0.6, 0.9, 1.5, -0.1]
    v, u, s = 0.0, [], []
    for i in current:
        u.append(keep * v + i)
        s.append(float(u[-1] > theta))
        v = u[-1] * (1 - s[-1]) if reset == "zero" else u[-1] - theta * s[-1]
    assert 0 < sum(s) < len(s)

    # Backwards in time: a_v = dL/dv after the reset; e = dL/ds; b = dL/du before the reset.
    a_v, expected = 0.0, 0.0
    for t in reversed(range(len(current))):
        through_spike = 0.0 if detach_reset else (-u[t] if reset == "zero" else -theta) * a_v
        e = loss_weights[t] + through_spike
        h = _surrogate(u[t] - theta)
        expected += -e * h - (a_v * s[t] if reset == "subtract" else 0.0)
        b = e * h + a_v * ((1 - s[t]) if reset == "zero" else 1.0)
        a_v = keep * b

    lif = LIF(1, reset=reset, surrogate="arctan", detach_reset=detach_reset).double()
    out = lif(torch.tensor(current, dtype=torch.float64).reshape(-1, 1, 1)).flatten()
    (out * torch.tensor(loss_weights, dtype=torch.float64)).sum().backward()
    assert lif.threshold.grad is not None
    assert lif.threshold.grad.item() == pytest.approx(expected, rel=1e-12)


def _final_rate(threshold: float, steps: int) -> float:
    current = torch.rand(10, 16, 30, generator=torch.Generator().manual_seed(0))
    lif = LIF(30, threshold=threshold)
    optimiser = torch.optim.Adam(lif.parameters(), lr=0.05)
    for _ in range(steps):
        loss = (lif(current).mean() - 0.3).square()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        lif.clamp_()
    return lif(current).mean().item()


def test_learned_thresholds_bring_silent_and_saturated_layers_together() -> None:
    assert _final_rate(0.2, steps=0) - _final_rate(2.5, steps=0) > 0.5
    assert abs(_final_rate(0.2, steps=100) - _final_rate(2.5, steps=100)) < 0.05


@pytest.mark.parametrize(("share", "shape"), [("neuron", (5,)), ("layer", ())])
def test_threshold_sharing_and_clamp(share: str, shape: tuple[int, ...]) -> None:
    lif = LIF(5, share=share)
    assert lif.threshold.shape == shape
    with torch.no_grad():
        lif.threshold.fill_(-3)
    lif.clamp_()
    assert lif.threshold.min().item() == pytest.approx(THRESHOLD_MINIMUM)
    assert LIF(5, learn_threshold=False).state_dict().keys() == {"threshold"}
    assert not list(LIF(5, learn_threshold=False).parameters())


def test_all_wrong_settings_are_told_at_once() -> None:
    with pytest.raises(ConfigError) as caught:
        LIF(0, tau=0.5, threshold=0.0, share="map", reset="soft", spike_op="<")
    assert len(caught.value.violations) == 6
    with pytest.raises(InputError, match=r"\(T, B, 4\)"):
        LIF(4)(torch.zeros(3, 4))
    with pytest.raises(ConfigError, match="sigmoid"):
        LIF(4, surrogate="triangle")


def test_mean_readout() -> None:
    x = torch.rand(4, 3, 2)
    assert torch.equal(MeanReadout()(x), x.mean(0))


@given(
    x=st.lists(st.floats(0, 1, width=32), min_size=1, max_size=20),
    steps=st.integers(1, 40),
)
def test_rate_code_is_binary_and_has_the_expected_count(x: list[float], steps: int) -> None:
    intensities = torch.tensor(x, dtype=torch.float64)[None]
    spikes = rate_code(intensities, steps)
    assert spikes.shape == (steps, 1, len(x))
    assert bool(((spikes == 0) | (spikes == 1)).all())
    count = torch.floor((steps + 0.5) * intensities) - torch.floor(0.5 * intensities)
    assert torch.equal(spikes.sum(0), count)
    assert bool(((count - steps * intensities).abs() < 1).all())


def test_rate_code_of_extremes() -> None:
    assert rate_code(torch.tensor([[0.0, 1.0]]), 3).tolist() == [[[0, 1]]] * 3


@pytest.mark.parametrize("bad", [-0.1, 1.1, math.nan])
def test_rate_code_refuses_other_ranges(bad: float) -> None:
    with pytest.raises(InputError, match=r"\[0, 1\]"):
        rate_code(torch.tensor([[bad]]), 4)
    with pytest.raises(InputError, match="floating point"):
        rate_code(torch.zeros(1, 2, dtype=torch.int64), 4)
    with pytest.raises(InputError, match="time step"):
        rate_code(torch.zeros(1, 2), 0)
