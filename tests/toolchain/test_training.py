"""Training runs: constraints after every step, reproducibility, quietness, and what the two parts of the method do."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest
import torch
from torch import nn

from spikewright.models.ei import GAIN_I_MINIMUM, EILinear
from spikewright.models.encoders import direct_code, rate_code
from spikewright.models.networks import EIMLP, EIMLPConfig
from spikewright.models.neurons import LIF, THRESHOLD_MINIMUM
from spikewright.toolchain import training
from spikewright.toolchain.config import TrainConfig
from spikewright.toolchain.data.digits import load_digits

SMALL = TrainConfig(network=EIMLPConfig(sizes=(64, 32, 10), steps=4), epochs=2, finetune_epochs=1)


def _assert_constraints(model: nn.Module) -> None:
    for module in model.modules():
        if isinstance(module, LIF):
            assert module.threshold.min().item() >= THRESHOLD_MINIMUM - 1e-9
        if isinstance(module, EILinear):
            assert min(w.min().item() for w in (module.weight_ee, module.weight_ie, module.weight_ei)) >= 0
            if not module.output:
                assert module.gain_i.min().item() >= GAIN_I_MINIMUM - 1e-9
                assert module.gain_e.min().item() >= 0


def test_smoke_with_constraints_after_every_step(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    steps = 0

    def checked(model: nn.Module) -> None:
        nonlocal steps
        steps += 1
        original(model)
        _assert_constraints(model)

    original = training.clamp_constraints
    monkeypatch.setattr(training, "clamp_constraints", checked)
    monkeypatch.chdir(tmp_path)
    level = logging.getLogger("lightning.pytorch").level
    state = torch.get_rng_state()
    result = training.train(SMALL, progress=False)
    assert steps == 3 * 22
    assert result.metrics["accuracy"] > 0.6
    assert result.metrics["frozen_accuracy"] > 0.6
    assert result.frozen.frozen
    assert not result.model.frozen
    assert not result.model.training
    _assert_constraints(result.model)
    _assert_constraints(result.frozen)
    # Nothing printed, no file written, no global state changed.
    assert capfd.readouterr() == ("", "")
    assert not list(tmp_path.iterdir())
    assert torch.equal(torch.get_rng_state(), state)
    assert logging.getLogger("lightning.pytorch").level == level


def test_same_seed_same_network() -> None:
    config = SMALL.model_copy(update={"seed": 1, "epochs": 1})
    first, same = (training.train(config, progress=False) for _ in range(2))
    for name, tensor in first.frozen.state_dict().items():
        assert torch.equal(tensor, same.frozen.state_dict()[name])
    assert not torch.equal(first.model.hidden1.lif.threshold, torch.ones(32))


def test_an_annealed_network_is_static_and_freezing_it_changes_nothing() -> None:
    config = SMALL.model_copy(update={"epochs": 4, "anneal_epochs": 2, "finetune_epochs": 0})
    result = training.train(config, progress=False)
    circuit = result.model.hidden1.circuit
    assert result.model.annealed and not circuit.divides
    assert result.metrics["accuracy"] > 0.6
    assert result.metrics["frozen_accuracy"] == result.metrics["accuracy"]
    assert result.metrics["divisor_cv"] == {"hidden1.circuit": 0}
    # The mean is that of the divisors, which moved a little after it had stopped following them.
    x = rate_code(torch.from_numpy(load_digits().x_train), 4)
    divisor = torch.nn.functional.linear(x, circuit.divisor_weight()).mean((0, 1))
    torch.testing.assert_close(circuit.annealing.mean, divisor, rtol=0.3, atol=0)


def test_only_the_last_epochs_are_annealed(monkeypatch: pytest.MonkeyPatch) -> None:
    shares: list[float] = []
    monkeypatch.setattr(training, "anneal_divisors", lambda model, share: shares.append(share))
    digits = load_digits()
    model = EIMLP(SMALL.network)
    training.fit(model, torch.from_numpy(digits.x_train), torch.from_numpy(digits.y_train), SMALL, 3, 0.1, False, 2)
    assert len(shares) == 2 * 22 + 1
    assert shares[0] == 0 and shares == sorted(shares) and shares[22:] == [1] * 23


def test_with_direct_input_the_exact_network_is_blind_to_brightness() -> None:
    config = SMALL.model_copy(update={"encoder": "direct"})
    result = training.train(config, progress=False)
    x = torch.from_numpy(load_digits().x_test).double()
    exact, frozen = result.model.double(), result.frozen.double()
    bright, dark = (exact(direct_code(image, 4)) for image in (x, 0.3 * x))
    assert torch.equal(bright.argmax(1), dark.argmax(1))
    torch.testing.assert_close(bright, dark, rtol=1e-9, atol=1e-9)
    bright, dark = (frozen(direct_code(image, 4)).argmax(1) for image in (x, 0.3 * x))
    assert not torch.equal(bright, dark), "a fixed gain is not"


def test_thresholds_have_a_group_of_their_own() -> None:
    model = EIMLP(EIMLPConfig())
    optimiser = training.build_optimiser(model, TrainConfig(), lr=0.2)
    weights, thresholds = optimiser.param_groups
    assert thresholds["lr"] == pytest.approx(0.02)
    assert thresholds["weight_decay"] == 0
    assert len(thresholds["params"]) == 2
    assert len(weights["params"]) + 2 == len(list(model.parameters()))
    assert (
        len(training.build_optimiser(EIMLP(EIMLPConfig(learn_threshold=False)), TrainConfig(), 0.2).param_groups) == 1
    )


def test_evaluate_is_the_share_of_right_classes() -> None:
    digits = load_digits()
    model = EIMLP(EIMLPConfig()).eval()
    torch.manual_seed(0)
    predicted = model(rate_code(torch.from_numpy(digits.x_test), 8)).argmax(1)
    assert training.evaluate(model, digits.x_test, predicted.numpy()) == 1
    assert training.evaluate(model, digits.x_test, (predicted + 1).numpy()) == 0
    direct = model(direct_code(torch.from_numpy(digits.x_test), 8)).argmax(1)
    assert training.evaluate(model, digits.x_test, direct.numpy(), "direct") == 1


def _trained_accuracy(taken_away: str) -> float:
    """Train four hidden layers for three epochs, with one part of the method taken away."""
    config = TrainConfig(network=EIMLPConfig(sizes=(64, 64, 64, 64, 64, 10), steps=4))
    digits = load_digits()
    x, y = torch.from_numpy(digits.x_train), torch.from_numpy(digits.y_train)
    torch.manual_seed(0)
    model = EIMLP(config.network)
    model(rate_code(x, 4))
    for circuit in (module for module in model.modules() if isinstance(module, EILinear)):
        if taken_away == "init":
            _kaiming(circuit)
        if taken_away == "gradient scaling":
            circuit.weight_ei.register_hook(lambda gradient, d=circuit.in_features: gradient * d)
    training.fit(model, x, y, config, epochs=3, lr=config.lr)
    return training.evaluate(model, digits.x_test, digits.y_test)


@torch.no_grad()
def _kaiming(circuit: EILinear) -> None:
    for weight in (circuit.weight_ee, circuit.weight_ie, circuit.weight_ei):
        weight.copy_(nn.init.kaiming_uniform_(weight).abs())
    if not circuit.output:
        circuit.gain_i.fill_(1)


def test_v6_ablation() -> None:
    """The whole method trains a deep network at once; without E-I Init or the scaled gradient it hardly learns."""
    whole = _trained_accuracy("nothing")
    assert whole > 0.65
    assert _trained_accuracy("init") < 0.2
    assert _trained_accuracy("gradient scaling") < whole - 0.2
