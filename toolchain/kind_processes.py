"""Run by the Lava environment's Python, on exported folders: which Lava processes their parts become.

It prints a JSON list with one entry a folder: names of the processes of its neurons and of its synapses. Those that
come with the folder, and not with lava-nc, are marked "own".
"""

from __future__ import annotations

import json
import sys
from math import prod
from pathlib import Path
from typing import Any

STEPS = 8
"""Rows of a sample."""


def processes(folder: Path) -> dict[str, list[str]]:
    """Names of the processes of one folder."""
    from spikewright_lava.edges import edges_of
    from spikewright_lava.network import read_network
    from spikewright_lava.neurons import neurons
    from spikewright_lava.synapses import synapses

    network = read_network(folder)
    found: dict[str, list[str]] = {"neurons": [], "synapses": []}
    for population in network.populations:
        found["neurons"].append(_name(neurons(population, STEPS)))
    for projection in network.projections:
        source, target = projection["source"], projection["target"]
        shape, size = network.shape(source), prod(network.shape(target))
        for edge in edges_of(projection, (network.level(source), network.level(target)), STEPS, False):
            found["synapses"].append(_name(synapses(projection, edge, shape, size)))
    return {part: sorted(set(names)) for part, names in found.items()}


def _name(process: Any) -> str:
    kind = type(process)
    return f"own {kind.__name__}" if kind.__module__.startswith("spikewright_lava") else kind.__name__


if __name__ == "__main__":
    folders = [Path(argument) for argument in sys.argv[1:]]
    sys.path.insert(0, str(folders[0]))  # each holds the same package
    sys.stdout.write(json.dumps([processes(folder) for folder in folders]))
