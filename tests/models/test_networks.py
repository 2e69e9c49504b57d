"""Building, tracing and storing networks."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, fx, nn

from spikewright.models.checkpoint import FORMAT, load_checkpoint, save_checkpoint
from spikewright.models.ei import EILinear
from spikewright.models.encoders import rate_code
from spikewright.models.errors import ConfigError, InputError
from spikewright.models.freezing import freeze_gain
from spikewright.models.networks import EIMLP, EIMLPConfig
from spikewright.models.neurons import LIF, MeanReadout

CONFIG = EIMLPConfig(sizes=(12, 16, 8, 4), steps=5, reset="subtract", spike_op=">=", share="layer", ratio=2)


class LeafTracer(fx.Tracer):
    """A tracer as an exporter has it: our modules are leaves."""

    def is_leaf_module(self, m: nn.Module, module_qualified_name: str) -> bool:
        return isinstance(m, (LIF, EILinear, MeanReadout, nn.Linear))


@pytest.fixture
def spikes() -> Tensor:
    return rate_code(torch.rand(30, 12, generator=torch.Generator().manual_seed(1)), 5)


@pytest.fixture
def model(spikes: Tensor) -> EIMLP:
    torch.manual_seed(0)
    network = EIMLP(CONFIG)
    network(spikes)
    return network


@pytest.mark.parametrize("frozen", [False, True])
def test_network_is_a_traceable_chain(model: EIMLP, spikes: Tensor, frozen: bool) -> None:
    network = freeze_gain(model, spikes) if frozen else model
    graph = LeafTracer().trace(network)
    paths = [node.target for node in graph.nodes if node.op == "call_module"]
    assert paths == [
        "hidden1.circuit",
        "hidden1.lif",
        "hidden2.circuit",
        "hidden2.lif",
        "readout.circuit",
        "readout.mean",
    ]
    assert {node.op for node in graph.nodes} == {"placeholder", "call_module", "output"}
    assert torch.equal(fx.GraphModule(network, graph)(spikes), network(spikes))
    assert network(spikes).shape == (30, 4)


def test_settings_reach_the_neurons(model: EIMLP) -> None:
    lif = model.get_submodule("hidden2.lif")
    assert isinstance(lif, LIF)
    assert (lif.size, lif.tau, lif.reset, lif.spike_op, lif.threshold.shape) == (8, 2.0, "subtract", ">=", ())


def test_config_tells_all_violations() -> None:
    with pytest.raises(ConfigError) as caught:
        EIMLPConfig(sizes=(64,), steps=0, tau=0.1, reset="hard", surrogate="box")  # type: ignore[arg-type]
    assert len(caught.value.violations) == 5
    with pytest.raises(ConfigError, match="ratio=4"):
        EIMLPConfig(sizes=(64, 3, 10))
    with pytest.raises(ConfigError, match="steps has the wrong type: True"):
        EIMLPConfig(steps=True)
    with pytest.raises(ConfigError, match="did you mean 'threshold'"):
        EIMLPConfig.from_dict({"treshold": 1.0})


def test_config_round_trip_through_json() -> None:
    assert EIMLPConfig.from_dict(json.loads(json.dumps(CONFIG.to_dict()))) == CONFIG


@pytest.mark.parametrize("double", [False, True])
@pytest.mark.parametrize("frozen", [False, True])
def test_checkpoint_round_trip(model: EIMLP, spikes: Tensor, tmp_path: Path, frozen: bool, double: bool) -> None:
    network = freeze_gain(model, spikes) if frozen else model
    assert isinstance(network, EIMLP)
    network, x = (network.double(), spikes.double()) if double else (network, spikes)
    save_checkpoint(network, CONFIG, tmp_path / "net.safetensors")
    loaded = load_checkpoint(tmp_path / "net.safetensors")
    assert torch.equal(loaded(x), network(x))
    assert loaded.frozen is frozen
    assert loaded.config == CONFIG
    assert [entry.name for entry in tmp_path.iterdir()] == ["net.safetensors"]


def test_checkpoint_refuses_a_foreign_configuration(model: EIMLP, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="shape") as caught:
        save_checkpoint(model, EIMLPConfig(sizes=(12, 16, 12, 4), share="layer", ratio=2), tmp_path / "net")
    assert len(caught.value.violations) > 2
    assert not list(tmp_path.iterdir())


def _rewrite(path: Path, tensors: dict[str, Tensor], header: object) -> None:
    save_file(tensors, path, metadata={FORMAT: json.dumps(header)})


def test_damaged_checkpoints_are_refused(model: EIMLP, tmp_path: Path) -> None:
    path = tmp_path / "net.safetensors"
    with pytest.raises(InputError, match="no checkpoint file"):
        load_checkpoint(path)
    save_checkpoint(model, CONFIG, path)
    # Cloned: load_file maps the file into memory, and this test overwrites it.
    tensors, whole = {name: tensor.clone() for name, tensor in load_file(path).items()}, path.read_bytes()
    header = {"version": 1, "network": CONFIG.to_dict(), "frozen": False}

    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(InputError, match="not a readable safetensors"):
        load_checkpoint(path)
    save_file(tensors, path)
    with pytest.raises(InputError, match="header"):
        load_checkpoint(path)
    _rewrite(path, tensors, {**header, "version": 2})
    with pytest.raises(InputError, match="version 2"):
        load_checkpoint(path)
    _rewrite(path, tensors, {**header, "network": {"size": [1, 2]}})
    with pytest.raises(ConfigError, match="sizes"):
        load_checkpoint(path)
    _rewrite(path, tensors, {**header, "frozen": True})
    with pytest.raises(InputError, match="is missing"):
        load_checkpoint(path)
    tensors["hidden1.circuit.weight_ee"][0, 0] = float("nan")
    _rewrite(path, tensors, header)
    with pytest.raises(InputError, match="NaN"):
        load_checkpoint(path)
