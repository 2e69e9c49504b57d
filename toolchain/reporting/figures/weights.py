"""The weights of every projection where the chip can hold them: one bar for each value of the grid."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

from ..readable import share
from .svg import LINE, SERIES, SOFT, bars, short


def draw_weights(figure: Figure, weights: dict[str, dict[str, Any]], columns: int) -> None:
    """Draw histograms of weights, with the ends of the grid marked.

    Parameters
    ----------
    weights : dict of str to dict
        ``values`` that occur, how many ``synapses`` hold each, and the grid's ``low``, ``high`` and ``step``.
    columns : int
        Histograms side by side.
    """
    rows = -(-len(weights) // columns)
    grid = figure.subplots(rows, columns, squeeze=False)
    for number, axes in enumerate(grid.flat):
        if number >= len(weights):
            axes.set_visible(False)
            continue
        name, held = list(weights.items())[number]
        values, synapses = np.array(held["values"]), np.array(held["synapses"])
        width = held["step"] * (0.8 if held["high"] - held["low"] < 80 * held["step"] else 1.0)
        # On a logarithmic axis a bar needs a foot above zero; one synapse must still be seen.
        bars(axes, values - width / 2, np.full(len(values), 0.5), width, synapses - 0.5, SERIES[0])
        margin = 0.04 * (held["high"] - held["low"])
        axes.set_yscale("log")
        axes.yaxis.set_major_locator(LogLocator(numticks=5))
        axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))
        axes.yaxis.set_minor_locator(NullLocator())
        axes.set(xlim=(held["low"] - margin, held["high"] + margin), ylim=(0.5, 2.2 * synapses.max()))
        for end in ("low", "high"):
            axes.axvline(held[end], color=SOFT, linewidth=1, linestyle=(0, (3, 3)))
        axes.set_title(short(name, 30), pad=4)
        axes.set_title(f"{share(held['zeros_share'], 1)} zero", loc="right", color=SOFT, pad=4)
        axes.grid(True, axis="y", color=LINE)
    figure.supxlabel("weight (grid value)", fontsize="medium", color=SOFT)
    figure.supylabel("weights (logarithmic)", fontsize="medium", color=SOFT)
