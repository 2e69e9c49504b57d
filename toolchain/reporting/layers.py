"""What a report says of quantisation: one row for every layer, and the findings."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ..quantisation.diagnosis import Diagnosis
    from ..quantisation.layers import Layer


def describe_layers(found: Diagnosis) -> dict[str, Any]:
    """The part of a `Diagnosis` that fits a page; ``spikewright quantise --json`` has all of it."""
    return {
        "backends": found.backends,
        "samples": found.samples,
        "detail": found.detail,
        "layers": [_row(layer) for layer in found.layers],
        "findings": [asdict(finding) for finding in found.findings],
    }


def _row(layer: Layer) -> dict[str, Any]:
    coarsest = max(layer.grids, key=lambda grid: grid.error or 0.0, default=None)
    errors, held = layer.errors, layer.rounding
    return {
        "name": layer.name,
        "kind": layer.kind,
        "neurons": layer.size,
        "bits": sorted({grid.bits for grid in layer.grids}),
        "grid_used": None if coarsest is None else [coarsest.values_used, coarsest.values_available],
        "weight_error": None if coarsest is None else coarsest.error,
        "threshold_error": None if held is None or not layer.spiking else held.threshold,
        "dead": None if layer.integers is None or not layer.spiking else layer.integers.dead,
        "dead_in_float": None if layer.floats is None or not layer.spiking else layer.floats.dead,
        "always_on": None if layer.integers is None or not layer.spiking else layer.integers.always_on,
        "compared": None if errors is None else errors.compared,
        "accumulated": None if errors is None else errors.accumulated,
        "alone": None if errors is None else errors.alone,
    }
