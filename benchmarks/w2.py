"""W2: a network of the form of VGG-8 on 3 x 32 x 32 input, T = 4, 15 % input, 12 % in every layer."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from .contest import Effort, Rules, contest
from .peers import ON_TORCH
from .workloads import Convolution, Spec

LAYERS = (
    Convolution(64),
    Convolution(128, 2),
    Convolution(128),
    Convolution(256, 2),
    Convolution(256),
    Convolution(512, 2),
    512,
    10,
)
SPEC = Spec("W2, T=4, 15% input", 4, 0.15, samples=64, shape=(3, 32, 32), layers=LAYERS, rate=0.12)


def run(effort: Effort, backend: str, tiny: bool = False) -> dict[str, Any]:
    """Measure it, with batches that fit its longer samples."""
    if not tiny:
        effort = replace(effort, single_rows=64, search_rows=16, batches=(1, 4, 8, 16, 32, 64))
    spec = SPEC.tiny() if tiny else SPEC
    return {"workload": "W2", "cases": [contest(spec, ON_TORCH, effort, backend, Rules(threads=(1, 2)))]}
