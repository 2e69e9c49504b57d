"""The E-I circuit: initialisation, forward pass, gradients and constraints (checks V1 to V5)."""

from __future__ import annotations

import copy
import math

import pytest
import torch
from torch import Tensor
from torch.nn.functional import linear

from spikewright.models.ei import GAIN_I_MINIMUM, EILinear, clamp_constraints
from spikewright.models.errors import ConfigError, InputError
from spikewright.models.networks import EIMLP, EIMLPConfig


def _circuit(x: Tensor, outputs: int = 40, **settings: object) -> EILinear:
    torch.manual_seed(0)
    circuit = EILinear(x.shape[-1], outputs, **settings).double()
    circuit(x)
    return circuit


def test_v1_init_gives_centred_current_of_predicted_spread() -> None:
    torch.manual_seed(0)
    x = (torch.rand(8, 200, 256) < 0.3).double()
    circuit = _circuit(x, 128)
    current = circuit(x)
    rows = x.reshape(-1, 256)
    power, variance = rows.square().mean().item(), rows.var(0).mean().item()
    predicted = math.sqrt(power * (1 + 1 / 32) / (power + variance))
    assert abs(current.mean().item()) < 0.1
    assert current.std().item() == pytest.approx(predicted, rel=0.1)
    divisor = linear(x, circuit.divisor_weight())
    assert divisor.mean().item() == pytest.approx(linear(x, circuit.weight_ee).std().item(), rel=0.15)


def test_v1_init_of_a_whole_network(spikes: Tensor) -> None:
    torch.manual_seed(0)
    model = EIMLP(EIMLPConfig()).double()
    currents = {}
    for name in ("hidden1", "hidden2"):
        circuit = model.get_submodule(f"{name}.circuit")
        circuit.register_forward_hook(lambda _, __, out, name=name: currents.__setitem__(name, out))
    model(spikes)
    for current in currents.values():
        assert abs(current.mean().item()) < 0.2
        assert 0.6 < current.std().item() < 1.1


def test_init_runs_once_and_never_after_loading(spikes: Tensor) -> None:
    circuit = _circuit(spikes)
    weight = circuit.weight_ee.detach().clone()
    circuit(spikes * 0.5)
    assert torch.equal(circuit.weight_ee, weight)
    loaded = EILinear(64, 40).double()
    loaded.load_state_dict(circuit.state_dict())
    assert torch.equal(loaded(spikes), circuit(spikes))


@pytest.mark.parametrize("bad", [torch.zeros(4, 3, 8), torch.randn(4, 3, 8), torch.ones(1, 1, 8)])
def test_init_refuses_batches_without_scale(bad: Tensor) -> None:
    with pytest.raises(InputError, match="E-I Init"):
        EILinear(8, 8)(bad)


def test_v2_scale_invariance(spikes: Tensor) -> None:
    circuit = _circuit(spikes)
    expected = circuit(spikes)
    torch.testing.assert_close(circuit(0.3 * spikes), expected)
    with torch.no_grad():
        circuit.weight_ee *= 3.7
        circuit.weight_ie *= 3.7
    torch.testing.assert_close(circuit(spikes), expected)


def test_v3_folded_identity(spikes: Tensor) -> None:
    circuit = _circuit(spikes)
    with torch.no_grad():
        circuit.gain_e.uniform_(0.5, 2)
        circuit.bias_e.normal_()
    quotient = linear(spikes, circuit.numerator_weight()) / linear(spikes, circuit.divisor_weight())
    torch.testing.assert_close(circuit(spikes), circuit.gain_e * quotient + circuit.bias_e)
    output = _circuit(spikes, 10, output=True)
    torch.testing.assert_close(output(spikes), linear(spikes, output.numerator_weight()))
    assert {name for name, _ in output.named_parameters()} == {"weight_ee", "weight_ie", "weight_ei"}


def _plain_current(circuit: EILinear, x: Tensor, weight_ei: Tensor) -> Tensor:
    inhibitory = x @ circuit.weight_ie.T
    numerator = x @ circuit.weight_ee.T - inhibitory @ weight_ei.T
    return circuit.gain_e * numerator / ((circuit.gain_i * inhibitory) @ weight_ei.T) + circuit.bias_e


