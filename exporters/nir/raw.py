"""The tree of a NIR file becomes nir nodes, field by field, with nothing checked against its neighbours yet."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import MISSING, fields
from typing import Any

import nir
import numpy as np

from ...models.errors import InputError
from .hdf5 import Tree
from .limits import Limits
from .metadata import restored
from .shapes import PER_ELEMENT, integers, padding_of

KINDS: dict[str, type] = {
    kind.__name__: kind
    for kind in (
        *PER_ELEMENT,
        *(nir.Affine, nir.Linear, nir.Conv1d, nir.Conv2d, nir.SumPool2d, nir.AvgPool2d, nir.Flatten),
        *(nir.Input, nir.Output, nir.NIRGraph),
    )
}
_ABSENT = {"v_reset": 0.0, "w_in": 1.0}
_MAY_LACK = ("input_shape", "input_type", "shape", "start_dim", "end_dim", "metadata")


def fields_of(kind: str) -> frozenset[str]:
    """Names of the datasets that a node of this kind uses."""
    return frozenset(field.name for field in fields(KINDS[kind])) | {"shape"} if kind in KINDS else frozenset()


def graph_of(tree: Tree, limits: Limits, notes: list[str]) -> nir.NIRGraph:
    """Build the nested graph that a tree describes; types are open where the file leaves them open.

    Raises
    ------
    InputError
        With every node that lacks a field, has an unknown type, or holds what its field cannot be.
    """
    if tree.get("type") != "NIRGraph":
        kind = f"a single {tree['type']!s:.80} node" if "type" in tree else "no type"
        raise InputError(f"Under /node lies {kind}, not a graph; wrap it in a NIRGraph.")
    build = _Build(limits, notes)
    graph = build.graph(tree, "")
    if build.problems:
        raise InputError("Nodes cannot be read:", build.problems)
    return graph


class _Build:
    def __init__(self, limits: Limits, notes: list[str]) -> None:
        self._limits = limits
        self._notes = notes
        self._count = 0
        self.problems: list[str] = []

    def graph(self, tree: Tree, where: str) -> nir.NIRGraph:
        """Nodes and edges of one graph, names with a slash made names with a dot."""
        here = f"Graph {where!r}" if where else "The graph"
        inner = tree.get("nodes")
        if not isinstance(inner, dict) or "edges" not in tree:
            self.problems.append(f"{here} has no group 'nodes' or no dataset 'edges'")
            return nir.NIRGraph({}, [], metadata={}, type_check=False)
        found: dict[str, nir.NIRNode] = {}
        renamed: dict[str, str] = {}
        for path, node_tree in _named(inner):
            name = path.replace("/", ".")
            self._count += 1
            if self._count > self._limits.nodes:
                raise InputError(f"It has more than {self._limits.nodes} nodes.")
            if name in found or (name != path and name in inner):
                self.problems.append(f"{here} has nodes {path!r} and {name!r}, the same once '/' is mended; rename one")
                continue
            if name != path:
                renamed[path] = name
                self._notes.append(f"Node {path!r} was renamed {name!r}: HDF5 takes '/' for a folder.")
            found[name] = self._node(node_tree, f"{where}.{name}" if where else name)
        edges = self._edges(tree["edges"], here)
        if renamed:
            edges = [(renamed.get(a, a), renamed.get(b, b)) for a, b in edges]
        return nir.NIRGraph(found, edges, metadata=_metadata(tree), type_check=False)

    def _edges(self, value: Any, here: str) -> list[tuple[str, str]]:
        array = np.asarray(value)
        if array.size == 0:
            return []
        if array.ndim != 2 or array.shape[1] != 2 or array.dtype != object:
            self.problems.append(f"{here}: edges are {array.dtype} of shape {array.shape}, must be pairs of names")
            return []
        ends = list(map(str, array.ravel().tolist()))
        longest = max(map(len, ends))
        if longest > self._limits.name:
            raise InputError(f"{here} has an edge to a name of {longest} characters, limit {self._limits.name}.")
        unique = list(dict.fromkeys(zip(ends[::2], ends[1::2], strict=True)))
        if len(unique) < len(array):
            self._notes.append(f"{here} names {len(array) - len(unique)} edge(s) twice; each counts once.")
        return unique

    def _node(self, tree: Tree, where: str) -> nir.NIRNode:
        kind = KINDS.get(str(tree["type"]))
        if kind is nir.NIRGraph:
            return self.graph(tree, where)
        if kind is None:
            self.problems.append(
                f"Node {where!r} has the type {tree['type']!s:.80}, which nir {nir.__version__} does not have"
            )
            return _loose(nir.Input, {"input_type": {"input": None}, "metadata": {}})
        label = f"{kind.__name__} {where!r}"
        for extra in sorted(tree.keys() - fields_of(kind.__name__) - {"type"}):
            if not (isinstance(tree[extra], dict) and "type" in tree[extra]):
                self._notes.append(f"{label}: the unknown field {extra!r} was ignored.")
        values = {"metadata": _metadata(tree)}
        for field in fields(kind):
            if field.name not in ("input_type", "output_type", "metadata"):
                self._take(values, tree, field, label)
        values |= self._types(kind, tree, label)
        return _loose(kind, values)

    def _take(self, values: dict[str, Any], tree: Tree, field: Any, label: str) -> None:
        name = field.name
        if name not in tree and name in _ABSENT:
            like = values.get("v_threshold", values.get("v_leak", np.zeros(())))
            values[name] = np.full(np.shape(like), _ABSENT[name], np.result_type(like, np.float32))
            self._notes.append(f"{label}: {name} is missing and was taken as {_ABSENT[name]:g}.")
        elif name not in tree and name in _MAY_LACK:
            values[name] = None if field.default is MISSING else field.default
        elif name not in tree:
            self.problems.append(f"{label}: the field {name!r} is missing")
        else:
            try:
                values[name] = _FIELDS.get(name, _numbers)(tree[name], values)
            except (ValueError, TypeError, OverflowError) as error:
                self.problems.append(f"{label}: {name} {error}")

    def _types(self, kind: type, tree: Tree, label: str) -> dict[str, Any]:
        """The shape that Input, Output and Flatten state; a later pass finds all others."""
        stated = tree.get({nir.Input: "shape", nir.Output: "shape", nir.Flatten: "input_type"}.get(kind, ""))
        shape = None
        if stated is not None:
            numbers = np.asarray(stated)
            if numbers.ndim > 1 or numbers.dtype.kind not in "iuf" or (numbers != np.floor(numbers)).any():
                self.problems.append(f"{label}: the shape must be integers, is {str(stated)[:80]!r}")
            elif numbers.size and (numbers.min() < 1 or numbers.max() > 2**40):
                self.problems.append(f"{label}: the shape {numbers.tolist()} needs sizes from 1 to 2^40")
            else:
                shape = np.atleast_1d(numbers).astype(np.int64)
        return {"input_type": {"input": shape}, "output_type": {"output": None if kind is nir.Flatten else shape}}


def _named(tree: Tree, prefix: str = "") -> Iterator[tuple[str, Tree]]:
    """Every node under `nodes`, with its path; folders are what HDF5 makes of a slash in a name."""
    for name, item in tree.items():
        path = f"{prefix}{name}"
        if not isinstance(item, dict):
            raise InputError(f"Under 'nodes' lies {path!r}, which is data and not a node.")
        if isinstance(item.get("type"), str):
            yield path, item
            below = {k: v for k, v in item.items() if isinstance(v, dict) and k not in ("nodes", "metadata")}
        elif not item or not all(isinstance(member, dict) for member in item.values()):
            raise InputError(f"Node {path!r} has no type that is text.")
        else:
            below = item
        if below:
            yield from _named(below, f"{path}/")


def _loose(kind: type, values: dict[str, Any]) -> nir.NIRNode:
    """A node as the file has it, without the checks of its constructor."""
    node = object.__new__(kind)
    vars(node).update(values)
    return node


def _metadata(tree: Tree) -> dict[str, Any]:
    found = tree.get("metadata", {})
    return restored(found if isinstance(found, dict) else {"value": found})


def _numbers(value: Any, values: dict[str, Any]) -> Any:
    array = np.asarray(value)
    if isinstance(value, dict) or array.dtype.kind not in "biuf":
        raise InputError(f"holds {'a group' if isinstance(value, dict) else 'text'}, not numbers")
    return array


def _window(value: Any, values: dict[str, Any]) -> Any:
    n = np.ndim(values["weight"]) - 2 if "weight" in values else 2
    found = integers(value, n)
    return found[0] if n == 1 else tuple(found) if "weight" in values else np.array(found)


def _padding(value: Any, values: dict[str, Any]) -> Any:
    if "weight" not in values:
        return _window(value, values)
    found = padding_of(value, np.ndim(values["weight"]) - 2)
    return found if isinstance(found, str) else _window(found, values)


def _input_shape(value: Any, values: dict[str, Any]) -> Any:
    numbers = [int(n) for n in np.asarray(value, np.int64).reshape(-1)]
    return numbers[0] if len(numbers) == 1 else tuple(numbers)


def _integer(value: Any, values: dict[str, Any]) -> int:
    return integers(value, 1)[0]


_FIELDS: dict[str, Callable[[Any, dict[str, Any]], Any]] = {
    **dict.fromkeys(("stride", "dilation", "kernel_size"), _window),
    "padding": _padding,
    "input_shape": _input_shape,
    **dict.fromkeys(("groups", "start_dim", "end_dim"), _integer),
}
