"""Whose NIR file a graph came from, what reading it repaired, and how it will be stepped."""

from __future__ import annotations

from typing import Any

import numpy as np


def describe_dialect(graph: Any) -> dict[str, Any]:
    """Dialect with its evidence, repairs, and every choice with its origin.

    Parameters
    ----------
    graph : nir.NIRGraph
    """
    from ...exporters.nir.semantics import METADATA_KEY, choose

    semantics = choose(graph)
    said = (graph.metadata or {}).get(METADATA_KEY, {})
    return {
        "dialect": {"name": semantics.dialect.name, "evidence": list(semantics.dialect.evidence)},
        "repairs": _sentences(said.get("repairs")),
        "settings": {
            name: {"value": value, "origin": origin} for name, (value, origin) in semantics.settings().items()
        },
    }


def _sentences(held: Any) -> list[str]:
    """What a file keeps as a string or an array of strings, possibly as bytes."""
    if held is None:
        return []
    lines = [held] if isinstance(held, (str, bytes)) else np.ravel(np.asarray(held, dtype=object)).tolist()
    return [line.decode() if isinstance(line, bytes) else str(line) for line in lines]
