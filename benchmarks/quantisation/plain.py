"""Networks of plain layers as integers: every way to choose the integers, after training and by training."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import nir
import numpy as np
from torch import Tensor, nn

import spikewright.toolchain as sw
from spikewright.exporters.program.program import Program
from spikewright.exporters.quantization import QuantisedNetwork, fake_quantise
from spikewright.toolchain.data.jitter import jitter
from spikewright.toolchain.quantisation.finetuning import Recipe, finetune

from .data import CALIBRATION, images
from .nets import STEPS
from .recipes import RECIPES
from .train import CACHE, encoded, trained

AFTER: dict[str, dict[str, Any]] = {
    "8 bits": {"weight_bits": 8},
    "8 bits, max": {"weight_bits": 8, "scale": "max"},
    "8 bits, percentile": {"weight_bits": 8, "scale": "percentile"},
    "4 bits": {"weight_bits": 4},
    "4 bits, registers": {"weight_bits": 4, "rows": "registers"},
    "ternary": {"weight_bits": 2},
    "ternary, registers": {"weight_bits": 2, "rows": "registers"},
}
"""Options of `lower` for integers chosen after training. Ternary weights are 2 bits of both signs."""
TRAINED = ("4 bits", "ternary", "ternary, registers")
"""The ways of `AFTER` that train on through the integers."""
LR = 1e-2
"""Of that training, relative to the size of what is trained."""
SAMPLES = {"mlp": 20000, "cnn": 5000}
"""So many of the first training images train the integers, once each: a part of an epoch is enough."""


@dataclass(frozen=True, eq=False)
class Case:
    """A float network of one seed with what every way of quantising it needs."""

    name: str
    seed: int
    model: nn.Module
    graph: nir.NIRGraph
    calibration: np.ndarray

    @classmethod
    def of(cls, name: str, seed: int) -> Case:
        """Train or load it."""
        model, recipe = trained(name, seed), RECIPES[name]
        example = encoded(images(recipe.data).train[0][:CALIBRATION], recipe.input, STEPS)
        return cls(name, seed, model, sw.to_nir(model, example[:, :2])[0], whole(example))

    def rows(self, x: Tensor) -> np.ndarray:
        """Spikes (T, B, ...) of intensities, as integers."""
        return whole(encoded(x, RECIPES[self.name].input, STEPS))


def whole(spikes: Tensor) -> np.ndarray:
    """Spikes in one byte each."""
    return spikes.numpy().astype(np.uint8)


def lowered(case: Case, way: str) -> Program:
    """The program of a way of `AFTER`."""
    return sw.lower(case.graph, case.calibration, **AFTER[way])


def train_integers(case: Case, program: Program) -> QuantisedNetwork:
    """Quantisation-aware training from the float weights toward the float network's logits, kept in the cache."""
    recipe = RECIPES[case.name]
    x, y = (part[: SAMPLES[case.name]] for part in images(recipe.data).train)
    network = fake_quantise(program, case.graph)
    tuning = Recipe(epochs=1, lr=LR, distillation=1.0, seed=case.seed)
    encoder = partial(shown, kind=recipe.input, deformation=recipe.jitter)
    path = cached(case.name, case.seed, program, tuning, len(x))
    finetune(network, x, y, encoder, tuning, teacher=case.model, checkpoint=path)
    return network


def shown(x: Tensor, kind: str, deformation: tuple[float, float, float]) -> Tensor:
    """Rows of deformed training images."""
    return encoded(jitter(x, *deformation), kind, STEPS)


def cached(name: str, seed: int, program: Program, tuning: Recipe, samples: int) -> Path:
    """Where the integers of a network are kept that were trained from `program` like this."""
    told = repr((program.content_hash, tuning, samples, RECIPES[name].jitter))
    return CACHE / f"{name}-seed{seed}-integers-{hashlib.sha256(told.encode()).hexdigest()[:12]}.safetensors"
