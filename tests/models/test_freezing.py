"""Freezing the divisor: what is exact, what is least squares, and which rows are guarded (check V7)."""

from __future__ import annotations

import copy

import pytest
import torch
from torch import Tensor, nn

from spikewright.models.ei import EILinear
from spikewright.models.errors import InputError
from spikewright.models.freezing import calibrate_gain, freeze_gain, gain_statistics
from spikewright.models.networks import EIMLP, EIMLPConfig


def test_frozen_network_has_plain_layers_at_the_same_paths(spikes: Tensor) -> None:
    torch.manual_seed(0)
    model = EIMLP(EIMLPConfig()).double()
    model(spikes)
    before = copy.deepcopy(model.state_dict())
    frozen = freeze_gain(model, spikes)
    assert all(torch.equal(before[name], tensor) for name, tensor in model.state_dict().items())
    assert [path for path, _ in frozen.named_modules()] == [path for path, _ in model.named_modules()]
    assert type(frozen.get_submodule("hidden2.circuit")) is nn.Linear
    assert frozen.get_submodule("readout.circuit").bias is None
    assert frozen.frozen
    assert not model.frozen
    statistics = gain_statistics(model, spikes)
    assert list(statistics) == ["hidden1.circuit", "hidden2.circuit"]
    assert all(0 < entry.divisor_cv < 1 and entry.guarded_rows == 0 for entry in statistics.values())


def test_v7_frozen_network_is_exact_where_the_divisor_is_constant() -> None:
    """Every input row has the same sum and W_IE is uniform, so D never changes and nothing may be lost."""
    torch.manual_seed(0)
    order = torch.rand(6, 50, 20).argsort(-1)
    x = (order < 7).double()
    model = nn.Sequential(EILinear(20, 16)).double()
    model(x)
    with torch.no_grad():
        model[0].weight_ie.fill_(0.25)
        model[0].bias_e.normal_()
    frozen = freeze_gain(model, x)
    torch.testing.assert_close(frozen(x), model(x), rtol=1e-12, atol=1e-12)
    assert gain_statistics(model, x)["0"].divisor_cv < 1e-12


def test_calibrated_gain_is_the_least_squares_gain(spikes: Tensor) -> None:
    torch.manual_seed(0)
    circuit = EILinear(64, 40).double()
    circuit(spikes)
    gain = calibrate_gain(circuit, spikes).gain
    numerator, divisor = (part.reshape(-1, 40) for part in circuit.numerator_and_divisor(spikes))
    for row in (0, 17):
        solution = torch.linalg.lstsq(numerator[:, row : row + 1], (numerator / divisor)[:, row : row + 1]).solution
        assert gain[row].item() == pytest.approx(solution.item())


def test_rows_without_numerator_take_the_median_gain(spikes: Tensor) -> None:
    torch.manual_seed(0)
    circuit = EILinear(64, 40).double()
    circuit(spikes)
    with torch.no_grad():
        circuit.weight_ee[5] = circuit.weight_ei[5] @ circuit.weight_ie + 1e-9
        circuit.weight_ee[6], circuit.weight_ei[6] = 0, 0
    statistics = calibrate_gain(circuit, spikes)
    assert statistics.guarded_rows == 2
    others = torch.cat([statistics.gain[:5], statistics.gain[7:]])
    assert statistics.gain[5].item() == statistics.gain[6].item() == others.median().item()
    with pytest.raises(InputError, match="drives no neuron"):
        calibrate_gain(circuit, torch.zeros_like(spikes))