@pytest.mark.parametrize("copied", [False, True])
def test_v4_gradients_are_plain_but_for_the_fan_in_of_weight_ei(spikes: Tensor, copied: bool) -> None:
    circuit = _circuit(spikes)
    circuit = copy.deepcopy(circuit) if copied else circuit
    parameters = dict(circuit.named_parameters())
    plain = _plain_current(circuit, spikes, circuit.weight_ei).sin().sum()
    expected = dict(zip(parameters, torch.autograd.grad(plain, list(parameters.values())), strict=True))
    circuit(spikes).sin().sum().backward()
    for name, parameter in parameters.items():
        scale = 64 if name == "weight_ei" else 1
        torch.testing.assert_close(parameter.grad, expected[name] / scale)


def test_v4_gradient_of_weight_ei_by_finite_differences(spikes: Tensor) -> None:
    circuit = _circuit(spikes)
    circuit(spikes).sin().sum().backward()
    step = torch.zeros_like(circuit.weight_ei)
    step[3, 2] = 1e-6
    with torch.no_grad():
        up, down = (_plain_current(circuit, spikes, circuit.weight_ei + sign * step).sin().sum() for sign in (1, -1))
    assert circuit.weight_ei.grad is not None
    assert circuit.weight_ei.grad[3, 2].item() * 64 == pytest.approx((up - down).item() / 2e-6, rel=1e-5)


def _vanishing_divisor() -> tuple[EILinear, Tensor]:
    """Two excitatory neurons, one per inhibitory neuron; the first gets no divisive inhibition: D = (0, 2)."""
    circuit = EILinear(2, 2, ratio=1).double()
    with torch.no_grad():
        circuit.weight_ee.copy_(torch.tensor([[3.0, 0.0], [5.0, 0.0]]))
        circuit.weight_ie.copy_(torch.tensor([[0.0, 1.0], [1.0, 0.0]]))
        circuit.weight_ei.copy_(torch.tensor([[1.0, 0.0], [0.0, 2.0]]))
        circuit.inited.fill_(True)
    return circuit, torch.tensor([[[1.0, 0.0]]], dtype=torch.float64)


def test_v4_straight_through_the_stabilisation() -> None:
    circuit, x = _vanishing_divisor()
    numerator, divisor = circuit.numerator_and_divisor(x)
    assert numerator.flatten().tolist() == [3, 3]
    assert divisor.flatten().tolist() == [2, 2]
    out = circuit(x).flatten()
    assert out.tolist() == [1.5, 1.5]
    # dD_1/dg_I1 = W_EI[1,1] s_1 = 0, so ask through W_EI: dD_1/dW_EI[1,2] = g_I2 s_2 = 1, dN_1/dW_EI[1,2] = -s_2 = -1.
    (gradient,) = torch.autograd.grad(out[0], circuit.weight_ei, retain_graph=True)
    identity = -3 / 2**2
    assert gradient[0, 1].item() * 2 == pytest.approx(-1 / 2 + identity)
    # The entry that lent its value, D_2, gets no gradient from the replaced one.
    assert gradient[1].tolist() == [0, 0]
    (own,) = torch.autograd.grad(out[1], circuit.weight_ei)
    assert own[1, 1].item() * 2 == pytest.approx(-1 / 2 + identity)
    assert own[0].tolist() == [0, 0]


def test_v5_silent_slices_give_the_bias_and_no_nan(spikes: Tensor) -> None:
    circuit = _circuit(spikes)
    with torch.no_grad():
        circuit.bias_e.normal_()
    x = spikes.clone()
    x[2] = 0
    x[4, 7] = 0
    out = circuit(x)
    torch.testing.assert_close(out[2], circuit.bias_e.expand(96, 40))
    torch.testing.assert_close(out[4, 7], circuit.bias_e)
    out.sum().backward()
    assert all(bool(parameter.grad.isfinite().all()) for parameter in circuit.parameters())
    torch.testing.assert_close(out[3], circuit(spikes)[3])


def test_v5_clamp(spikes: Tensor) -> None:
    model = EIMLP(EIMLPConfig()).double()
    model(spikes)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.sub_(2)
    clamp_constraints(model)
    for name, parameter in model.named_parameters():
        if name.endswith("bias_e"):
            assert parameter.max().item() < 0
        else:
            lowest = {"gain_i": GAIN_I_MINIMUM, "threshold": 0.05}.get(name.rsplit(".", 1)[-1], 0.0)
            assert parameter.min().item() == pytest.approx(lowest)


def test_empty_populations_are_refused() -> None:
    with pytest.raises(ConfigError, match="empty population"):
        EILinear(4, 3, ratio=4)
    with pytest.raises(InputError, match="64"):
        EILinear(64, 8)(torch.rand(2, 63))
