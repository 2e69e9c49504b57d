"""The exported network as it lies in this folder."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

SCHEMA_VERSION = 1


@dataclass(frozen=True)
class Network:
    """Contents of ``network.json`` with the arrays of ``arrays.npz`` put in.

    Attributes
    ----------
    program_hash : str
    depth : int
        Largest level; the deepest population's row t is chip step t + depth.
    inputs, populations, projections, outputs : list of dict
        As in ``network.json``; what it calls ``{"array": name}`` is that array.
    """

    program_hash: str
    depth: int
    inputs: list[dict[str, Any]]
    populations: list[dict[str, Any]]
    projections: list[dict[str, Any]]
    outputs: list[dict[str, Any]]

    def level(self, name: str) -> int:
        """Level of a population; 0 for an input."""
        return next((p["level"] for p in self.populations if p["name"] == name), 0)

    def shape(self, name: str) -> list[int]:
        """Shape of an input or population."""
        return next(s["shape"] for s in (*self.inputs, *self.populations) if s["name"] == name)


def read_network(folder: Path) -> Network:
    """Read the network in `folder`.

    Raises
    ------
    ValueError
        If another version of the exporter wrote it.
    """
    description = json.loads((folder / "network.json").read_text())
    if description["schema_version"] != SCHEMA_VERSION:
        raise ValueError(f"network.json has schema version {description['schema_version']}, known is {SCHEMA_VERSION}")
    with np.load(folder / "arrays.npz", allow_pickle=False) as arrays:
        for entry in (*description["populations"], *description["projections"]):
            for field, value in entry.items():
                if isinstance(value, dict):
                    entry[field] = arrays[value["array"]]
    parts = ("program_hash", "depth", "inputs", "populations", "projections", "outputs")
    return Network(*(description[part] for part in parts))
