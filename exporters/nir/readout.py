"""What an Output node gives of a sample: a membrane's last row, or the sum over all rows of anything else."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import nir
from numpy.typing import NDArray

from ...models.errors import UnsupportedOp
from .dynamics import SPIKING, STATEFUL

Rows = NDArray[Any]


def read_out(graph: nir.NIRGraph, values: dict[str, Rows]) -> dict[str, NDArray[Any]]:
    """Return (B, *shape) of every Output, by name.

    What counts is the neuron behind the Output, seen through nodes without a membrane (weights, Scale, Flatten,
    windows, Delay): a membrane (I, LI, CubaLI) is read at the last row; spikes, and inputs that met no neuron, are
    summed over the rows.
    """
    return {end: values[end][-1] if _is_membrane(graph, end) else values[end].sum(0) for end in _outputs(graph)}


def reads_membrane(graph: nir.NIRGraph) -> bool:
    """Whether every Output of `graph` is read at the last row."""
    return all(_is_membrane(graph, end) for end in _outputs(graph))


def require_one_readout(graph: nir.NIRGraph) -> None:
    """Refuse an Output where membranes and rows to be summed meet.

    Raises
    ------
    UnsupportedOp
        With every such Output and what feeds it.
    """
    mixed = []
    for end in _outputs(graph):
        origins = _origins(graph, end)
        membranes = sorted(name for name, is_membrane in origins.items() if is_membrane)
        others = sorted(origins.keys() - set(membranes))
        if membranes and others:
            mixed.append(f"output {end!r}: membranes of {', '.join(membranes)}; rows of {', '.join(others)}")
    if mixed:
        raise UnsupportedOp(
            "A membrane is read at the last row and spikes are summed over all, which do not add up; give each an "
            "Output of its own:",
            mixed,
        )


def _outputs(graph: nir.NIRGraph) -> list[str]:
    return sorted(name for name, node in graph.nodes.items() if isinstance(node, nir.Output))


def _is_membrane(graph: nir.NIRGraph, end: str) -> bool:
    origins = _origins(graph, end)
    return bool(origins) and all(origins.values())


def _origins(graph: nir.NIRGraph, end: str) -> dict[str, bool]:
    """Neurons, Thresholds and Inputs that `end` reads; whether each sends a membrane."""
    seen, todo = {end}, [end]
    found = {}
    while todo:
        for name in _sources(graph, todo.pop()):
            node = graph.nodes[name]
            if type(node) in STATEFUL or isinstance(node, (*SPIKING, nir.Input)):
                found[name] = STATEFUL.get(type(node)) == "membrane"
            elif name not in seen:
                seen.add(name)
                todo.append(name)
    return found


def _sources(graph: nir.NIRGraph, name: str) -> Iterator[str]:
    return (source for source, target in graph.edges if target == name)
