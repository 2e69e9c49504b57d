"""A graph as a layered SVG of its own, legible on light and dark paper."""

from __future__ import annotations

import re
from html import escape
from typing import Any

from .graph_layers import Edge, columns

BOX, HIGH, GAP, ROW, EDGE = 148, 58, 64, 34, 60
"""Width and height of a box, space between columns and rows, and margin, in pixels."""
LETTERS = 18
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
STYLE = """
svg{--paper:#fff;--ink:#1b1f24;--soft:#57606a;--line:#6e7781;--fill:#f3f5f8;--neuron:#dcebff;--back:#b3401a;
background:var(--paper);font-family:system-ui,sans-serif;font-size:12px}
@media (prefers-color-scheme:dark){svg{--paper:#14171b;--ink:#e6e9ed;--soft:#a3adb8;--line:#8b949e;--fill:#22272e;
--neuron:#1d3a5f;--back:#f0936b}}
rect{fill:var(--fill);stroke:var(--line)}.neuron rect{fill:var(--neuron)}text{text-anchor:middle;fill:var(--soft)}
.name{fill:var(--ink);font-weight:600}path{fill:none;stroke:var(--line);stroke-width:1.5}
.back path{stroke:var(--back);stroke-dasharray:5 3}.tip{fill:var(--line)}.back-tip{fill:var(--back)}
""".replace("\n", "")
_TIPS = (
    '<defs><marker id="{0}" class="{0}" markerWidth="8" markerHeight="8" refX="7" refY="4" orient="auto">'
    '<path d="M0 0L8 4L0 8Z" style="stroke:none;fill:inherit"/></marker></defs>'
)


def draw_graph(described: dict[str, Any]) -> str:
    """Draw what `network.describe_graph` says of a graph.

    Parameters
    ----------
    described : dict
        "nodes", each with "name", "type", "output_shape"; "edges", pairs of names.

    Returns
    -------
    str
        An SVG document: boxes with name, kind and shape, columns by the longest path from the inputs, edges that
        skip columns bent above the boxes, recurrent ones dashed and bent below.
    """
    nodes = {node["name"]: node for node in described["nodes"]}
    edges: list[Edge] = [(source, target) for source, target in described["edges"]]
    inputs = sorted(name for name, node in nodes.items() if node["type"] == "Input")
    laid, back = columns(list(nodes), edges, inputs)
    most = max((len(column) for column in laid), default=0)
    places = {
        name: (EDGE + number * (BOX + GAP), EDGE + (row + (most - len(column)) / 2) * (HIGH + ROW))
        for number, column in enumerate(laid)
        for row, name in enumerate(column)
    }
    width = 2 * EDGE + max(len(laid), 1) * (BOX + GAP) - GAP
    height = 2 * EDGE + max(most, 1) * (HIGH + ROW) - ROW
    paths = [_edge(places[s], places[t], (s, t) in back, (s, t)) for s, t in edges]
    boxes = [_box(nodes[name], *place) for name, place in places.items()]
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height:g}" width="{width}" role="img">'
    title = f"<title>Graph of {len(nodes)} nodes and {len(edges)} edges</title>"
    tips = _TIPS.format("tip") + _TIPS.format("back-tip")
    return "\n".join([head, title, f"<style>{STYLE}</style>", tips, *paths, *boxes, "</svg>\n"])


def _box(node: dict[str, Any], x: float, y: float) -> str:
    shape = node["output_shape"]
    size = "?" if shape is None else " x ".join(map(str, shape)) or "scalar"
    lines = [("name", node["name"]), ("kind", node["type"]), ("shape", size)]
    texts = "".join(
        f'<text class="{kind}" x="{x + BOX / 2:g}" y="{y + 18 + 16 * number:g}">{_text(_short(text))}</text>'
        for number, (kind, text) in enumerate(lines)
    )
    spiking = "v_threshold" in node.get("parameters", {})
    rect = f'<rect x="{x:g}" y="{y:g}" width="{BOX}" height="{HIGH}" rx="6"/>'
    return f'<g class="{"neuron" if spiking else "node"}"><title>{_text(node["name"])}</title>{rect}{texts}</g>'


def _edge(start: tuple[float, float], end: tuple[float, float], back: bool, edge: Edge) -> str:
    (x1, y1), (x2, y2) = start, end
    if back:
        # From the bottom of the source to the bottom of the target, below whatever stands between.
        drop = max(y1, y2) + HIGH + EDGE * 0.75
        a, b = x1 + BOX * 0.6, x2 + BOX * 0.4
        line = f"M{a:g} {y1 + HIGH:g}C{a:g} {drop:g} {b:g} {drop:g} {b:g} {y2 + HIGH + 1:g}"
    else:
        a, b, middle = x1 + BOX, x2 - 1, HIGH / 2
        skips = x2 - x1 > 1.5 * (BOX + GAP)
        lift = min(y1, y2) - EDGE * 0.75 - middle if skips else None
        first, last = (y1 + middle, y2 + middle) if lift is None else (lift, lift)
        bend = GAP / 2 if lift is None else GAP
        line = f"M{a:g} {y1 + middle:g}C{a + bend:g} {first:g} {b - bend:g} {last:g} {b:g} {y2 + middle:g}"
    kind, tip = ("back", "back-tip") if back else ("forward", "tip")
    return f'<g class="{kind}"><title>{_text(" to ".join(edge))}</title><path d="{line}" marker-end="url(#{tip})"/></g>'


def _short(text: str) -> str:
    half = (LETTERS - 1) // 2
    return text if len(text) <= LETTERS else f"{text[:half]}…{text[-half:]}"


def _text(text: str) -> str:
    return escape(_NOT_XML.sub("\ufffd", text))
