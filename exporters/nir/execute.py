"""Run a NIR graph as it is, in float64: the reference between a torch model and its integer program."""

from __future__ import annotations

from importlib.metadata import version
from typing import Any

import nir
import numpy as np
from numpy.typing import NDArray

from ...models.errors import InputError
from ..program.trace import Trace
from .check import require_meaning
from .dynamics import STATEFUL, make_step
from .order import execution_order, recurrent_edges
from .semantics import Semantics, choose

Rows = NDArray[np.float64]


def run_graph(
    graph: nir.NIRGraph,
    x: NDArray[Any] | dict[str, NDArray[Any]],
    dt_s: float | None = None,
    integration: str | None = None,
    spike_op: str | None = None,
    reset: str | None = None,
) -> Trace:
    """Execute `graph` in float64, all states zero at the start of every sample.

    Every node takes no time; an edge that closes a cycle costs one step (it reads z[t-1]).

    Parameters
    ----------
    graph : nir.NIRGraph
    x : (T, B, *input_shape) array, or dict of Input node to such an array
    dt_s, integration, spike_op, reset : optional
        Argument before the graph's metadata before the default (see `semantics.choose`).

    Returns
    -------
    Trace
        backend "run_graph"; spikes of every spiking node; state "v" of every node with a membrane, before its reset.
        Output: spike counts where a spiking node feeds the Output node, the last row where a membrane does, the sum
        over rows where a linear node does.

    Raises
    ------
    InputError
        For a wrong input shape.
    UnsupportedOp
        For a node that has no float64 executor.
    """
    require_meaning(graph, "the graph")
    semantics = choose(graph, dt_s=dt_s, integration=integration, spike_op=spike_op, reset=reset)
    target = _single(graph, nir.Output)
    rows = _inputs(graph, x if isinstance(x, dict) else {_single(graph, nir.Input): x})
    values, membranes = _run(graph, rows, semantics)
    spiking = {name for name, node in graph.nodes.items() if STATEFUL.get(type(node)) == "spikes"}
    sources = [source for source, end in graph.edges if end == target]
    return Trace(
        backend="run_graph",
        versions={"spikewright": version("spikewright"), "nir": version("nir"), "numpy": np.__version__},
        program_hash=None,
        steps=len(values[target]),
        samples=values[target].shape[1],
        levels=dict.fromkeys(values, 0),
        counts={name: values[name].sum(0).astype(np.int64) for name in sorted(spiking)},
        spikes={name: values[name].astype(np.int8) for name in sorted(spiking)},
        state={name: {"v": v} for name, v in membranes.items()},
        output={target: sum((_read_out(graph.nodes[s], values[s]) for s in sources), np.zeros(()))},
        settings=semantics.settings(),
    )


def _inputs(graph: nir.NIRGraph, x: dict[str, NDArray[Any]]) -> dict[str, Rows]:
    names = {name for name, node in graph.nodes.items() if isinstance(node, nir.Input)}
    if set(x) != names:
        raise InputError(f"The graph has the inputs {sorted(names)}, given are {sorted(x)}. Give a dict of all.")
    rows = {name: np.asarray(array, np.float64) for name, array in x.items()}
    for name, array in rows.items():
        shape = tuple(int(n) for n in graph.nodes[name].input_type["input"])
        if array.shape[2:] != shape:
            raise InputError(f"Input {name!r} must be (T, B, {', '.join(map(str, shape))}), is {array.shape}.")
    if len({array.shape[:2] for array in rows.values()}) != 1:
        raise InputError("All inputs must have the same T and B.")
    return rows


def _run(graph: nir.NIRGraph, x: dict[str, Rows], semantics: Semantics) -> tuple[dict[str, Rows], dict[str, Rows]]:
    """Outputs and membranes of all nodes over all rows, each (T, B, *shape)."""
    late = recurrent_edges(graph)
    incoming = {name: [(s, (s, name) in late) for s, end in graph.edges if end == name] for name in graph.nodes}
    steps = {name: make_step(name, node, semantics) for name, node in graph.nodes.items()}
    order = execution_order(graph, late)
    rows: dict[str, list[Rows]] = {name: [] for name in order}
    membranes: dict[str, list[Rows]] = {}
    total, samples = next(iter(x.values())).shape[:2]
    for t in range(total):
        for name in order:
            arriving = [x[name][t]] if name in x else []
            for source, is_late in incoming[name]:
                if not is_late:
                    arriving.append(rows[source][t])
                elif t:
                    arriving.append(rows[source][t - 1])
            value, membrane = steps[name](sum(arriving, np.zeros(())), samples)
            rows[name].append(value)
            if membrane is not None:
                membranes.setdefault(name, []).append(membrane)
    return {n: np.stack(r) for n, r in rows.items()}, {n: np.stack(r) for n, r in membranes.items()}


def _read_out(node: nir.NIRNode, rows: Rows) -> Rows:
    return rows[-1] if STATEFUL.get(type(node)) == "membrane" else rows.sum(0)


def _single(graph: nir.NIRGraph, kind: type) -> str:
    names = [name for name, node in graph.nodes.items() if isinstance(node, kind)]
    if len(names) != 1:
        raise InputError(f"The graph has {len(names)} {kind.__name__} nodes ({sorted(names)}); exactly one is handled.")
    return names[0]
