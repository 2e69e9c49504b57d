"""E-I circuits that divide on the chip with few weight bits, after training and trained through the integers."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import Tensor

import spikewright.toolchain as sw
from spikewright.exporters.program.program import Program
from spikewright.exporters.quantization import fake_quantise
from spikewright.models.copying import copy_module
from spikewright.toolchain.quantisation.dimming import dimmed
from spikewright.toolchain.quantisation.finetuning import Recipe, finetune

from .data import CALIBRATION, images
from .nets import STEPS
from .plain import cached, shown
from .recipes import RECIPES
from .train import encoded, logits, trained

PART = 500
WAYS = {"4 bits": 4, "ternary": 2}
TRAINING = {"ei_digits": (10, 1200), "ei_mnist": (1, 20000)}
"""Passes over so many of the first training images, of the ternary network."""


def coarse_ways(name: str, seed: int, count: int, tell: Callable[[str], None]) -> dict[str, dict[str, Any]]:
    """Accuracy and agreement with the exact circuit, on clean and dimmed images, by way."""
    parts, model = images(RECIPES[name].data), trained(name, seed)
    x, y = (part[:count] for part in parts.test)
    sets = {"clean": x, "dimmed": torch.from_numpy(dimmed(x.numpy()))}
    exact = {part: _classes_of_float(model, rows) for part, rows in sets.items()}
    found = {}
    for way, program in _programs(name, seed, tell):
        found[f"dynamic-3, {way}"] = {"title": f"dynamic, 3 bits, weights {way}"} | {
            part: _score(_classes(program, rows), exact[part], y.numpy()) for part, rows in sets.items()
        }
    return found


def _programs(name: str, seed: int, tell: Callable[[str], None]) -> Any:
    parts, model = images(RECIPES[name].data), trained(name, seed)
    calibration = encoded(parts.train[0][:CALIBRATION], "direct", STEPS)
    graph, _ = sw.to_nir(copy_module(model).double(), calibration.double())
    for way, bits in WAYS.items():
        tell(f"{name} seed {seed}: dynamic, weights {way}")
        program = sw.lower(graph, calibration.numpy(), ei="dynamic", weight_bits=bits)
        yield way, program
    tell(f"{name} seed {seed}: dynamic, weights ternary, training")
    epochs, samples = TRAINING[name]
    recipe = RECIPES[name]
    tuning = Recipe(epochs=epochs, batch_size=recipe.batch, seed=seed)
    network = fake_quantise(program, graph, model)
    x, y = (part[:samples] for part in parts.train)
    path = cached(name, seed, program, tuning, samples)
    encoder = partial(shown, kind="direct", deformation=recipe.jitter)
    finetune(network, x, y, encoder, tuning, teacher=model, checkpoint=path)
    yield "ternary, trained", network.to_program()


@torch.no_grad()
def _classes_of_float(model: torch.nn.Module, x: Tensor) -> np.ndarray:
    return torch.cat([logits(model, rows, "direct", STEPS).argmax(1) for rows in x.split(PART)]).numpy()


def _classes(program: Program, x: Tensor) -> np.ndarray:
    traces = [sw.simulate(program, encoded(rows, "direct", STEPS).numpy(), backend="engine") for rows in x.split(PART)]
    return np.concatenate([trace.predict() for trace in traces])


def _score(found: np.ndarray, exact: np.ndarray, y: np.ndarray) -> dict[str, float | None]:
    return {
        "accuracy": float((found == y).mean()),
        "agreement": float((found == exact).mean()),
        "spikes_different": None,
    }
