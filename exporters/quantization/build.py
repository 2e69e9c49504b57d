"""From a program back to a network that can be trained."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ...models.errors import InputError
from ..program.program import Program
from .circuits import Circuits
from .network import QuantisedNetwork

if TYPE_CHECKING:
    import nir
    from torch import nn


def fake_quantise(
    program: Program, graph: nir.NIRGraph | None = None, model: nn.Module | None = None, surrogate: str = "sigmoid"
) -> QuantisedNetwork:
    """Return `program` as a torch module: its forward pass computes the program's integers, its backward pass trains.

    Before any training it computes what the oracle computes on `program`, bit for bit; afterwards, what the oracle
    computes on ``network.to_program()``.

    Parameters
    ----------
    program : Program
        Of any kinds of populations and projections.
    graph : nir.NIRGraph, optional
        The one that `program` was lowered from. Its weights are where training starts; without it that is the
        program's integers, which have lost what lay between the steps of their grid.
    model : nn.Module, optional
        The network with E-I circuits that `graph` was made from. Their own parameters are trained then, in a copy
        (``network.model``), and keep their signs; without it the weights of the projections are.
    surrogate : {"sigmoid", "arctan"}
        Spike derivative of the backward pass, in units of the threshold.

    Raises
    ------
    InputError
        If `graph` or `model` are not those of `program`.
    """
    values = {} if graph is None else _float_weights(program, graph)
    return QuantisedNetwork(program, values, Circuits(model), surrogate)


def _float_weights(program: Program, graph: nir.NIRGraph) -> dict[str, NDArray[np.float64]]:
    """Float weights per event of the source, by projection, in the form of the program's."""
    from ..nir.semantics import choose
    from ..program.lower import float_network

    settings: dict[str, Any] = {name: value for name, (value, _) in program.settings.items()}
    chosen: dict[str, Any] = {name: settings.get(name) for name in ("dt_s", "integration", "spike_op", "reset")}
    network = float_network(graph, choose(graph, **chosen), settings.get("cycle"))
    found = {s.name: s for s in network.synapses}
    scales = {i.name: i.scale for i in program.inputs}
    values, problems = {}, []
    for q in program.projections:
        if getattr(program.source(q.target), "kind", "") == "relay":
            continue
        if q.name not in found:
            problems.append(f"projection {q.name!r} is missing")
        elif np.shape(found[q.name].weight.values) != q.weights.shape:
            problems.append(f"projection {q.name!r}: {np.shape(found[q.name].weight.values)} for {q.weights.shape}")
        else:
            values[q.name] = found[q.name].weight.values / scales.get(found[q.name].source, 1.0)
    if problems:
        raise InputError("The graph is not the one that this program was lowered from:", problems)
    return values
