"""How long each chip step takes by itself, between what is surely needed and what it takes at worst."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure

from .svg import SERIES, SOFT


def draw_steps(
    figure: Figure, times: list[float], bounds: tuple[list[float], list[float]], unit: tuple[float, str]
) -> None:
    """Draw step times.

    Parameters
    ----------
    times : list of float
        Of every chip step, in ns.
    bounds : (lower, upper)
        Lists of the same length.
    unit : (ns of one unit, its name)
    """
    axes = figure.add_subplot()
    steps = np.arange(len(times))
    lower, upper, values = (np.array(row) / unit[0] for row in (*bounds, times))
    edges = np.append(steps - 0.5, steps[-1] + 0.5)
    band = {"step": "post", "color": SERIES[0], "alpha": 0.25, "linewidth": 0}
    axes.fill_between(edges, np.append(lower, lower[-1]), np.append(upper, upper[-1]), **band)
    axes.stairs(values, edges, baseline=None, color=SERIES[0], linewidth=2)
    axes.set(xlim=(edges[0], edges[-1]), ylim=(0, 1.1 * max(upper.max(), values.max(), 1e-9)))
    axes.set_xlabel("chip step")
    axes.set_ylabel(f"time, {unit[1]}")
    axes.yaxis.label.set_color(SOFT)
    axes.xaxis.get_major_locator().set_params(integer=True)
    axes.grid(True, axis="y")
