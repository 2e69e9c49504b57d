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
from .delays import buffered
from .dynamics import SPIKING
from .flatten import flatten
from .inputs import input_rows
from .order import Edge, recurrent_edges
from .quirks import past_recurrence
from .readout import read_out, require_one_readout
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
    cycle: str | None = None,
    **conventions: Any,
) -> Trace:
    """Execute `graph` in float64, all states zero at the start of every sample.

    A node takes no time and several edges into one add up; sub-graphs are run in place. On a cycle every edge that
    leaves a neuron reads the step before (a neuron that feeds itself reads z[t-1]), `cycle` says which if there are
    several; a cycle through a Delay of at least one step takes that delay alone. The edges that wait are in the
    trace's settings.

    Parameters
    ----------
    graph : nir.NIRGraph
        Any primitive of NIR 1.0.8; several Input and Output nodes allowed.
    x : (T, B, *input_shape) array, or dict of Input node to such an array
        Finite numbers; at least one row and one sample.
    dt_s, integration, spike_op, reset : optional
        Argument before the graph's metadata before its dialect before the default (see `semantics.choose`).
    dialect : str
        Whose conventions hold, "auto" recognises them (see `recognise`).
    cycle : {"every", "closing"}, optional
        On a cycle of several neurons every edge that leaves one takes a step (not given), or only the edge that closes
        the cycle (see `order.recurrent_edges`).
    **conventions
        Others of `semantics.CONVENTIONS`, such as multi_spike or tau_in_steps.

    Returns
    -------
    Trace
        backend "run_graph"; spikes of every spiking node (counts where neurons fire several a step); state "v" of
        every node with a membrane, before its reset, and "i" of every synaptic current.
        Output, one per Output node: the last row where it reads membranes, the sum over rows (spike counts) where it
        reads spikes or inputs, in both cases also through nodes without a membrane (see `readout`).
        Settings: every choice with its origin; where they apply, the evidence for the dialect and the waiting edges.

    Raises
    ------
    InputError
        For something else than a graph, edges to nodes that do not exist, parameters or inputs that cannot mean
        anything, or shapes that do not go together; in each of these checks all at once.
    ConfigError
        For unknown choices, or values of a wrong type or out of range, all at once.
    UnsupportedOp
        For a node that has no float64 executor, a cycle without a neuron or delay, or an Output that membranes and
        spikes share.
    """
    if not isinstance(graph, nir.NIRGraph):
        raise InputError(f"A {type(graph).__name__} is no graph; give a nir.NIRGraph, such as read_nir returns.")
    require_meaning(graph, "the graph")
    arguments = {"dt_s": dt_s, "integration": integration, "spike_op": spike_op, "reset": reset, **conventions}
    semantics = choose(graph, dialect, **arguments)
    graph = flatten(graph)
    if semantics.input_past_recurrence:
        graph = past_recurrence(graph)
    late = recurrent_edges(graph, buffered(graph, semantics), "every" if cycle is None else cycle)
    require_one_readout(graph)
    rows = input_rows(graph, x)
    values, states = run_nodes(graph, rows, semantics, late)
    settings = semantics.settings() | _evidence(semantics) | _waiting(late, cycle)
    return _trace(graph, values, states, settings, next(iter(rows.values())).shape[:2])


def _evidence(semantics: Semantics) -> dict[str, tuple[Any, str]]:
    """Why the file was taken for its dialect, and what that leaves open."""
    origin, evidence = semantics.origin["dialect"], semantics.dialect.evidence
    return {} if origin == "default" or not evidence else {"dialect_evidence": (" ".join(evidence), origin)}


def _waiting(late: frozenset[Edge], cycle: str | None) -> dict[str, tuple[Any, str]]:
    """The cycle rule, where a graph has a cycle that it decides, and the edges that wait a step."""
    if not late:
        return {}
    rule = ("every", "default") if cycle is None else (cycle, "argument")
    edges = [f"{source} -> {target}" for source, target in sorted(late)]
    return {"cycle": rule, "waiting_edges": (edges, f"cycle {rule[0]}")}


def _trace(
    graph: nir.NIRGraph,
    values: dict[str, Rows],
    states: dict[str, dict[str, Rows]],
    settings: dict[str, tuple[Any, str]],
    size: tuple[int, ...],
) -> Trace:
    spiking = sorted(name for name, node in graph.nodes.items() if isinstance(node, SPIKING))
    kind = np.int32 if settings.get("multi_spike", (False,))[0] else np.int8
    return Trace(
        backend="run_graph",
        versions={"spikewright": version("spikewright"), "nir": version("nir"), "numpy": np.__version__},
        program_hash=None,
        steps=size[0],
        samples=size[1],
        levels=dict.fromkeys(values, 0),
        counts={name: values[name].sum(0).astype(np.int32) for name in spiking},
        spikes={name: values[name].astype(kind) for name in spiking},
        state=states,
        output=read_out(graph, values),
        settings=settings,
    )
