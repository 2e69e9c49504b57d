"""A program as JSON and arrays, the way the exported runner reads it."""

from __future__ import annotations

from dataclasses import asdict, fields
from typing import Any

import numpy as np

from ..program.program import Program
from .windows import unrolled

SCHEMA_VERSION = 1
_LEFT_OUT = ("membrane_unit", "unit", "origin")
"""Fields that decide nothing about a run."""


def describe(program: Program) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """Contents of ``network.json`` and of ``arrays.npz``; an array's place in the former is ``{"array": name}``."""
    arrays: dict[str, np.ndarray] = {}
    populations, projections = [], []
    for i, p in enumerate(program.populations):
        events = program.events(p.name)
        entry = _entry(p, f"population_{i}", arrays)
        populations.append(entry | {"event_bits": events.bits, "signed": events.signed})
    for i, q in enumerate(program.projections):
        entry = _entry(unrolled(program, q), f"projection_{i}", arrays)
        events = program.events(q.source)
        # Lava takes 0 for binary spikes; more bits make it multiply by the event's value.
        projections.append(entry | {"message_bits": events.bits if events.graded else 0})
    description = {
        "schema_version": SCHEMA_VERSION,
        "program_hash": program.content_hash,
        "depth": program.depth,
        "inputs": [asdict(i) for i in program.inputs],
        "populations": populations,
        "projections": projections,
        "outputs": [asdict(o) for o in program.outputs],
    }
    return description, arrays


def _entry(part: Any, prefix: str, arrays: dict[str, np.ndarray]) -> dict[str, Any]:
    entry = {}
    for name in [f.name for f in fields(part) if f.name not in _LEFT_OUT]:
        value = getattr(part, name)
        if isinstance(value, np.ndarray):
            arrays[f"{prefix}_{name}"] = value
            value = {"array": f"{prefix}_{name}"}
        entry[name] = value
    return entry
