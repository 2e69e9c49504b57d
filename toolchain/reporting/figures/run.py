"""Every figure of the page with its title and a caption that says where it comes from."""

from __future__ import annotations

from typing import Any

from ....exporters.program.trace import Trace
from .. import readable
from .bars import draw_operations, draw_sparsity
from .cost import cost_figures
from .figure import HALF, WHOLE, Drawing, drawn, first, origin, spoken
from .raster import draw_raster, is_crowded
from .rates import draw_rates
from .weights import draw_weights


def draw_figures(content: dict[str, Any], trace: Trace) -> dict[str, Drawing]:
    """Draw what there are numbers for; a figure without numbers is left out."""
    drawings = [
        *_raster(content, trace),
        *_rates(content),
        *_weights(content),
        *_operations(content),
        *_sparsity(content),
        *cost_figures(content),
    ]
    return {drawing.name: drawing for drawing in drawings}


def _raster(content: dict[str, Any], trace: Trace) -> list[Drawing]:
    shown = [name for name in content["activity"]["populations"] if name in trace.spikes]
    rows, more = first({name: trace.spikes[name][:, 0].reshape(trace.steps, -1) for name in shown}, "populations")
    if not rows:
        return []
    dense = " Too many to draw one by one: the darker, the more." if is_crowded(rows) else ""
    what = f"Sample 0 of {trace.samples:,}, every spike of {trace.steps} steps."
    caption = f"{what}{dense}{more} {origin(content['activity'])}."
    size = (HALF, 430) if trace.steps <= 32 else (WHOLE, 430)
    counts = spoken(rows, lambda spikes: f"{readable.count(int((spikes != 0).sum()))}")
    shows = f"A mark for every spike, time steps to the right, neurons downwards. Spikes of each population: {counts}."
    return drawn("raster", "Spikes of one sample", caption, shows, size, lambda figure: draw_raster(figure, rows))


def _rates(content: dict[str, Any]) -> list[Drawing]:
    rates, more = first(content["rates"], "populations")
    if not rates:
        return []
    samples = content["activity"]["samples"]
    caption = f"Mean of every neuron over {samples:,} samples.{more} {origin(content['activity'])}."
    height = 60 + 185 * min(len(rates), 4) if len(rates) <= 4 else 40 + 120 * -(-len(rates) // 2)
    silent = spoken(rates, lambda rate: f"{rate['silent']} of {sum(rate['neurons'])}")
    shows = f"Histograms of neurons over spikes per neuron and step. Silent neurons: {silent}."
    return drawn("rates", "Firing rates", caption, shows, (HALF, height), lambda figure: draw_rates(figure, rates))


def _weights(content: dict[str, Any]) -> list[Drawing]:
    stored = {name: held for name, held in content["weights"].items() if held["values"]}
    weights, more = first(stored, "projections")
    if not weights:
        return []
    columns = min(len(weights), 3 if len(weights) > 2 else 2)
    size = (WHOLE, 50 + 200 * -(-len(weights) // columns))
    caption = (
        "Weights at each value that the chip can hold; dashed: the ends of the grid. "
        f"Read from the integer program, exact.{more}"
    )
    zeros = spoken(weights, lambda held: readable.share(held["zeros_share"], 1))
    shows = f"Histograms of weights over grid values, logarithmic. Zero weights: {zeros}."
    return drawn("weights", "Weights on their grid", caption, shows, size, lambda f: draw_weights(f, weights, columns))


def _operations(content: dict[str, Any]) -> list[Drawing]:
    activity = content["activity"]
    rows, more = first(activity["synaptic_ops_per_sample"], "projections")
    if not rows:
        return []
    caption = f"Exact count, mean over {activity['samples']:,} samples.{more} {origin(activity)}."
    size = (HALF, 64 + 36 * len(rows))
    shows = f"Bars, operations per sample: {spoken(rows, readable.count)}."
    return drawn("operations", "Synaptic operations", caption, shows, size, lambda f: draw_operations(f, rows))


def _sparsity(content: dict[str, Any]) -> list[Drawing]:
    activity = content["activity"]
    rows, more = first({name: row["sparsity"] for name, row in activity["populations"].items()}, "populations")
    if not rows:
        return []
    caption = f"1 - spikes / (neurons x steps), mean over {activity['samples']:,} samples.{more} {origin(activity)}."
    size = (HALF, 64 + 36 * len(rows))
    shows = f"Bars, share of neuron steps without a spike: {spoken(rows, readable.share)}."
    return drawn("sparsity", "Sparsity", caption, shows, size, lambda figure: draw_sparsity(figure, rows))
