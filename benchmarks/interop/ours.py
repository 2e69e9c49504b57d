"""What we make of a file: does it load, and which spikes differ under which semantics."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import spikewright.toolchain as sw

BORDERLINE = "borderline.json"
"""Beside the fixtures of a framework: spikes that cannot be equal, each count with its reason."""


def recording(path: Path) -> tuple[NDArray[Any], dict[str, NDArray[Any]]]:
    """Input (T, B, ...) and the spikes of every neuron layer by node, of the fixture `path` (.nir)."""
    with np.load(path.with_suffix(".npz")) as held:
        spikes = {key.removeprefix("spikes:"): held[key] for key in held.files if key.startswith("spikes:")}
        return held["x"], spikes


def about(path: Path) -> dict[str, Any]:
    """What the generator said of the fixture `path`: sentence, semantics, spikes."""
    return json.loads((path.parent / "about.json").read_text())["networks"][path.stem]


def judge(path: Path) -> dict[str, Any]:
    """Load the fixture, run it as recognised and then as told, and count the spikes that differ."""
    try:
        graph = sw.read_nir(path)
    except Exception as error:  # a file that does not load is a result
        return {"loads": False, "error": _short(error).replace(str(path), path.name)}
    x, spikes = recording(path)
    return {
        "loads": True,
        "of": sum(int(rows.sum()) for rows in spikes.values()),
        "recognised": _compare(graph, x, spikes, {}),
        "told": _compare(graph, x, spikes, about(path)["semantics"]),
    }


def differing(trace: Any, spikes: dict[str, NDArray[Any]]) -> int:
    """Spikes of all neuron layers that the recording has and the trace has not, or the other way round."""
    return sum(int((trace.spikes[node] != rows).sum()) for node, rows in spikes.items())


def _compare(graph: Any, x: NDArray[Any], spikes: dict[str, NDArray[Any]], told: dict[str, Any]) -> dict[str, Any]:
    try:
        trace = sw.run_graph(graph, x, **told)
        return {
            "differ": differing(trace, spikes),
            "settings": {name: list(value) for name, value in trace.settings.items()},
        }
    except Exception as error:  # neither is one that does not run
        return {"error": _short(error)}


def _short(error: Exception) -> str:
    lines = str(error).strip().splitlines() or [""]
    return f"{type(error).__name__}: {lines[0]}"[:300]
