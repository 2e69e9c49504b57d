"""NIR files: read with every value checked and every gap told, written whole or not at all."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import nir
import numpy as np

from ...models.errors import InputError, SpikewrightError, UnsupportedOp
from ...models.files import atomic_file
from .check import require_meaning
from .dialects import DIALECT_FROM, METADATA_KEY, READ_ARGUMENT, named
from .hdf5 import read_tree, require_limits
from .heaps import require_sound_heaps
from .limits import Limits
from .metadata import own_metadata, restored, storable
from .neurons import STATEFUL
from .order import execution_order
from .raw import fields_of
from .repair import repaired
from .shapes import propagate, typed

REPAIRS = "repairs"


def read_nir(
    path: str | os.PathLike[str], dialect: str = "auto", strict: bool = False, limits: Limits | None = None
) -> nir.NIRGraph:
    """Read a NIR file of any framework: mend what the rest of the file proves, refuse the rest with the reason.

    Parameters
    ----------
    path : path
    dialect : str
        Whose conventions hold when the graph runs (see `dialects`); noted in ``metadata["spikewright"]["dialect"]``.
        "auto" leaves that open.
    strict : bool
        Read with ``nir.read`` and mend nothing; sub-graphs stay. The limits hold as well.
    limits : Limits, optional
        Sizes up to which a file is read.

    Returns
    -------
    nir.NIRGraph
        Flat: sub-graphs inlined, names joined by ".". Every node has shapes, every neuron parameter its full shape.
        ``metadata["spikewright"]["repairs"]`` lists what was mended, one sentence each.

    Raises
    ------
    InputError
        If the file is missing, no NIR file, damaged or beyond the limits, or if it cannot mean anything: shapes that
        do not go together, NaN, tau <= 0, negative thresholds; all violations at once.
    UnsupportedOp
        For a cycle without neuron or delay, and for edges to a sub-graph that do not say which of its inputs.
    ConfigError
        For an unknown dialect.
    """
    if dialect != "auto":
        named(dialect)
    if not Path(path).is_file():
        raise InputError(f"There is no file {path}.")
    limits = limits or Limits()
    require_sound_heaps(path)
    if strict:
        return _noted(_strict(path, limits), dialect, [], path)
    tree = read_tree(path, limits, fields_of)
    try:
        graph, notes = repaired(tree, limits)
        _require_order(graph)
    except SpikewrightError as error:
        kind = UnsupportedOp if isinstance(error, UnsupportedOp) else InputError
        raise kind(f"Cannot read {path}. {str(error).splitlines()[0]}", error.violations) from error
    require_meaning(graph, str(path))
    return _noted(graph, dialect, notes, path)


def _strict(path: str | os.PathLike[str], limits: Limits) -> nir.NIRGraph:
    require_limits(path, limits)
    try:
        graph = nir.read(path)
        _restore(graph)
    except Exception as error:  # nir and h5py raise whatever the broken place happens to raise
        reason = str(error) or type(error).__name__
        raise InputError(
            f"{path} is no NIR file that nir {nir.__version__} can read: {reason}. "
            "Read it with strict=False, or write it with nir.write or spikewright export."
        ) from error
    if not isinstance(graph, nir.NIRGraph):
        raise InputError(f"{path} holds a single {type(graph).__name__} node, not a graph; wrap it in a NIRGraph.")
    require_meaning(graph, str(path))
    return graph


def _restore(node: nir.NIRNode) -> None:
    node.metadata = restored(node.metadata or {})
    for inner in node.nodes.values() if isinstance(node, nir.NIRGraph) else ():
        _restore(inner)


def _require_order(graph: nir.NIRGraph) -> None:
    waits = frozenset(edge for edge in graph.edges if type(graph.nodes[edge[0]]) in STATEFUL)
    execution_order(graph, waits, frozenset(n for n, node in graph.nodes.items() if isinstance(node, nir.Delay)))


def _noted(graph: nir.NIRGraph, dialect: str, notes: list[str], path: Any) -> nir.NIRGraph:
    try:
        own = own_metadata(graph.metadata)
    except InputError as error:
        raise InputError(f"Cannot read {path}: {error}") from error
    before = own.get(REPAIRS, [])
    own[REPAIRS] = [str(note) for note in (before if isinstance(before, list) else [before])] + notes
    if dialect != "auto":
        own |= {"dialect": dialect, DIALECT_FROM: READ_ARGUMENT}
    graph.metadata = {**(graph.metadata or {}), METADATA_KEY: own}
    return graph


def write_nir(graph: nir.NIRGraph, path: str | os.PathLike[str]) -> None:
    """Write `graph` so that strict ``nir.read`` reads it; an error leaves no file behind.

    Pooling, Flatten and convolutions without stated shapes get those that arrive. Metadata hold numbers, text, None,
    lists and mappings (see `metadata`).

    Raises
    ------
    InputError
        If a parameter cannot mean anything, if a file cannot hold the metadata, or if the written file does not read
        back to the same values.
    """
    require_meaning(graph, "the graph")
    graph = storable(_stated(graph))
    with atomic_file(path) as temporary:
        nir.write(temporary, graph)
        try:
            reread = nir.read(temporary)
        except Exception as error:  # nir raises whatever the ill-typed place happens to raise
            reason = str(error) or type(error).__name__
            raise InputError(f"Cannot write {path}: nir {nir.__version__} would not read it back: {reason}.") from error
        changed = [name for name, node in graph.nodes.items() if not _same(node, reread.nodes.get(name))]
        if changed or sorted(graph.edges) != sorted(reread.edges):
            raise InputError(f"Cannot write {path}: these nodes do not survive the file: {', '.join(changed)}.")


def _stated(graph: nir.NIRGraph) -> nir.NIRGraph:
    """The graph with open shapes filled in where they are known."""
    nodes = dict(graph.nodes)
    if any(_is_open(node) for node in nodes.values()):
        taken, given, _ = propagate(graph)
        nodes |= {n: typed(node, taken[n], given[n]) for n, node in nodes.items() if _is_open(node) and n in given}
    return nir.NIRGraph(nodes, list(graph.edges), metadata=graph.metadata or {}, type_check=False)


def _is_open(node: nir.NIRNode) -> bool:
    types = (node.input_type or {"input": None}, node.output_type or {"output": None})
    return not isinstance(node, nir.NIRGraph) and any(shape is None for kind in types for shape in kind.values())


def _same(node: nir.NIRNode, other: nir.NIRNode | None) -> bool:
    if type(node) is not type(other):
        return False
    ours, theirs = vars(node), vars(other)
    return all(_equal(value, theirs.get(name)) for name, value in ours.items() if isinstance(value, np.ndarray))


def _equal(a: Any, b: Any) -> bool:
    return np.array_equal(np.asarray(a), np.asarray(b), equal_nan=False)
