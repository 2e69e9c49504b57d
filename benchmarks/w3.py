"""W3: strided convolutions on 2 x 128 x 128 events, T = 100, 1.5 % input, 2 % in every layer."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from .contest import Effort, Rules, contest
from .peers import ON_TORCH
from .workloads import Convolution, Spec

LAYERS = (Convolution(16, 2), Convolution(32, 2), Convolution(64, 2), Convolution(64, 2), 256, 11)
SPEC = Spec(
    "W3, T=100, 1.5% input",
    100,
    0.015,
    samples=8,
    shape=(2, 128, 128),
    layers=LAYERS,
    rate=0.02,
    calibration_samples=2,
)


def run(effort: Effort, backend: str, tiny: bool = False) -> dict[str, Any]:
    """Measure it on few samples, of which a peer needs a third of a second each."""
    if not tiny:
        effort = replace(effort, single_rows=200, search_rows=200, batches=(1, 2, 4, 8))
    spec = SPEC.tiny() if tiny else SPEC
    return {"workload": "W3", "cases": [contest(spec, ON_TORCH, effort, backend, Rules(threads=(1, 2)))]}
