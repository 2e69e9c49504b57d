"""Where the energy goes: one bar a population, stacked by component."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure

from ..readable import energy
from .svg import INK, SERIES, bars, short


def draw_energy(figure: Figure, components: dict[str, dict[str, float]], unit: tuple[float, str]) -> None:
    """Draw energy per sample.

    Parameters
    ----------
    components : dict of component to dict of population to energy, in pJ
    unit : (pJ of one unit, its name)
        What the axis counts in.
    """
    axes = figure.add_subplot()
    names = list(next(iter(components.values())))
    places, base = np.arange(len(names)), np.zeros(len(names))
    for number, row in enumerate(components.values()):
        values = np.array([row[name] for name in names]) / unit[0]
        bars(axes, base, places - 0.3, values, 0.6, SERIES[number % len(SERIES)])
        base = base + values
    for place, total in zip(places, base, strict=True):
        text = energy(total * unit[0])
        axes.annotate(text, (total, place), (6, 0), textcoords="offset points", va="center", color=INK)
    axes.set(xlim=(0, 1.18 * max(base.max(), 1e-9)), ylim=(len(names) - 0.4, -0.6))
    axes.set_xlabel(f"energy per sample, {unit[1]}")
    axes.set_yticks(places, [short(name) for name in names])
    axes.tick_params("y", length=0)
    axes.spines["left"].set_visible(False)
    axes.grid(True, axis="x")
