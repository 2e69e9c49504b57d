"""Which stage of a run is lowered: the one that divides, or the one tuned without."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from spikewright.models.ei import EILinear
from spikewright.models.errors import ConfigError
from spikewright.models.freezing import freeze_gain
from spikewright.models.networks import EIMLP, EIMLPConfig
from spikewright.toolchain.sources import Source, calibrated, network_source
from spikewright.toolchain.stages import ei_for_chip, stage_for

X = (np.random.default_rng(0).random((4, 6, 12)) < 0.5).astype(np.uint8)


@pytest.fixture(scope="module")
def run() -> Source:
    torch.manual_seed(0)
    exact = EIMLP(EIMLPConfig(sizes=(12, 8, 4), steps=4))
    spikes = torch.as_tensor(X, dtype=torch.float32)
    with torch.no_grad():
        exact(spikes)
    return network_source("run", exact.eval(), freeze_gain(exact, spikes).eval(), None)


def circuits(source: Source) -> bool:
    return any(isinstance(module, EILinear) for module in source.frozen.modules())


@pytest.mark.parametrize(
    ("ei", "chip", "stage", "why"),
    [
        ("", "", "frozen", "--ei static"),
        ("static", "loihi2-microcode", "frozen", "--ei static"),
        ("dynamic", "", "exact", "divide"),
        ("auto", "", "exact", "divide"),
        ("auto", "loihi2-microcode", "exact", "divide"),
        ("auto", "loihi1-davies2018", "frozen", "loihi1-davies2018 cannot divide"),
    ],
)
def test_the_stage_follows_the_option_and_the_chip(run, ei, chip, stage, why) -> None:
    source, (name, reason) = stage_for(run, ei, chip)
    assert (name, why in reason) == (stage, True)
    assert circuits(source) == (stage == "exact")


def test_a_network_of_one_stage_is_left_alone(run) -> None:
    alone = network_source("alone", run.model, run.model, None)
    assert stage_for(alone, "dynamic") == (alone, None)
    with pytest.raises(ConfigError, match="known are static, dynamic, auto"):
        stage_for(alone, "sometimes")


def test_circuits_get_real_input_as_their_example(run) -> None:
    exact, _ = stage_for(run, "dynamic")
    assert exact.input_shape == (12,)
    given = calibrated(exact, X)
    assert np.array_equal(given.example.numpy(), X)
    program = given.program(X, ei="dynamic")
    assert program.settings["ei"] == ("dynamic", "argument")
    assert [p.kind for p in program.populations] == ["ei_gain", "readout"]
    assert calibrated(run, X) is run  # frozen: its gains are set
    assert calibrated(exact, None) is exact


def test_auto_is_settled_by_the_chip_that_a_network_is_placed_on() -> None:
    assert ei_for_chip("auto", "loihi1-davies2018") == "static"
    given = [("auto", "loihi2-microcode"), ("auto", ""), ("dynamic", "loihi1-davies2018"), ("", "loihi1-davies2018")]
    assert [ei_for_chip(*pair) for pair in given] == ["auto", "auto", "dynamic", ""]
