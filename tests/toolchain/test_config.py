"""Training configurations from TOML."""

from __future__ import annotations

from pathlib import Path

import pytest

from spikewright.models.errors import ConfigError, InputError
from spikewright.models.networks import EIMLPConfig
from spikewright.toolchain.config import TrainConfig, load_train_config


def _load(folder: Path, text: str) -> TrainConfig:
    path = folder / "run.toml"
    path.write_text(text, encoding="utf-8")
    return load_train_config(path)


def test_toml_with_a_network_table(tmp_path: Path) -> None:
    config = _load(tmp_path, 'epochs = 3\nsplit = "writer"\n[network]\nsizes = [64, 32, 10]\nspike_op = ">="\n')
    assert config.epochs == 3
    assert config.split == "writer"
    assert config.data == "digits:writer:0"
    assert config.network == EIMLPConfig(sizes=(64, 32, 10), spike_op=">=")


def test_defaults_and_round_trip(tmp_path: Path) -> None:
    assert _load(tmp_path, "") == TrainConfig()
    config = TrainConfig(seed=3, network=EIMLPConfig(steps=4))
    assert TrainConfig.from_dict(config.to_dict()) == config


def test_all_mistakes_are_told_with_hints(tmp_path: Path) -> None:
    text = 'epoch = 3\nlr = -1.0\nbatch_size = "many"\n[network]\ntreshold = 1.0\nstep = 3\n'
    with pytest.raises(ConfigError) as caught:
        _load(tmp_path, text)
    message = str(caught.value)
    assert "run.toml" in message
    for part in ("did you mean 'epochs'", "lr: ", "batch_size: ", "did you mean 'threshold'", "did you mean 'steps'"):
        assert part in message


def test_network_must_fit_the_digits() -> None:
    with pytest.raises(ConfigError, match="64 inputs and 10 classes"):
        TrainConfig.from_dict({"network": {"sizes": [63, 20, 10]}})


def test_the_annealed_epochs_are_the_last_of_all() -> None:
    assert TrainConfig(epochs=3, anneal_epochs=3, encoder="direct").to_dict()["encoder"] == "direct"
    with pytest.raises(ConfigError) as caught:
        TrainConfig.from_dict({"epochs": 3, "anneal_epochs": 4, "encoder": "poisson"})
    assert "only the last of all 3 epochs can be annealed" in str(caught.value)
    assert "'rate' or 'direct'" in str(caught.value)


def test_unreadable_files(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no configuration file"):
        load_train_config(tmp_path / "absent.toml")
    with pytest.raises(InputError, match="TOML"):
        _load(tmp_path, "epochs = = 3")
