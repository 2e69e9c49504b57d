"""W5: the network of W1 on 10 000 samples, T = 10, 20 % input; one thread and two."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from .contest import Effort, contest
from .peers import SNNTORCH
from .workloads import Spec

SPEC = Spec("W5, T=10, 20% input", 10, 0.20, samples=10_000)


def run(effort: Effort, backend: str, tiny: bool = False) -> dict[str, Any]:
    """Measure it; its rounds are long, so there are five at most."""
    effort = replace(effort, rounds=min(effort.rounds, 5))
    spec = SPEC.tiny() if tiny else SPEC
    return {"workload": "W5", "cases": [contest(spec, SNNTORCH, effort, backend, threads=(1, 2))]}
