"""Rules for what is held too coarsely: weights, registers, and the accuracy that it costs."""

from __future__ import annotations

from collections.abc import Iterator

from .evidence import Evidence
from .findings import Finding
from .grids import Grid
from .layers import Layer
from .ranges import FAR

COARSE_REGISTER = 0.02
"""Rounding of a threshold (of its size), or of a bias or sum (in thresholds)."""
COARSE_LEAK = 0.05
"""Change of a leak, of its own size."""
COARSE_WEIGHTS = 0.1
"""RMS of the rounding over the RMS of the weights."""
WRONG_ALONE = 0.01
"""Share of its spikes that a layer itself turns wrong."""
OUTLIER = 15.0
"""Largest weight over the RMS of the weights; a Gaussian's largest of a million is five."""
CLIPPED = 1e-2
"""Share of weights cut at the end of the grid."""
LOST = 0.005
"""Loss of accuracy, as a share of the samples."""
BEYOND_CHANCE = 2.0
"""Standard deviations by which the samples lost exceed those won, where both would be equally likely."""


def coarse(layer: Layer, seen: Evidence) -> Iterator[Finding]:
    """What a layer that works loses to the grids of its weights and registers."""
    yield from _weights(layer, seen)
    yield from _registers(layer)


def out_of_line(layer: Layer, seen: Evidence) -> Iterator[Finding]:
    """A threshold that a register holds, but far from the others of its layer."""
    low, middle, high, neuron = seen.thresholds.get(layer.name, (1.0, 1.0, 1.0, 0))
    if low > 0 and max(high / middle, middle / low) > FAR:
        far = low if middle / low > high / middle else high
        yield Finding(
            "warning", layer.name, "threshold", f"the threshold of neuron {neuron} is out of line",
            "the weights of a neuron are divided by its threshold, and all of them share one grid",
            f"it is {far:.3g}, the median of the layer is {middle:.3g}",
            "bring it near the others', or train with thresholds clamped to a range",
        )  # fmt: skip


def _weights(layer: Layer, seen: Evidence) -> Iterator[Finding]:
    wrong = _wrong_alone(layer)
    for grid in layer.grids:
        if (grid.clipped or 0.0) > CLIPPED and seen.scale != "squared_error":  # which weighs what clipping costs
            yield Finding(
                "warning", layer.name, "weights", "many weights are clipped", "the scale is too fine for its weights",
                f"{grid.projection}: {grid.clipped:.1%} of {grid.weights} weights are cut at the end of the grid",
                "choose the scale by squared error or by the largest weight (--scale)",
            )  # fmt: skip
        if grid.error is None or grid.error < COARSE_WEIGHTS or wrong < WRONG_ALONE:
            continue
        cause, remedy = rounded_away(layer, grid, seen)
        cause = cause.replace("its weights round to zero", "its weights are rounded coarsely")
        yield Finding(
            "warning", layer.name, "weights", f"{wrong:.1%} of its spikes go wrong in this layer alone", cause,
            f"{grid.projection}: {grid.bits} bits, RMS error {grid.error:.1%} of the weights, {grid.values_used} of "
            f"{grid.values_available} grid values used", remedy,
        )  # fmt: skip


