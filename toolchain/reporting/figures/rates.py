"""How often the neurons of each population fire: a histogram apiece, on one axis of rates."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.figure import Figure

from .svg import SERIES, SOFT, bars, short


def draw_rates(figure: Figure, rates: dict[str, dict[str, Any]]) -> None:
    """Draw histograms of firing rates.

    Parameters
    ----------
    rates : dict of str to dict
        ``edges`` (spikes per neuron and step), ``neurons`` in each bin, ``silent`` ones.
    """
    columns = 1 if len(rates) <= 4 else 2
    rows = -(-len(rates) // columns)
    figure.get_layout_engine().set(h_pad=0.1)
    grid = figure.subplots(rows, columns, sharex=True, squeeze=False)
    for number, axes in enumerate(grid.T.flat):
        if number >= len(rates):
            axes.set_visible(False)
            continue
        name, rate = list(rates.items())[number]
        edges = np.array(rate["edges"])
        neurons = np.array(rate["neurons"])
        gap = 0.08 * (edges[1] - edges[0])
        bars(axes, edges[:-1] + gap, 0 * edges[:-1], np.diff(edges) - 2 * gap, neurons, SERIES[number % len(SERIES)])
        axes.set(xlim=(edges[0], edges[-1]), ylim=(0, 1.12 * max(neurons.max(), 1)))
        axes.set_title(short(name), pad=4)
        axes.set_title(f"{rate['silent']} of {neurons.sum()} silent", loc="right", color=SOFT, pad=4)
        axes.locator_params("y", nbins=3, integer=True)
        axes.grid(True, axis="x")
    figure.supxlabel("spikes per neuron and step", fontsize="medium", color=SOFT)
    figure.supylabel("neurons", fontsize="medium", color=SOFT)
