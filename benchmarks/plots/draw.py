"""The pictures: cost of a synaptic event against one quantity each, with the machine's roofs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from io import StringIO
from itertools import groupby
from typing import Any

from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from .layers import Point
from .roofs import Roofs

COLOURS, MARKERS = ("#0072b2", "#d55e00", "#009e73"), ("o", "s", "^")
"""Distinct to every eye (Okabe and Ito), and by their markers without any colour."""
INK, ROOF = "#333333", "#000000"
STYLE = {
    "svg.hashsalt": "spikewright",
    "font.size": 9.0,
    "text.color": INK,
    "axes.labelcolor": INK,
    "axes.edgecolor": "#888888",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlesize": 10.0,
    "axes.titlelocation": "left",
    "xtick.color": INK,
    "ytick.color": INK,
    "grid.color": "#dddddd",
    "grid.linewidth": 0.6,
    "legend.frameon": False,
    "legend.fontsize": 8.0,
}
Row = dict[str, Any]


@dataclass(frozen=True)
class Sweep:
    """A quantity that points vary in.

    Attributes
    ----------
    label : str
    of : callable
        Its value of a row.
    curve : str
        Name of the quantity that tells the curves of a panel apart.
    clock : {"cpu", "wall"}
    """

    label: str
    of: Callable[[Row], float]
    curve: str
    clock: str = "cpu"


SWEEPS = {
    "rate": Sweep("input spikes per neuron and step, %", lambda row: 100 * row["rate"], "size"),
    "size": Sweep("layer size, neurons | channels", lambda row: row["size"], "rate"),
    "batch": Sweep("batch, samples", lambda row: row["samples"], "rate"),
    "threads": Sweep("threads", lambda row: row["threads"], "rate", "wall"),
}
TITLES = {
    "dense": "dense, as many inputs as neurons",
    "convolution": "convolution 3 x 3 on 16 x 16, as many channels in as out",
}


def draw(name: str, variant: dict[str, Any], footer: str) -> str:
    """Draw one sweep as SVG: dense layers on the left, convolutions on the right.

    Parameters
    ----------
    name : str
        Of `SWEEPS`.
    variant : dict
        What `sweeps.main` prints.
    footer : str
        Machine, version and date, in small print.
    """
    with rc_context(STYLE):
        figure = Figure(figsize=(10, 4.6), layout="constrained")
        FigureCanvasSVG(figure)
        fill(figure, name, variant, footer)
        text = StringIO()
        figure.savefig(text, format="svg", metadata={"Date": None, "Creator": None})
    return "\n".join(line.rstrip() for line in text.getvalue().splitlines()) + "\n"


def fill(figure: Figure, name: str, variant: dict[str, Any], footer: str) -> None:
    """Draw into a figure."""
    sweep, roofs = SWEEPS[name], [Roofs(**one) for one in variant["roofs"]]
    both = figure.subplots(1, 2, sharey=True)
    for axes, (kind, title) in zip(both, TITLES.items(), strict=True):
        rows = [row for row in variant["sweeps"][name] if row["kind"] == kind]
        _panel(axes, sweep, rows, roofs)
        axes.set_title(title)
        labels = sweep.label.split(" | ")
        axes.set_xlabel(labels[0] if len(labels) == 1 or kind == "dense" else f"layer size, {labels[1]}")
    time = "CPU time" if sweep.clock == "cpu" else "wall time"
    both[0].set_ylabel(f"{time} per synaptic event, ns")
    figure.supxlabel(footer, fontsize=7, color="#666666", x=0.01, ha="left")


def _panel(axes: Axes, sweep: Sweep, rows: list[Row], roofs: list[Roofs]) -> None:
    curves = [list(own) for _, own in groupby(rows, key=lambda row: row[sweep.curve])]
    for curve, colour, marker in zip(curves, COLOURS, MARKERS, strict=False):
        x = [sweep.of(row) for row in curve]
        label = _label(sweep.curve, curve[0])
        axes.plot(x, [row[f"{sweep.clock}_ns"] for row in curve], color=colour, marker=marker, ms=4, label=label)
        for style, values in _roofs_of(sweep, curve, roofs):
            axes.plot(x, values, color=colour, linestyle=style, linewidth=1)
    x = sorted({sweep.of(row) for row in rows})
    adding = [_roof_for(row, roofs).compute_ns() for row in (next(r for r in rows if sweep.of(r) == v) for v in x)]
    axes.plot(x, adding, color=ROOF, linewidth=1.2)
    axes.set(xscale="log", yscale="log")
    axes.set_xticks(x, [f"{value:g}" for value in x], rotation=0)
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5), numticks=20))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.yaxis.set_minor_formatter(NullFormatter())
    axes.tick_params(labelleft=True)
    axes.grid(True, axis="y")
    extra = [
        Line2D([], [], color=ROOF, linewidth=1.2, label="roof: additions in registers"),
        Line2D([], [], color=INK, linestyle="--", linewidth=1, label="roof: reading a byte of weight"),
    ]
    if roofs[0].products_per_s is not None:
        extra.append(Line2D([], [], color=INK, linestyle=":", linewidth=1, label="roof: products of tiles"))
    axes.legend(handles=[*axes.get_legend_handles_labels()[0], *extra])


def _roofs_of(sweep: Sweep, curve: list[Row], roofs: list[Roofs]) -> Iterator[tuple[str, list[float]]]:
    """Roofs that differ from curve to curve, as a line style and values."""
    pairs = [(Point(*(row[key] for key in ("kind", "size", "rate"))), _roof_for(row, roofs)) for row in curve]
    yield "--", [roof.memory_ns(point.weights) for point, roof in pairs]
    products = [roof.product_ns(point.rate) for point, roof in pairs]
    if None not in products:
        yield ":", products  # type: ignore[misc]


def _roof_for(row: Row, roofs: list[Roofs]) -> Roofs:
    return next(roof for roof in roofs if roof.threads == row["threads"])


def _label(curve: str, row: Row) -> str:
    if curve == "rate":
        return f"{100 * row['rate']:g} % of the inputs spike"
    weights = Point(row["kind"], row["size"], row["rate"]).weights
    size = f"{weights / 2**20:g} MiB" if weights >= 2**20 else f"{weights / 2**10:g} KiB"
    return f"{row['size']} {'neurons' if row['kind'] == 'dense' else 'channels'}, {size} of weights"
