"""W5: the network of W1 on 10 000 samples, T = 10, 20 % input; one thread and two, and counted by core."""

from __future__ import annotations

from typing import Any

from .contest import Effort, Rules, contest
from .peers import ON_TORCH
from .workloads import Spec

SPEC = Spec("W5, T=10, 20% input", 10, 0.20, samples=10_000)


def run(effort: Effort, backend: str, tiny: bool = False) -> dict[str, Any]:
    """Measure it."""
    spec = SPEC.tiny() if tiny else SPEC
    return {"workload": "W5", "cases": [contest(spec, ON_TORCH, effort, backend, Rules(threads=(1, 2), by_core=True))]}
