"""The first E-I circuit computed by the host: one graph for it, and one for the chip, which takes its current."""

from __future__ import annotations

from typing import Any

import nir
import numpy as np
from numpy.typing import NDArray

from ...models.errors import InputError
from .dialects import METADATA_KEY
from .divisors import divisor_of
from .dynamics import STATEFUL
from .execute import run_graph
from .flatten import flatten
from .inputs import input_rows
from .metadata import own_metadata
from .order import Edge
from .semantics import choose, conventions
from .shapes import infer_shapes

_IN_TIME = (*STATEFUL, nir.Threshold, nir.Delay)
"""Nodes that a host circuit cannot have before it: neurons, and what remembers rows."""


def split_host(graph: nir.NIRGraph) -> tuple[nir.NIRGraph, nir.NIRGraph]:
    """Split off the first E-I circuit, so that the host divides and the chip does not have to.

    Parameters
    ----------
    graph : nir.NIRGraph
        With the divisors of its circuits (see `divisors`).

    Returns
    -------
    host : nir.NIRGraph
        From the inputs to the current of the circuit; `host_current` runs it.
    chip : nir.NIRGraph
        The rest. Its Input of the circuit's name takes that current, a graded value of both signs in every row; inputs
        that feed other nodes too stay. Further circuits stay as they are.

    Raises
    ------
    InputError
        If no circuit is fed by inputs alone, through linear nodes.
    """
    graph = infer_shapes(flatten(graph))
    circuit = _first(graph)
    before = _behind(graph, [circuit], "")
    rest = _behind(graph, [n for n, node in graph.nodes.items() if isinstance(node, nir.Output)], circuit)
    given = graph.nodes[circuit].output_type["output"]
    read = "output"
    while read in graph.nodes:
        read += "_"
    host = _part(graph, before | {circuit}, {read: nir.Output({"output": given})}, [(circuit, read)])
    return host, _part(graph, rest - {circuit}, {circuit: nir.Input({"input": given})}, [])


def host_current(host: nir.NIRGraph, x: NDArray[Any] | dict[str, NDArray[Any]]) -> NDArray[np.float64]:
    """Current of a circuit that `split_host` split off, in every row, (T, B, n).

    Parameters
    ----------
    host : nir.NIRGraph
    x : (T, B, *input_shape) array, or dict of Input node to such an array
    """
    rows = input_rows(host, x)
    steps, samples = next(iter(rows.values())).shape[:2]
    # Nothing in it remembers a row, so that every row can be a sample of one row, whose sum it is.
    trace = run_graph(host, {name: r.reshape(1, steps * samples, *r.shape[2:]) for name, r in rows.items()})
    (current,) = trace.output.values()
    return current.reshape(steps, samples, *current.shape[1:])


def _first(graph: nir.NIRGraph) -> str:
    """The circuit with the fewest nodes before it among those that inputs feed through linear nodes."""
    circuits = sorted(name for name, node in graph.nodes.items() if divisor_of(node) is not None)
    before = {name: _behind(graph, [name], "") for name in circuits}
    able = [name for name in circuits if not any(isinstance(graph.nodes[b], _IN_TIME) for b in before[name])]
    if not able:
        told = f"its circuits {', '.join(circuits)} have neurons or delays before them" if circuits else "it has none"
        raise InputError(
            f"No E-I circuit of the graph can be left to the host: {told}. Export the network with its divisors "
            "(models.freeze_gain not called), and with a circuit directly behind the input."
        )
    return min(able, key=lambda name: (len(before[name]), name))


def _behind(graph: nir.NIRGraph, ends: list[str], stop: str) -> set[str]:
    """All nodes from which a path leads to `ends`, themselves among them, but none that leads through `stop`."""
    found, todo = set(ends), [name for name in ends if name != stop]
    while todo:
        name = todo.pop()
        for source in [s for s, t in graph.edges if t == name and s not in found]:
            found.add(source)
            if source != stop:
                todo.append(source)
    return found


def _part(graph: nir.NIRGraph, names: set[str], new: dict[str, nir.NIRNode], edges: list[Edge]) -> nir.NIRGraph:
    """Nodes `names` of `graph` and `new` ones with the edges between them, stepped as the whole."""
    semantics = choose(graph)
    nodes = {name: node for name, node in graph.nodes.items() if name in names} | new
    between = [(s, t) for s, t in graph.edges if s in nodes and t in names]
    metadata = dict(graph.metadata or {})
    metadata[METADATA_KEY] = own_metadata(metadata) | conventions(semantics) | {"dialect": semantics.dialect.name}
    return nir.NIRGraph(nodes, between + edges, metadata=metadata, type_check=False)
