"""Networks that no register holds: what is out of range, and the nearest network that can be lowered.

`lower` refuses them. The report goes on with a network whose offending thresholds are replaced, so that it can tell
what else is wrong; it says which it replaced.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ...exporters.program.program import Program
from ...models.errors import NumericRangeError
from ..sources import Source
from .findings import Finding

if TYPE_CHECKING:
    import nir

Floats = NDArray[np.float64]
_ROUNDS = 4
"""Passes of `lower` that can each refuse a network of its own accord."""
_TOLD = 8
"""Neurons that a sentence lists."""
FAR = 1e3
"""Factor from the median of the layer at which a threshold is out of line."""
_REMEDY = (
    "keep thresholds above 0 and within a few powers of ten of their inputs: clamp them after every training step, or "
    "scale threshold, weights and bias of the layer together, which changes no spike"
)


def thresholds_of(graph: nir.NIRGraph) -> dict[str, Floats]:
    """Thresholds of every spiking node with a membrane, flattened, by name."""
    from ...exporters.nir.flatten import flatten

    stated = {name: getattr(node, "v_threshold", None) for name, node in flatten(graph).nodes.items()}
    return {name: np.ravel(values).astype(np.float64) for name, values in stated.items() if values is not None}


def mend_model(source: Source) -> tuple[Source, list[Finding]]:
    """Thresholds of a torch module that no NIR graph can say, listed, and the module with others in their place."""
    if source.frozen is None or source.nir_graph is not None:
        return source, []
    bad = {path: values for path, values in _module_thresholds(source.frozen) if (values <= 0).any()}
    if not bad:
        return source, []
    from ...models.copying import copy_module

    mended = copy_module(source.frozen)
    for path, values in bad.items():
        threshold: Any = mended.get_submodule(path).threshold
        threshold.data.copy_(threshold.data.new_tensor(_in_range(values, 2.0)).reshape(threshold.shape))
    return replace(source, frozen=mended), [_not_positive(path, values) for path, values in bad.items()]


def _module_thresholds(module: Any) -> Iterator[tuple[str, Floats]]:
    for path, part in module.named_modules():
        threshold = getattr(part, "threshold", None)
        if threshold is not None and hasattr(threshold, "detach"):
            yield path, np.ravel(threshold.detach().cpu().numpy()).astype(np.float64)


def lower_or_mend(
    graph: nir.NIRGraph, lower: Callable[[nir.NIRGraph], Program], reach: Callable[[nir.NIRGraph, str], float]
) -> tuple[Program | None, nir.NIRGraph, list[Finding]]:
    """Lower `graph`; where numbers are out of range, list them and lower the network with thresholds in range.

    Parameters
    ----------
    graph : nir.NIRGraph
    lower : callable
    reach : callable
        Largest float membrane of a population, in the graph's own units.

    Returns
    -------
    Program or None
        None where replacing thresholds does not help.
    nir.NIRGraph
        The one that was lowered; `graph` itself where nothing was out of range.
    list of Finding
        Every violation.
    """
    found: list[Finding] = []
    for _ in range(_ROUNDS):
        try:
            return lower(graph), graph, found
        except NumericRangeError as error:
            thresholds = thresholds_of(graph)
            told = list(_violations(error, graph, thresholds))
            found += [finding for finding in told if finding not in found]
            bad = {f.layer for f in told if f.layer in thresholds}
            if not bad:
                break
            graph = with_thresholds(graph, {name: _in_range(thresholds[name], reach(graph, name)) for name in bad})
    return None, graph, found


def _violations(error: NumericRangeError, graph: nir.NIRGraph, thresholds: dict[str, Floats]) -> Iterator[Finding]:
    """One finding for every layer, with all that is wrong with it."""
    told: dict[str, list[str]] = {}
    for text in error.violations or (str(error),):
        told.setdefault(_layer(text, graph), []).append(text)
    for layer, texts in told.items():
        neurons = thresholds.get(layer)
        if neurons is None:
            yield _finding(layer, "a number does not fit its register", "; ".join(texts))
        elif (neurons <= 0).any():
            yield _not_positive(layer, neurons)
        else:
            yield _too_far_apart(layer, neurons, "; ".join(texts))


def _not_positive(layer: str, neurons: Floats) -> Finding:
    bad = np.flatnonzero(neurons <= 0)
    listed = ", ".join(f"neuron {i} has {neurons[i]:g}" for i in bad[:_TOLD])
    more = f" and {len(bad) - _TOLD} more" if len(bad) > _TOLD else ""
    cause = "thresholds of 0 or less: such a neuron spikes without input, and rows are divided by their thresholds"
    return _finding(layer, cause, f"{len(bad)} of {len(neurons)} thresholds: {listed}{more}")


def _too_far_apart(layer: str, neurons: Floats, text: str) -> Finding:
    far, median = _out_of_line(neurons), float(np.median(neurons))
    if far.any():
        worst = np.flatnonzero(far)[:_TOLD]
        listed = ", ".join(f"neuron {i} has {neurons[i]:.3g}" for i in worst)
        cause = f"thresholds far from the others', whose median is {median:.3g}: {listed}"
    else:
        cause = f"its thresholds, {median:.3g} in the median, lie too far from its weights and biases"
    return _finding(layer, cause, text)


def _finding(layer: str, cause: str, evidence: str) -> Finding:
    return Finding("error", layer, "threshold", "out of range: no integer register holds it", cause, evidence, _REMEDY)


def _out_of_line(thresholds: Floats) -> NDArray[np.bool_]:
    """Which positive thresholds are far from the median."""
    median = np.median(thresholds)
    return (thresholds > FAR * median) | (thresholds * FAR < median)


def _layer(text: str, graph: nir.NIRGraph) -> str:
    """The population that a violation speaks of: the node named in it, or the neuron behind that node."""
    from ...exporters.nir.dynamics import STATEFUL
    from ...exporters.nir.flatten import flatten

    flat = flatten(graph)
    named = sorted((name for name in flat.nodes if repr(name) in text), key=len, reverse=True)
    seen = todo = named[:1]
    while todo:
        if neurons := [name for name in todo if type(flat.nodes[name]) in STATEFUL]:
            return neurons[0]
        todo = [target for source, target in flat.edges if source in todo and target not in seen]
        seen = [*seen, *todo]
    return named[0] if named else "network"


def _in_range(thresholds: Floats, reach: float) -> Floats:
    """The median of those in line in place of the others; half the largest membrane `reach` where all are alike."""
    positive = thresholds[thresholds > 0]
    good = positive[~_out_of_line(positive)]
    if not good.size or good.size == thresholds.size:
        return np.full(thresholds.shape, reach / 2 or 1.0)
    middle = float(np.median(good))
    return np.where((thresholds > 0) & ~_out_of_line(np.where(thresholds > 0, thresholds, middle)), thresholds, middle)


def with_thresholds(graph: nir.NIRGraph, values: dict[str, Floats]) -> nir.NIRGraph:
    """The graph, flat, with other thresholds at the nodes named, (size,) each."""
    import nir

    from ...exporters.nir.flatten import flatten

    flat = flatten(graph)
    nodes: dict[str, Any] = dict(flat.nodes)
    for name, thresholds in values.items():
        nodes[name] = copy.copy(nodes[name])
        nodes[name].v_threshold = thresholds.reshape(np.shape(nodes[name].v_threshold))
    return nir.NIRGraph(nodes, list(flat.edges), metadata=dict(flat.metadata or {}), type_check=False)