def _registers(layer: Layer) -> Iterator[Finding]:
    held = layer.rounding
    if held is None:
        return
    more = "its weights leave the threshold few steps: "
    if held.threshold > COARSE_REGISTER and layer.threshold is not None:
        yield Finding(
            "warning", layer.name, "threshold", "its threshold is rounded coarsely",
            f"{more}the mantissa is {layer.threshold[0]}",
            f"off by {held.threshold:.1%} of it", "shrink the largest weights, or choose --rows registers",
        )  # fmt: skip
    floor = max((grid.floor for grid in layer.grids), default=0.0)
    if floor > COARSE_REGISTER:
        yield Finding(
            "warning", layer.name, "sums", "its sums are floored coarsely", "the exponent of its weights is negative",
            f"steps of {floor:.3g} thresholds", "fewer inputs to a neuron, smaller weights, or a shorter sample",
        )  # fmt: skip
    if held.bias > COARSE_REGISTER:
        yield Finding(
            "warning", layer.name, "bias", "a bias is rounded coarsely",
            "its largest bias sets the exponent of all, and 13 bits hold the mantissa",
            f"off by {held.bias:.3g} thresholds", "shrink the largest bias of the layer",
        )  # fmt: skip
    leaks = (("membrane", held.leak), ("synaptic current", held.current_leak))
    for state, error in leaks:
        if error > COARSE_LEAK:
            yield Finding(
                "warning", layer.name, "leak", f"the leak of its {state} is rounded coarsely",
                "its time constant is too long for steps of 1/4096", f"off by {error:.0%} of what a row loses",
                "take a shorter time constant, or longer time steps",
            )  # fmt: skip


def lost_accuracy(seen: Evidence, found: list[Finding]) -> Iterator[Finding]:
    """The first layer whose own errors dominate, where accuracy is lost."""
    classes = seen.classes
    if classes is None or not seen.layers:
        return
    net = classes.lost - classes.won
    drop = net / classes.samples
    if drop < LOST or net <= BEYOND_CHANCE * (classes.lost + classes.won) ** 0.5:
        return
    worst = max(map(_wrong_alone, seen.layers))
    layer = next((row for row in seen.layers if worst and _wrong_alone(row) >= worst / 2), seen.layers[-1])
    told = [f.cause for f in found if f.layer == layer.name and f.severity == "error"]
    named = {layer.name, *(grid.projection for grid in layer.grids)}
    listed = sorted((loss for loss in seen.losses if loss.node in named), key=lambda loss: _ORDER.get(loss.kind, 9))
    cause = told[0] if told else "; ".join(loss.what for loss in listed[:2]) or "its rounding"
    yield Finding(
        "error" if drop > 10 * LOST else "warning", layer.name, "accuracy",
        f"{100 * drop:.2f} points of accuracy are lost, from this layer on", cause,
        f"{100 * classes.floats / classes.samples:.2f} % in float, {100 * classes.integers / classes.samples:.2f} % in "
        f"integers on {classes.samples} samples, {classes.lost} lost and {classes.won} won; alone the layer turns "
        f"{_wrong_alone(layer):.2%} of its values wrong",
        _GAIN if listed and listed[0].kind == "gain" and not told
        else "more weight bits here (--search finds them), another scale (--methods), or tuning (--tune)",
    )  # fmt: skip


_GAIN = "let the chip divide (--ei dynamic), or tune with the static gain; spikewright gains compares all ways"
_ORDER = {"gain": 0, "rows": 1, "weights": 2, "reciprocal": 3, "floor": 4, "threshold": 5}


def _wrong_alone(layer: Layer) -> float:
    e = layer.errors
    return 0.0 if e is None or e.what != "spike" or e.alone is None else e.alone / e.compared


def rounded_away(layer: Layer, grid: Grid, seen: Evidence) -> tuple[str, str]:
    """Why weights round to zero, and what helps."""
    low, middle, high, neuron = seen.thresholds.get(layer.name, (1.0, 1.0, 1.0, 0))
    if low > 0 and max(middle / low, high / middle) > OUTLIER:
        far = low if middle / low > high / middle else high
        return (
            f"its weights round to zero: neuron {neuron} has a threshold of {far:.3g}, the median is {middle:.3g}, and "
            "rows divided by their thresholds share one scale",
            "bring that threshold to the others', or give every neuron a scale of its own (--rows registers)",
        )
    if grid.outlier > OUTLIER:
        return (
            f"its weights round to zero: the largest is {grid.outlier:.0f} times their RMS and sets the scale",
            "clip the outlier (--scale percentile or squared_error), or give every neuron its own scale "
            "(--rows registers), or take more weight bits",
        )
    cause = f"its weights round to zero: {grid.bits} bits leave {grid.values_available} values"
    return cause, "take more weight bits for this layer, or tune (--tune)"
