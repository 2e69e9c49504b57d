"""Figures of a cost: energy by component, time of the steps, cores of the chip."""

from __future__ import annotations

from typing import Any

from .. import readable
from .energy import draw_energy
from .figure import HALF, Drawing, drawn, first, spoken
from .mesh import colours_of, draw_mesh
from .steps import draw_steps
from .svg import SERIES, variable


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
    totals = {p: sum(row[p] for row in rows.values()) for p in shown}
    unit = readable.unit_for(max(totals.values()), readable.ENERGY)
    legend = tuple((variable(SERIES[n % len(SERIES)]), readable.label(name)) for n, name in enumerate(rows))
    caption = (
        f"By the population on whose cores it is spent, mean over {cost['samples']:,} samples: counts of "
        f"{cost['backend']} times coefficients of {cost['chip']}, estimated.{more}"
    )
    size = (HALF, 64 + 36 * len(shown))
    shows = f"Stacked bars, energy per sample of each population: {spoken(totals, readable.energy)}."
    return drawn("energy", "Energy", caption, shows, size, lambda figure: draw_energy(figure, rows, unit), legend)


def _steps(cost: dict[str, Any]) -> list[Drawing]:
    steps = cost["steps"]
    if steps is None:
        return []
    ends = (steps["first_lower_ns"], steps["first_upper_ns"])
    shown, total, unit = len(steps["first_ns"]), steps["count"], readable.unit_for(max(ends[1]), readable.TIME)
    caption = (
        f"{f'The first {shown} of {total:,}' if shown < total else f'All {total}'} chip steps, samples back to back; "
        f"shaded: lower to upper bound. Counts of {cost['backend']}, timing {cost['timing']}, coefficients of "
        f"{cost['chip']}, estimated."
    )
    shortest, longest = (readable.duration(end(steps["first_ns"])) for end in (min, max))
    shows = f"A line of the time of every chip step, from {shortest} to {longest}, in a band of its bounds."
    return drawn(
        "steps", "Time of a step", caption, shows, (HALF, 300), lambda f: draw_steps(f, steps["first_ns"], ends, unit)
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
    used = {name: sum(core["population"] == name for core in placement["cores"]) for name in shown}
    shows = f"A map of the tiles and their cores. Cores of each population: {spoken(used, readable.count)}."
    title = f"Cores of {cost['chip']}"
    return drawn("mesh", title, caption, shows, size, lambda f: draw_mesh(f, placement, colours), legend)
