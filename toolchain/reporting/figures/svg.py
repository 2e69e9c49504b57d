"""One look for every figure: drawn by matplotlib, coloured by the page.

Figures are drawn in stand-in colours, which leave as CSS variables; so one drawing is legible on light and on dark
paper. Text stays text, in the page's own font. One unit of a drawing is one pixel of a page of full width.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from html import escape
from io import StringIO
from typing import Any
from warnings import catch_warnings, filterwarnings

import numpy as np
from matplotlib import rc_context
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure
from matplotlib.patches import PathPatch
from matplotlib.path import Path
from numpy.typing import NDArray

INK, SOFT, LINE, FILL = "#010101", "#020202", "#030303", "#040404"
SERIES = ("#0a0101", "#0b0101", "#0c0101", "#0d0101", "#0e0101", "#0f0101")
"""Stand-ins for six colours that differ in hue and in lightness."""
_VARIABLES = {INK: "--ink", SOFT: "--soft", LINE: "--line", FILL: "--fill"} | {
    colour: f"--series-{number}" for number, colour in enumerate(SERIES, 1)
}
_TAG = re.compile(r"<[^>]*>")
_STAND_IN, _NAME = re.compile("|".join(_VARIABLES)), re.compile(r'(\bid="|href="#|url\(#)')
_OUTLINE, _DIGITS = re.compile(r' d="[^"]*"'), re.compile(r"(\.\d\d)\d+")
BITMAP = "#5b86b5"
"""A middle tone for what is drawn as a bitmap, which no style sheet reaches."""
STYLE = {
    "svg.fonttype": "none",
    "svg.hashsalt": "spikewright",
    "text.parse_math": False,  # names may hold a dollar sign
    "path.simplify": False,
    "font.size": 12.0,
    "text.color": INK,
    "axes.edgecolor": LINE,
    "axes.labelcolor": SOFT,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlecolor": INK,
    "axes.titlelocation": "left",
    "axes.titlesize": 12.0,
    "axes.facecolor": "none",
    "axes.axisbelow": True,
    "axes.linewidth": 1.0,
    "grid.color": LINE,
    "grid.linewidth": 0.8,
    "xtick.color": LINE,
    "ytick.color": LINE,
    "xtick.labelcolor": SOFT,
    "ytick.labelcolor": SOFT,
    "xtick.major.size": 3.0,
    "ytick.major.size": 3.0,
    "figure.facecolor": "none",
    "savefig.facecolor": "none",
}


def draw_svg(name: str, label: str, width: int, height: int, draw: Callable[[Figure], None]) -> str:
    """Let `draw` fill a figure of `width` x `height` pixels and return it as an ``<svg>`` element.

    Parameters
    ----------
    name : str
        Prefix of every id inside, unique on the page.
    label : str
        What a screen reader says instead of the picture.
    """
    with rc_context(STYLE), catch_warnings():
        # The text is set by the reader's browser; matplotlib only measures it, and may lack a letter.
        filterwarnings("ignore", "Glyph .* missing from font")
        figure = Figure(figsize=(width / 72, height / 72), layout="constrained")
        FigureCanvasSVG(figure)
        draw(figure)
        buffer = StringIO()
        nothing = dict.fromkeys(("Creator", "Date", "Format", "Type"))
        figure.savefig(buffer, format="svg", dpi=144, metadata=nothing)
    body = buffer.getvalue().partition("<svg")[2].partition(">")[2]
    # Only tags are changed: a text may hold anything, a stand-in colour or the look of an attribute too.
    body = _TAG.sub(lambda tag: _finish(tag[0], name), body)
    return f'<svg viewBox="0 0 {width} {height}" role="img" aria-label="{escape(label)}">{body}'


def _finish(tag: str, name: str) -> str:
    """Give a tag the prefix of its ids and its colours of the page, and cut the digits that no screen shows."""
    tag = _NAME.sub(rf"\g<1>{name}-", tag)
    tag = _STAND_IN.sub(lambda found: f"var({_VARIABLES[found[0]]})", tag)
    return _OUTLINE.sub(lambda outline: _DIGITS.sub(r"\1", outline[0]), tag)


def bars(
    axes: Any, left: NDArray[Any], bottom: NDArray[Any], width: Any, height: Any, colour: str, **style: Any
) -> None:
    """Fill many rectangles as one shape: a page of a thousand bars stays small.

    Parameters
    ----------
    left, bottom : (n,) array
    width, height : (n,) array or number
    """
    n = len(left)
    if not n:
        return
    right, top = np.broadcast_to(left + width, n), np.broadcast_to(bottom + height, n)
    corners = np.stack([left, bottom, right, bottom, right, top, left, top, left, bottom], 1).reshape(n, 5, 2)
    codes = np.tile([Path.MOVETO, Path.LINETO, Path.LINETO, Path.LINETO, Path.CLOSEPOLY], n)
    axes.add_patch(PathPatch(Path(corners.reshape(-1, 2), codes), facecolor=colour, edgecolor="none", **style))


def short(name: str, length: int = 22) -> str:
    """A long name, shortened in its middle, where a hierarchy of modules says least."""
    if len(name) <= length:
        return name
    head = (length - 1) // 2
    return f"{name[:head]}…{name[-(length - 1 - head) :]}"


def variable(colour: str) -> str:
    """CSS variable that a stand-in colour becomes."""
    return _VARIABLES[colour]
