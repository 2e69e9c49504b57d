"""The annealed divisor: what it is at every share, what it follows, and that freezing it at the end is exact."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from spikewright.models.annealing import share_at
from spikewright.models.checkpoint import FORMAT, load_checkpoint, save_checkpoint
from spikewright.models.ei import EILinear, anneal_divisors
from spikewright.models.errors import ConfigError, InputError
from spikewright.models.freezing import freeze_gain, gain_statistics
from spikewright.models.networks import EIMLP, EIMLPConfig


@pytest.fixture
def circuit(spikes: Tensor) -> EILinear:
    """A circuit that has seen one batch with the share 0."""
    torch.manual_seed(0)
    made = EILinear(64, 40).double()
    made(spikes)
    with torch.no_grad():
        made.bias_e.normal_()
    made.anneal_(0)
    made(spikes)
    return made


@pytest.fixture
def annealed(spikes: Tensor) -> EIMLP:
    torch.manual_seed(0)
    model = EIMLP(EIMLPConfig()).double()
    model(spikes)
    anneal_divisors(model, 0)
    model(spikes)
    anneal_divisors(model, 1)
    return model


def test_the_divisor_at_every_share(circuit: EILinear, spikes: Tensor) -> None:
    circuit.eval()
    numerator, exact = circuit.numerator_and_divisor(spikes)
    mean = exact.reshape(-1, 40).mean(0)
    for share in (0, 0.25, 1):
        circuit.anneal_(share)
        torch.testing.assert_close(circuit.numerator_and_divisor(spikes)[1], (1 - share) * exact + share * mean)
        assert circuit.divides is (share < 1)
    torch.testing.assert_close(circuit(spikes), circuit.gain_e * numerator / mean + circuit.bias_e)


def test_share_zero_changes_no_bit(circuit: EILinear, spikes: Tensor) -> None:
    torch.manual_seed(0)
    plain = EILinear(64, 40).double()
    plain(spikes)
    with torch.no_grad():
        plain.bias_e.copy_(circuit.bias_e)
    assert torch.equal(circuit(spikes), plain(spikes))
    assert set(circuit.state_dict()) - set(plain.state_dict()) == {"annealing.share", "annealing.mean"}


def test_the_mean_follows_in_training_until_the_share_is_one(circuit: EILinear, spikes: Tensor) -> None:
    before = circuit.annealing.mean.clone()
    circuit(3 * spikes)
    torch.testing.assert_close(circuit.annealing.mean, 1.2 * before)
    circuit.eval()(spikes)
    torch.testing.assert_close(circuit.annealing.mean, 1.2 * before)
    circuit.train().anneal_(1)
    circuit(7 * spikes)
    torch.testing.assert_close(circuit.annealing.mean, 1.2 * before)


def test_silent_samples_are_no_part_of_the_mean(circuit: EILinear, spikes: Tensor) -> None:
    before = circuit.annealing.mean.clone()
    silent = spikes.clone()
    silent[:, 48:] = 0
    circuit(silent)
    expected = circuit.eval().numerator_and_divisor(spikes[:, :48])[1].reshape(-1, 40).mean(0)
    torch.testing.assert_close(circuit.annealing.mean, 0.9 * before + 0.1 * expected)
    circuit.train()(torch.zeros_like(spikes))
    assert bool(circuit.annealing.mean.isfinite().all())


def test_no_gradient_passes_the_mean(circuit: EILinear, spikes: Tensor) -> None:
    """At share a the gradient of gain_i is that of the dynamic part alone, (1 - a) D."""
    circuit.eval().anneal_(0.75)
    numerator, divisor = (part.detach() for part in circuit.numerator_and_divisor(spikes))
    circuit(spikes).sum().backward()
    inhibitory = spikes @ circuit.weight_ie.T
    slope = -circuit.gain_e * numerator / divisor**2 * 0.25
    expected = torch.einsum("tbe,ei,tbi->i", slope, circuit.weight_ei, inhibitory)
    torch.testing.assert_close(circuit.gain_i.grad, expected.detach())
    circuit.anneal_(1)
    assert not circuit.numerator_and_divisor(spikes)[1].requires_grad


def test_freezing_an_annealed_network_is_exact(annealed: EIMLP, spikes: Tensor) -> None:
    """Weights are one product instead of a quotient, so float64 differs by rounding: 1e-12 relative."""
    frozen = freeze_gain(annealed, spikes[:, :3])
    torch.testing.assert_close(frozen(spikes), annealed(spikes), rtol=1e-12, atol=1e-12)
    layer = frozen.get_submodule("hidden1.circuit")
    circuit = annealed.get_submodule("hidden1.circuit")
    x = torch.rand(5, 64, dtype=torch.float64)
    torch.testing.assert_close(layer(x), circuit(x), rtol=1e-12, atol=1e-12)
    assert all(s.divisor_cv == 0 and s.guarded_rows == 0 for s in gain_statistics(annealed, spikes).values())


def test_before_any_batch_there_is_no_mean(spikes: Tensor) -> None:
    torch.manual_seed(0)
    circuit = EILinear(64, 40).double()
    circuit(spikes)
    with pytest.raises(InputError, match="pass a batch in training mode"):
        circuit.anneal_(0.5)
    with pytest.raises(ConfigError, match="0 to 1"):
        circuit.anneal_(1.5)
    output = EILinear(64, 10, output=True)
    output.anneal_(1)
    assert output.annealing is None and not output.divides


def test_the_share_rises_in_the_first_half_and_stays() -> None:
    shares = [share_at(step, 101) for step in range(101)]
    assert shares[:3] == [0, 0.02, 0.04] and shares[50:] == [1] * 51
    assert share_at(0, 1) == 0 and [share_at(step, 2) for step in range(2)] == [0, 1]


def test_checkpoint_round_trip(annealed: EIMLP, spikes: Tensor, tmp_path: Path) -> None:
    save_checkpoint(annealed, annealed.config, tmp_path / "net.safetensors")
    loaded = load_checkpoint(tmp_path / "net.safetensors")
    assert loaded.annealed and not loaded.get_submodule("hidden1.circuit").divides
    assert torch.equal(loaded(spikes), annealed(spikes))


def test_files_from_before_annealing_load_and_a_torn_one_is_refused(
    annealed: EIMLP, spikes: Tensor, tmp_path: Path
) -> None:
    torch.manual_seed(0)
    plain, path = EIMLP(EIMLPConfig()).double(), tmp_path / "net.safetensors"
    plain(spikes)
    header = {"version": 1, "network": EIMLPConfig().to_dict(), "frozen": False}
    save_file(dict(plain.state_dict()), path, metadata={FORMAT: json.dumps(header)})
    loaded = load_checkpoint(path)
    assert not loaded.annealed and torch.equal(loaded(spikes), plain(spikes))
    save_checkpoint(plain, plain.config, path)
    assert FORMAT in path.read_bytes().decode("latin1") and b"annealed" not in path.read_bytes()
    tensors = {name: tensor.clone() for name, tensor in load_file(path).items()}
    save_file(tensors, path, metadata={FORMAT: json.dumps(header | {"annealed": True})})
    with pytest.raises(InputError, match=r"annealing\.mean is missing"):
        load_checkpoint(path)
