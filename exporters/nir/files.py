"""NIR files: read with every value checked, written whole or not at all."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import nir
import numpy as np

from ...models.errors import InputError
from ...models.files import atomic_file
from .check import require_meaning


def read_nir(path: str | os.PathLike[str]) -> nir.NIRGraph:
    """Read a NIR file with the strict reader of the nir package and check its values.

    Raises
    ------
    InputError
        If the file is missing, no NIR file or ill-typed, or if parameters cannot mean anything (NaN, tau <= 0,
        negative thresholds, wrong bias shapes); all violations at once.
    """
    if not Path(path).is_file():
        raise InputError(f"There is no file {path}.")
    try:
        graph = nir.read(path)
    except Exception as error:  # nir and h5py raise whatever the broken place happens to raise
        reason = str(error) or type(error).__name__
        raise InputError(
            f"{path} is no NIR file that nir {nir.__version__} can read: {reason}. "
            "Write it with nir.write or spikewright export."
        ) from error
    if not isinstance(graph, nir.NIRGraph):
        raise InputError(f"{path} holds a single {type(graph).__name__} node, not a graph; wrap it in a NIRGraph.")
    require_meaning(graph, str(path))
    return graph


def write_nir(graph: nir.NIRGraph, path: str | os.PathLike[str]) -> None:
    """Write `graph` so that strict ``nir.read`` reads it; an error leaves no file behind.

    Raises
    ------
    InputError
        If a parameter cannot mean anything, or if the written file does not read back to the same values.
    """
    require_meaning(graph, "the graph")
    with atomic_file(path) as temporary:
        nir.write(temporary, graph)
        reread = nir.read(temporary)
        changed = [name for name, node in graph.nodes.items() if not _same(node, reread.nodes.get(name))]
        if changed or sorted(graph.edges) != sorted(reread.edges):
            raise InputError(f"Cannot write {path}: these nodes do not survive the file: {', '.join(changed)}.")


def _same(node: nir.NIRNode, other: nir.NIRNode | None) -> bool:
    if type(node) is not type(other):
        return False
    ours, theirs = vars(node), vars(other)
    return all(_equal(value, theirs.get(name)) for name, value in ours.items() if isinstance(value, np.ndarray))


def _equal(a: Any, b: Any) -> bool:
    return np.array_equal(np.asarray(a), np.asarray(b), equal_nan=False)
