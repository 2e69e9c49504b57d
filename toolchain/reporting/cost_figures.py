"""Figures of a cost: energy by component, time of the steps, cores of the chip."""

from __future__ import annotations

from typing import Any

from . import readable
from .draw import SERIES, variable
from .drawing import HALF, Drawing, drawn, first
from .mesh import colours_of, draw_mesh
from .split import draw_energy
from .steps import draw_steps

_ENERGY = ((1.0, "pJ"), (1e3, "nJ"), (1e6, "µJ"), (1e9, "mJ"))
_TIME = ((1.0, "ns"), (1e3, "µs"), (1e6, "ms"))


def cost_figures(content: dict[str, Any]) -> list[Drawing]:
    """Draw what there is a cost for."""
    cost = content["cost"]
    return [] if cost is None else [*_energy(cost), *_steps(cost), *_mesh(cost)]


def _energy(cost: dict[str, Any]) -> list[Drawing]:
    components = cost["by_population_pj"]
    shown, more = first(next(iter(components.values())), "populations")
    # A component that was never needed takes no colour.
    needed = {name: row for name, row in components.items() if any(row.values())} or components
    rows = {name: {p: row[p] for p in shown} for name, row in needed.items()}
    unit = _unit(max(sum(row[p] for row in rows.values()) for p in shown), _ENERGY)
    legend = tuple((variable(SERIES[n % len(SERIES)]), readable.label(name)) for n, name in enumerate(rows))
    caption = (
        f"By the population on whose cores it is spent, mean over {cost['samples']:,} samples: counts of "
        f"{cost['backend']} times coefficients of {cost['chip']}, estimated.{more}"
    )
    size = (HALF, 64 + 36 * len(shown))
    return drawn("energy", "Energy", caption, size, lambda figure: draw_energy(figure, rows, unit), legend)


def _steps(cost: dict[str, Any]) -> list[Drawing]:
    steps = cost["steps"]
    if steps is None:
        return []
    ends = (steps["first_lower_ns"], steps["first_upper_ns"])
    shown, total, unit = len(steps["first_ns"]), steps["count"], _unit(max(ends[1]), _TIME)
    caption = (
        f"{f'The first {shown} of {total:,}' if shown < total else f'All {total}'} chip steps, samples back to back; "
        f"shaded: lower to upper bound. Counts of {cost['backend']}, timing {cost['timing']}, coefficients of "
        f"{cost['chip']}, estimated."
    )
    return drawn(
        "steps", "Time of a step", caption, (HALF, 300), lambda f: draw_steps(f, steps["first_ns"], ends, unit)
    )


def _mesh(cost: dict[str, Any]) -> list[Drawing]:
    placement = cost["placement"]
    mesh = placement["mesh"]
    if mesh is None:
        return []
    colours = colours_of([core["population"] for core in placement["cores"]])
    shown, more = first(colours, "populations")
    tile = min((HALF - 50) / mesh["width"], 64)
    caption = (
        f"{mesh['width']} x {mesh['height']} tiles of {mesh['cores_per_tile']} cores, placement "
        f"{placement['strategy']}. A core is filled from below by the limit that it comes nearest to.{more}"
    )
    legend = tuple((variable(colour), name) for name, colour in shown.items())
    size = (HALF, int(tile * mesh["height"]) + 50)
    return drawn("mesh", f"Cores of {cost['chip']}", caption, size, lambda f: draw_mesh(f, placement, colours), legend)


def _unit(largest: float, units: tuple[tuple[float, str], ...]) -> tuple[float, str]:
    """The largest unit in which `largest` is at least 1."""
    return next((unit for unit in reversed(units) if largest >= unit[0]), units[0])
