"""Raster of one sample: every spike of every population, stacked from the input on."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from numpy.typing import NDArray

from .svg import BITMAP, LINE, SERIES, bars, short

OUTLINES = 6000
"""Spikes up to which each is an outline; beyond, populations are drawn as bitmaps."""
PIXELS = (1600, 800)
"""Largest bitmap, steps x neurons; what is larger is averaged."""


def draw_raster(figure: Figure, spikes: dict[str, NDArray[Any]]) -> None:
    """Draw spikes over time.

    Parameters
    ----------
    spikes : dict of str to (T, neurons) array
        Not zero where a neuron fired; from the input on.
    """
    axes = figure.add_subplot()
    steps, total = len(next(iter(spikes.values()))), sum(rows.shape[1] for rows in spikes.values())
    crowded = is_crowded(spikes)
    top, ticks = 0, []
    for number, rows in enumerate(spikes.values()):
        neurons = rows.shape[1]
        if crowded:
            axes.imshow(_bitmap(rows), extent=(-0.5, steps - 0.5, top + neurons, top), interpolation="nearest")
        else:
            step, neuron = np.nonzero(rows)
            bars(axes, step - 0.36, top + neuron + 0.06, 0.72, 0.88, SERIES[number % len(SERIES)])
        ticks.append(top + neurons / 2)
        top += neurons
        if top < total:
            axes.axhline(top, color=LINE, linewidth=1)
    axes.set(xlim=(-0.5, steps - 0.5), ylim=(total, 0), aspect="auto", xlabel="time step", ylabel="neurons")
    axes.set_yticks(ticks, [f"{short(name)}\n{rows.shape[1]}" for name, rows in spikes.items()], va="center")
    axes.tick_params("y", length=0)
    axes.xaxis.get_major_locator().set_params(integer=True)


def is_crowded(spikes: dict[str, NDArray[Any]]) -> bool:
    """Whether there are too many spikes to draw each by itself."""
    return sum(int(np.count_nonzero(rows)) for rows in spikes.values()) > OUTLINES


def _bitmap(rows: NDArray[Any]) -> NDArray[np.float64]:
    """Picture of a population, (neurons, steps, RGBA): the denser the spikes, the darker, never invisible."""
    density = (rows != 0).T.astype(np.float64)
    for axis, most in ((0, PIXELS[1]), (1, PIXELS[0])):
        length = density.shape[axis]
        starts = np.linspace(0, length, min(length, most) + 1).astype(int)
        shape = (-1, 1) if axis == 0 else (1, -1)
        density = np.add.reduceat(density, starts[:-1], axis) / np.diff(starts).reshape(shape)
    picture = np.empty((*density.shape, 4))
    picture[..., :3] = to_rgb(BITMAP)
    picture[..., 3] = np.where(density > 0, 0.25 + 0.75 * density, 0.0)
    return picture
