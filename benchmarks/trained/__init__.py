"""Trained networks on real test samples: the demo's, convolutions on MNIST, and convolutions on N-MNIST's events.

Each is trained once by its own recipe (minutes) and lowered; the contest is that of W1 to W5.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np

import spikewright.toolchain as sw
from spikewright.models.errors import SpikewrightError
from spikewright.toolchain.data.samples import load_samples

from ..contest import Effort, Rules, contest
from ..peers import ON_TORCH
from ..quantisation.train import CACHE
from ..tables import cases
from .nets import NETS, TINY, Net
from .spec import Spec

SAMPLES, TINY_SAMPLES = 1000, 12
"""Samples of a contest at most; all test samples are classified."""


def run(effort: Effort, backend: str, tiny: bool = False) -> dict[str, Any]:
    """Measure every network, in small a hardly trained one; one whose data are nowhere is told of in "not_run"."""
    found, not_run = [], {}
    for net in TINY if tiny else NETS:
        try:
            found.append(_measure(net, effort, backend, TINY_SAMPLES if tiny else SAMPLES))
        except SpikewrightError as error:
            not_run[net.name] = str(error)
            _tell(f"{net.name} is not run: {error}")
    return {"workload": "Trained networks", "cases": found, "not_run": not_run}


def section(result: dict[str, Any]) -> Iterator[str]:
    """Its part of the page."""
    yield from cases(result)
    for name, reason in result["not_run"].items():
        yield f"{name} is not run: {reason}"


def _measure(net: Net, effort: Effort, backend: str, limit: int) -> dict[str, Any]:
    """Train or read one network, classify all its test samples, and let it be contested on `limit` of them."""
    _tell(f"{net.name}: network")
    samples = load_samples(net.data, net.steps)
    x = np.asarray(samples.x)
    program = net.program(samples, CACHE)
    trace = sw.simulate(program, x, backend=backend)
    told = {
        "data": samples.name,
        "test_samples": x.shape[1],
        "accuracy": float((trace.predict() == samples.y).mean()),
    }
    effort = replace(effort, search_rows=min(effort.search_rows, net.search_rows))
    return contest(Spec(net, program, x[:, :limit]), ON_TORCH, effort, backend, Rules(threads=(1, 2))) | told


def _tell(text: str) -> None:
    print(f"  {text}", file=sys.stderr, flush=True)
