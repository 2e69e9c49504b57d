"""W1: a dense network 784-512-10, T = 10 and 100, 5 % and 20 % input; one sample at a time, and many."""

from __future__ import annotations

from typing import Any

from .contest import Effort, contest
from .peers import LAVA, ON_TORCH
from .workloads import Spec

SPECS = tuple(
    Spec(f"W1, T={steps}, {rate:.0%} input", steps, rate, samples=1000) for steps in (10, 100) for rate in (0.05, 0.20)
)


def run(effort: Effort, backend: str, tiny: bool = False) -> dict[str, Any]:
    """Measure every case; Lava takes part in the long ones, where a sample outweighs the call that runs it."""
    cases = [
        contest(spec.tiny() if tiny else spec, (*ON_TORCH, *([LAVA] if spec.steps == 100 else [])), effort, backend)
        for spec in SPECS
    ]
    return {"workload": "W1", "cases": cases}
