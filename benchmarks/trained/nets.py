"""Trained networks, from torch to a program; `benchmarks/cache` keeps what was trained."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
import torch

import spikewright.toolchain as sw
from spikewright.exporters.program.program import Program
from spikewright.toolchain.config import TrainConfig
from spikewright.toolchain.data.samples import Samples
from spikewright.toolchain.runs import MARKER, load_run, save_run
from spikewright.toolchain.sources import network_source
from spikewright.toolchain.training import train

from ..quantisation.recipes import RECIPES
from ..quantisation.train import trained as trained_on_images
from . import events

SEED = 0
SHORT = (4, 8)
"""Time steps of every epoch on MNIST: two of them, some minutes, already classify 99 % of the validation part."""


@dataclass(frozen=True)
class Net:
    """A network to be trained.

    Attributes
    ----------
    name, network : str
        What it is called, and its layers in words.
    data : str
        Of `load_samples`; its test part is run.
    steps : int
        T.
    program : callable
        Takes the samples and the folder of the cache; trains, or reads what was trained, and lowers.
    search_rows : int
        Rows of the samples on which a peer's batch size is tried, at most.
    """

    name: str
    network: str
    data: str
    steps: int
    program: Callable[[Samples, Path], Program]
    search_rows: int = 1000


def demo(samples: Samples, cache: Path, config: TrainConfig | None = None) -> Program:
    """E-I circuits on scikit-learn's digits as the demo trains, freezes and tunes them."""
    config = config or TrainConfig(seed=SEED)
    settings = json.dumps(config.to_dict(), sort_keys=True)
    folder = cache / f"demo-{hashlib.sha256(settings.encode()).hexdigest()[:8]}-seed{config.seed}"
    if not (folder / MARKER).exists():
        cache.mkdir(parents=True, exist_ok=True)
        save_run(train(config, progress=False), config, folder)
    run = load_run(folder)
    return network_source("demo", run.exact, run.frozen, config.data, config.encoder).program(samples.calibration)


def images(samples: Samples, cache: Path) -> Program:
    """Convolutions on MNIST: the network of `benchmarks.quantisation`, trained for fewer epochs."""
    return _lowered(trained_on_images("cnn", SEED, replace(RECIPES["cnn"], steps=SHORT), cache), samples)


def recordings(samples: Samples, cache: Path) -> Program:
    """Convolutions on the events of N-MNIST."""
    return _lowered(events.trained(SEED, cache), samples)


def _lowered(model: torch.nn.Module, samples: Samples) -> Program:
    rows = np.asarray(samples.calibration)
    graph, _ = sw.to_nir(model, torch.from_numpy(rows[:, :2]).float())
    return sw.lower(graph, rows)


DEMO = Net("demo", "64-128-64-10", "digits", 8, demo)
NETS = (
    DEMO,
    Net("MNIST", "1x28x28, conv 24 5x5 s2, conv 48 s2, conv 64 s2, 10", "mnist", 8, images, 400),
    Net("N-MNIST", "2x34x34, conv 16 5x5 s2, conv 32 s2, conv 64 s2, 10", events.DATA, events.STEPS, recordings, 400),
)
TINY = (replace(DEMO, program=partial(demo, config=TrainConfig(seed=SEED, epochs=1, finetune_epochs=1))),)
"""Hardly trained, to see that everything runs."""
