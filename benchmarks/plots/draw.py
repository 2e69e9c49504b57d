"""The pictures: cost of a synaptic event against one quantity each, with the machine's roofs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from io import StringIO
from itertools import groupby
from typing import Any

from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter, NullLocator

from .layers import SIDE, Point
from .roofs import Roofs

COLOURS, MARKERS = ("#0072b2", "#d55e00", "#009e73"), ("o", "s", "^")
"""Distinct to every eye (Okabe and Ito), and by their markers without any colour."""
INK, ROOF = "#333333", "#000000"
ADDITIONS = {"linestyle": "-", "linewidth": 1.2}
MEMORY = {"linestyle": "--", "linewidth": 1.0}
PRODUCTS = {"linestyle": ":", "linewidth": 1.2}
STYLE = {
    "svg.hashsalt": "spikewright",
    "svg.fonttype": "none",
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
    "dense": "dense",
    "convolution": f"convolution 3 x 3 on {SIDE} x {SIDE}",
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
        figure = Figure(figsize=(10, 5), layout="constrained")
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
        one_size = len({row["size"] for row in rows}) == 1
        axes.set_title(f"{title}: {_label('size', rows[0])}" if one_size else title)
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
        found = _roofs_of(curve, roofs)
        # What weights cost to read depends on their size, products on the rate: where one is the same for all curves,
        # one line is enough.
        if sweep.curve == "size" or curve is curves[0]:
            axes.plot(x, found["memory"], color=colour if sweep.curve == "size" else ROOF, **MEMORY)
        if "products" in found and (sweep.curve == "rate" or curve is curves[0]):
            axes.plot(x, found["products"], color=colour if sweep.curve == "rate" else ROOF, **PRODUCTS)
        if curve is curves[0]:
            axes.plot(x, found["additions"], color=ROOF, **ADDITIONS)
            axes.set_xscale("log")
            axes.set_xticks(x, [f"{value:g}" for value in x])
    axes.xaxis.set_minor_locator(NullLocator())
    axes.set_yscale("log")
    axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5), numticks=20))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.yaxis.set_minor_formatter(NullFormatter())
    axes.tick_params(labelleft=True)
    axes.grid(True, axis="y")
    told = {"additions in registers": ADDITIONS, "reading a byte of weight": MEMORY}
    told |= {} if roofs[0].products_per_s is None else {"products of tiles": PRODUCTS}
    lines = [Line2D([], [], color=ROOF, label=f"roof: {name}", **style) for name, style in told.items()]
    handles = [*axes.get_legend_handles_labels()[0], *lines]
    axes.legend(handles=handles, loc="upper center", bbox_to_anchor=(0.5, -0.14), ncols=2)


def _roofs_of(curve: list[Row], roofs: list[Roofs]) -> dict[str, list[float]]:
    """Every roof along a curve, ns per synaptic event."""
    on = {roof.threads: roof for roof in roofs}
    pairs = [(Point(row["kind"], row["size"], row["rate"]), on[row["threads"]]) for row in curve]
    found = {
        "additions": [roof.compute_ns() for _, roof in pairs],
        "memory": [roof.memory_ns(point.weights) for point, roof in pairs],
    }
    if roofs[0].products_per_s is not None:
        found["products"] = [roof.product_ns(point.rate) for point, roof in pairs]
    return found


def _label(curve: str, row: Row) -> str:
    if curve == "rate":
        return f"{100 * row['rate']:g} % of the inputs spike"
    weights = Point(row["kind"], row["size"], row["rate"]).weights
    size = f"{weights / 2**20:g} MiB" if weights >= 2**20 else f"{weights / 2**10:g} KiB"
    return f"{row['size']} {'neurons' if row['kind'] == 'dense' else 'channels'}, {size} of weights"
