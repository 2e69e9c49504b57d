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
from .dynamics import SPIKING, STATEFUL
from .flatten import flatten
from .quirks import past_recurrence
from .run import run_nodes
from .semantics import Semantics, choose

Rows = NDArray[np.float64]


def run_graph(
    graph: nir.NIRGraph,
    x: NDArray[Any] | dict[str, NDArray[Any]],
    dt_s: float | None = None,
    integration: str | None = None,
    spike_op: str | None = None,
    reset: str | None = None,
    dialect: str = "auto",
    **conventions: Any,
) -> Trace:
    """Execute `graph` in float64, all states zero at the start of every sample.

    Every node takes no time; an edge that closes a cycle costs one step (it reads z[t-1]), unless a Delay of at least
    one step lies on the cycle. Several edges into a node add up. Sub-graphs are run in place.

    Parameters
    ----------
    graph : nir.NIRGraph
        Any primitive of NIR 1.0.8; several Input and Output nodes allowed.
    x : (T, B, *input_shape) array, or dict of Input node to such an array
    dt_s, integration, spike_op, reset : optional
        Argument before the graph's metadata before its dialect before the default (see `semantics.choose`).
    dialect : str
        Whose conventions hold, "auto" recognises them (see `dialects.recognise`).
    **conventions
        Others of `semantics.CONVENTIONS`, such as multi_spike or tau_in_steps.

    Returns
    -------
    Trace
        backend "run_graph"; spikes of every spiking node (counts where neurons fire several a step); state "v" of
        every node with a membrane, before its reset, and "i" of every synaptic current.
        Output, one per Output node: spike counts where a spiking node feeds it, the last row where a membrane does,
        the sum over rows where another node does.

    Raises
    ------
    InputError
        For a wrong input shape, or shapes that do not go together.
    ConfigError
        For an unknown choice.
    UnsupportedOp
        For a node that has no float64 executor, or a cycle without a neuron or delay.
    """
    require_meaning(graph, "the graph")
    arguments = {"dt_s": dt_s, "integration": integration, "spike_op": spike_op, "reset": reset, **conventions}
    semantics = choose(graph, dialect, **arguments)
    graph = flatten(graph)
    if semantics.input_past_recurrence:
        graph = past_recurrence(graph)
    rows = _inputs(graph, x if isinstance(x, dict) else {_single(graph): x})
    values, states = run_nodes(graph, rows, semantics)
    return _trace(graph, values, states, semantics, next(iter(rows.values())).shape[:2])


def _trace(
    graph: nir.NIRGraph,
    values: dict[str, Rows],
    states: dict[str, dict[str, Rows]],
    semantics: Semantics,
    size: tuple[int, ...],
) -> Trace:
    spiking = sorted(name for name, node in graph.nodes.items() if isinstance(node, SPIKING))
    ends = sorted(name for name, node in graph.nodes.items() if isinstance(node, nir.Output))
    kind = np.int32 if semantics.multi_spike else np.int8
    return Trace(
        backend="run_graph",
        versions={"spikewright": version("spikewright"), "nir": version("nir"), "numpy": np.__version__},
        program_hash=None,
        steps=size[0],
        samples=size[1],
        levels=dict.fromkeys(values, 0),
        counts={name: values[name].sum(0).astype(np.int64) for name in spiking},
        spikes={name: values[name].astype(kind) for name in spiking},
        state=states,
        output={
            end: sum((_read_out(graph, s, values[s]) for s, t in graph.edges if t == end), np.zeros(())) for end in ends
        },
        settings=semantics.settings(),
    )


def _inputs(graph: nir.NIRGraph, x: dict[str, NDArray[Any]]) -> dict[str, Rows]:
    names = {name for name, node in graph.nodes.items() if isinstance(node, nir.Input)}
    if set(x) != names or not names:
        raise InputError(f"The graph has the inputs {sorted(names)}, given are {sorted(x)}. Give a dict of all.")
    rows = {name: np.asarray(array, np.float64) for name, array in x.items()}
    for name, array in rows.items():
        shape = tuple(int(n) for n in graph.nodes[name].input_type["input"])
        if array.shape[2:] != shape or array.ndim < 2:
            raise InputError(f"Input {name!r} must be (T, B, {', '.join(map(str, shape))}), is {array.shape}.")
    if len({array.shape[:2] for array in rows.values()}) != 1:
        raise InputError("All inputs must have the same T and B.")
    return rows


def _read_out(graph: nir.NIRGraph, name: str, rows: Rows) -> Rows:
    return rows[-1] if _carries_membrane(graph, name) else rows.sum(0)


def _carries_membrane(graph: nir.NIRGraph, name: str) -> bool:
    """A node with a membrane to send on, or a Flatten behind one."""
    node = graph.nodes[name]
    if isinstance(node, nir.Flatten):
        sources = [source for source, target in graph.edges if target == name]
        return bool(sources) and all(_carries_membrane(graph, source) for source in sources)
    return STATEFUL.get(type(node)) == "membrane"


def _single(graph: nir.NIRGraph) -> str:
    names = [name for name, node in graph.nodes.items() if isinstance(node, nir.Input)]
    if len(names) != 1:
        raise InputError(f"The graph has {len(names)} Input nodes ({sorted(names)}); give a dict of Input to array.")
    return names[0]
