"""Horizontal bars with their number beside them: synaptic operations by projection, sparsity by population."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, MaxNLocator

from ..readable import count, share
from .svg import FILL, INK, SERIES, bars, short


def draw_operations(figure: Figure, operations: dict[str, float]) -> None:
    """Draw synaptic operations per sample of every projection."""
    texts = [count(n) for n in operations.values()]
    _draw(figure, operations, texts, None, SERIES[0], "synaptic operations per sample")


def draw_sparsity(figure: Figure, sparsity: dict[str, float]) -> None:
    """Draw the share of neuron steps without a spike of every population."""
    percent = {name: 100 * value for name, value in sparsity.items()}
    texts = [share(value) for value in sparsity.values()]
    _draw(figure, percent, texts, 100.0, SERIES[2], "sparsity, % of neuron steps without a spike")


def _draw(
    figure: Figure, rows: dict[str, float], texts: list[str], full: float | None, colour: str, label: str
) -> None:
    axes = figure.add_subplot()
    values, places = np.array(list(rows.values()), float), np.arange(len(rows))
    end = full or max(values.max(), 1)
    if full:
        bars(axes, 0 * values, places - 0.3, np.full(len(values), full), 0.6, FILL)
    bars(axes, 0 * values, places - 0.3, values, 0.6, colour)
    for place, text in zip(places, texts, strict=True):
        axes.annotate(text, (full or values[place], place), (6, 0), textcoords="offset points", va="center", color=INK)
    axes.set(xlim=(0, 1.24 * end), ylim=(len(rows) - 0.4, -0.6), xlabel=label)
    axes.set_yticks(places, [short(name) for name in rows])
    axes.tick_params("y", length=0)
    axes.spines["left"].set_visible(False)
    axes.xaxis.set_major_locator(FixedLocator([tick for tick in MaxNLocator(4).tick_values(0, end) if tick <= end]))
    axes.grid(True, axis="x")
