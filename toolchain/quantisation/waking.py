"""E-I networks with a dead layer: the circuits behind it get nothing to calibrate their gain on, so no graph exists."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..data.samples import Rows
from ..sources import Source
from .findings import Finding
from .tuning import has_circuits


def wake_model(source: Source, x: Rows) -> tuple[Source, list[Finding]]:
    """List layers of a network with circuits that never spike, and lower their thresholds until they do.

    Parameters
    ----------
    source : Source
    x : (T, B, *input_shape) array
        Samples; what drives nothing here is dead.

    Returns
    -------
    Source
        `source` itself where every layer spikes, or where it has no circuits.
    list of Finding
    """
    wakes = has_circuits(source) and source.nir_graph is None and not isinstance(x, dict) and np.any(x)
    if source.frozen is None or not wakes:
        return source, []
    import torch

    from ...models.copying import copy_module
    from ...models.neurons import LIF

    model, found = copy_module(source.frozen).eval(), []
    layers = [(path, part) for path, part in model.named_modules() if isinstance(part, LIF)]
    for _ in layers:
        runs = _run(model, layers, x)
        silent = [(path, part) for path, part in layers if path in runs and not runs[path][1]]
        if not silent:
            break
        (path, layer), current = silent[0], runs[silent[0][0]][0]
        found.append(
            _dead(path, int(np.prod(layer.shape)), float(current.max()), float(layer.threshold.detach().min()))
        )
        if (awake := waking_threshold(current)) is None:
            break
        with torch.no_grad():
            layer.threshold.fill_(awake)
    return (replace(source, frozen=model) if found else source), found


def waking_threshold(membranes: NDArray[Any]) -> float | None:
    """A threshold that a tenth of `membranes` passes, as in a layer that works; None if no threshold above 0 does."""
    tenth, peak = float(np.quantile(membranes, 0.9)), float(membranes.max())
    return tenth if tenth > 0 else peak / 2 if peak > 0 else None


def _run(model: Any, layers: list[Any], x: Rows) -> dict[str, tuple[NDArray[Any], bool]]:
    """Input current of every layer, and whether it spikes, in the order in which they run."""
    import torch

    runs: dict[str, tuple[NDArray[Any], bool]] = {}

    def keep(path: str, given: Any, spikes: Any) -> None:
        runs[path] = (given[0].numpy(), bool(spikes.any()))

    hooks = [
        part.register_forward_hook(lambda _, given, spikes, path=path: keep(path, given, spikes))
        for path, part in layers
    ]
    dtype = next(model.parameters()).dtype
    with torch.no_grad():
        model(torch.as_tensor(np.asarray(x)).to(dtype))
    for hook in hooks:
        hook.remove()
    return runs


def _dead(path: str, neurons: int, peak: float, threshold: float) -> Finding:
    return Finding(
        "error",
        path,
        "dead",
        f"{neurons} of {neurons} neurons never spike",
        "the thresholds are too high for what arrives",
        f"torch: the largest current of a row is {peak:.3g}, the smallest threshold {threshold:.3g}",
        "lower the thresholds or raise the weights of this layer, and train on; rounding is not the reason",
    )
