"""Small E-I networks that were really trained on the digits, once for all tests that ask for them."""

from __future__ import annotations

from functools import cache

from spikewright.models.networks import EIMLPConfig
from spikewright.toolchain.config import TrainConfig
from spikewright.toolchain.training import TrainResult, train

STEPS = 4


@cache
def trained(anneal_epochs: int = 0) -> tuple[TrainResult, TrainConfig]:
    """A network 64-32-10 for direct input, and its recipe."""
    network = EIMLPConfig(sizes=(64, 32, 10), steps=STEPS)
    recipe = {"epochs": 6, "finetune_epochs": 1, "encoder": "direct", "anneal_epochs": anneal_epochs}
    config = TrainConfig(network=network, **recipe)
    return train(config, progress=False), config
