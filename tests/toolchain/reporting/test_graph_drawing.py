"""A graph drawn as SVG: columns by longest path, recurrent edges apart, any name."""

import re
import xml.etree.ElementTree as ET
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from spikewright.toolchain.reporting.graph_drawing import draw_graph
from spikewright.toolchain.reporting.graph_layers import columns

SVG = "{http://www.w3.org/2000/svg}"
NAMES = "abcdefg"


def described(kinds: dict[str, str], edges: list[tuple[str, str]]) -> dict[str, Any]:
    nodes = [{"name": n, "type": kind, "output_shape": [2, 3], "parameters": {}} for n, kind in kinds.items()]
    return {"nodes": nodes, "edges": [list(edge) for edge in edges]}


def boxes(svg: str) -> dict[str, tuple[float, float]]:
    groups = [g for g in ET.fromstring(svg).iter(f"{SVG}g") if g.find(f"{SVG}rect") is not None]
    return {g.find(f"{SVG}title").text: tuple(float(g.find(f"{SVG}rect").get(axis)) for axis in "xy") for g in groups}


def test_columns_follow_the_longest_path_and_a_skip_does_not_shorten_it() -> None:
    laid, back = columns(list("abcd"), [("a", "b"), ("b", "c"), ("a", "c"), ("c", "d")])
    assert laid == [["a"], ["b"], ["c"], ["d"]] and not back


def test_the_edge_that_comes_back_is_the_recurrent_one_whatever_the_names() -> None:
    edges = [("z_in", "lif"), ("lif", "a_rec"), ("a_rec", "lif"), ("lif", "lif"), ("lif", "out")]
    laid, back = columns(["lif", "a_rec", "out", "z_in"], edges, ["z_in"])
    assert laid == [["z_in"], ["lif"], ["a_rec", "out"]]
    assert back == {("a_rec", "lif"), ("lif", "lif")}


@given(st.sets(st.tuples(st.sampled_from(NAMES), st.sampled_from(NAMES))))
def test_every_forward_edge_runs_to_the_right_in_any_graph(edges: set[tuple[str, str]]) -> None:
    laid, back = columns(list(NAMES), sorted(edges))
    column = {name: number for number, names in enumerate(laid) for name in names}
    assert set(column) == set(NAMES)
    assert all(column[s] < column[t] for s, t in edges - back)
    assert all(s == t or column[s] >= column[t] for s, t in back)


def test_the_drawing_holds_every_box_and_edge_and_recurrent_ones_are_marked() -> None:
    svg = draw_graph(described({"in": "Input", "l": "LIF", "w": "Linear"}, [("in", "l"), ("l", "w"), ("w", "l")]))
    places = boxes(svg)
    assert places["in"][0] < places["l"][0] < places["w"][0]
    edges = {g.find(f"{SVG}title").text: g.get("class") for g in ET.fromstring(svg).iter(f"{SVG}g")}
    assert edges["in to l"] == edges["l to w"] == "forward" and edges["w to l"] == "back"
    assert "2 x 3" in svg and "prefers-color-scheme:dark" in svg


def test_boxes_do_not_overlap_and_lie_inside() -> None:
    svg = draw_graph(described(dict.fromkeys(NAMES, "I"), [("a", "b"), ("a", "c"), ("a", "d"), ("b", "e")]))
    width, height = map(float, re.search(r'viewBox="0 0 ([\d.]+) ([\d.]+)"', svg).groups())
    places = list(boxes(svg).values())
    assert all(x > 0 and x + 148 < width and y > 0 and y + 58 < height for x, y in places)
    apart = [abs(x - u) >= 148 or abs(y - v) >= 58 for n, (x, y) in enumerate(places) for u, v in places[:n]]
    assert all(apart)


@given(st.text(min_size=1, max_size=40))
def test_any_name_is_escaped(name: str) -> None:
    svg = draw_graph(described({name: "<script>"}, [(name, name)]))
    assert len(boxes(svg)) == 1 and "<script>" not in svg


def test_a_graph_of_nothing_is_still_a_drawing() -> None:
    assert not boxes(draw_graph({"nodes": [], "edges": []}))
