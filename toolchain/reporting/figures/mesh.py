"""The cores of the chip: which are used, by which population, and how full they are."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from .svg import FILL, LINE, SERIES, bars

LIMITED = ("neurons", "synaptic_memory_bits", "in_axons", "out_axons")


def fullness(core: dict[str, Any], limits: dict[str, Any]) -> float:
    """Share of the limit that the core comes nearest to; 0 without limits."""
    return max((core["loads"][name] / limits[name]["value"] for name in LIMITED if name in limits), default=0.0)


def draw_mesh(figure: Figure, placement: dict[str, Any], colours: dict[str, str]) -> None:
    """Draw tiles as squares of cores; a used core is filled from below by its fullest resource.

    Parameters
    ----------
    placement : dict
        As in the content, with a mesh.
    colours : dict of population to colour
    """
    mesh = placement["mesh"]
    width, height, per_tile = mesh["width"], mesh["height"], mesh["cores_per_tile"]
    side = int(np.ceil(np.sqrt(per_tile)))
    axes = figure.add_subplot()
    tiles = np.arange(width * height * per_tile)
    left, bottom, edge = _cells(tiles, width, per_tile, side)
    bars(axes, left, bottom, edge, edge, FILL)
    for population, colour in colours.items():
        cores = [core for core in placement["cores"] if core["population"] == population]
        left, bottom, edge = _cells(np.array([core["index"] for core in cores], int), width, per_tile, side)
        full = np.array([fullness(core, placement["limits"]) for core in cores])
        bars(axes, left, bottom, edge, edge, colour, alpha=0.35)
        bars(axes, left, bottom + edge, edge, -edge * np.clip(full, 0.06, 1.0), colour)
    for tile in range(width * height):
        corner = (tile % width + 0.03, tile // width + 0.03)
        axes.add_patch(Rectangle(corner, 0.94, 0.94, fill=False, edgecolor=LINE, linewidth=1))
    axes.set(xlim=(0, width), ylim=(height, 0), aspect="equal", xlabel="tile, east-west", ylabel="tile, north-south")
    axes.set_xticks(np.arange(width) + 0.5, np.arange(width).astype(str))
    axes.set_yticks(np.arange(height) + 0.5, np.arange(height).astype(str))
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)


def colours_of(populations: list[str]) -> dict[str, str]:
    """A colour for every population, the same as in the raster; they repeat after six."""
    return {name: SERIES[number % len(SERIES)] for number, name in enumerate(dict.fromkeys(populations))}


def _cells(cores: Any, width: int, per_tile: int, side: int) -> tuple[Any, Any, float]:
    """Left and top edge of the square of each core, and its length."""
    tile, place = cores // per_tile, cores % per_tile
    edge = 0.82 / side
    pitch = edge + 0.04 / side
    left = tile % width + 0.08 + place % side * pitch
    top = tile // width + 0.08 + place // side * pitch
    return left, top, edge
