"""A figure with everything that stands around it on the page."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup
from matplotlib.figure import Figure

from .svg import draw_svg

HALF, WHOLE = 520, 1060
"""Widths of a figure, in pixels of the full page."""
SHOWN = 12
"""Populations or projections that one figure shows at most, from the input on."""


@dataclass(frozen=True)
class Drawing:
    """A figure ready for the page: `svg` is markup of ours, the texts are escaped by the template.

    Attributes
    ----------
    name, title : str
    svg : Markup
    caption : str
    whole : bool
        Whether it takes the whole width of the page.
    legend : tuple of (CSS variable, text)
    """

    name: str
    title: str
    svg: Markup
    caption: str
    whole: bool = False
    legend: tuple[tuple[str, str], ...] = ()


def origin(run: dict[str, Any]) -> str:
    """Which backend of which versions produced a number, and that it is simulated."""
    versions = ", ".join(f"{name} {version}" for name, version in run["versions"].items())
    return f"{run['backend']} ({versions}), simulated"


def drawn(
    name: str,
    title: str,
    caption: str,
    shows: str,
    size: tuple[int, int],
    draw: Callable[[Figure], None],
    legend: tuple[tuple[str, str], ...] = (),
) -> list[Drawing]:
    """Draw a figure of `size` pixels; a list, to be strung together with figures that may be missing.

    `shows` is what a screen reader says instead of the picture.
    """
    # Jinja may take the markup as it is: matplotlib escapes every text in it.
    svg = Markup(draw_svg(name, f"{title}. {shows}", *size, draw))
    return [Drawing(name, title, svg, caption, size[0] == WHOLE, legend)]


def spoken(rows: dict[str, Any], text: Callable[[Any], str]) -> str:
    """The rows of a figure in words: a 1, b 2."""
    return ", ".join(f"{name} {text(value)}" for name, value in rows.items())


def first(rows: dict[str, Any], what: str) -> tuple[dict[str, Any], str]:
    """The first rows, and a sentence that says how many more there are."""
    if len(rows) <= SHOWN:
        return rows, ""
    kept = dict(list(rows.items())[:SHOWN])
    return kept, f" The first {SHOWN} {what} from the input on are shown, {len(rows) - SHOWN} more are in the table."
