"""Levels: longest paths over components, and inside one what leaves no synaptic delay negative."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spikewright.exporters.program.passes.levels import components, levels
from spikewright.exporters.program.passes.linear import Elementwise
from spikewright.exporters.program.passes.network import Network, Neurons, Synapses
from spikewright.models.errors import UnsupportedOp

Edges = dict[str, int]
"""Rows that every edge "p>q" waits."""


def network(edges: Edges) -> Network:
    names = dict.fromkeys(end for edge in edges for end in edge.split(">") if end != "x")
    one = np.ones(1)
    return Network(
        {"x": (1,)},
        tuple(Neurons(name, (1,), one, one, one, one, spiking=True) for name in names),
        tuple(Synapses(edge, *edge.split(">"), Elementwise.identity(1), delay) for edge, delay in edges.items()),
        {},
    )


def found(edges: Edges, hop: bool = False) -> Edges:
    return {n.name: n.level for n in levels(network(edges), hop).neurons}


@pytest.mark.parametrize(
    ("edges", "expected"),
    [
        ({"x>a": 0, "a>b": 0, "b>c": 0, "a>c": 0, "x>c": 0}, {"a": 1, "b": 2, "c": 3}),
        ({"x>a": 5, "a>b": 3}, {"a": 1, "b": 2}),  # a delay shortens no path between components
        ({"x>a": 0, "a>a": 1}, {"a": 1}),
        ({"x>a": 0, "a>b": 1, "b>a": 1, "b>c": 0}, {"a": 1, "b": 1, "c": 2}),
        ({"x>a": 0, "a>b": 0, "b>a": 2}, {"a": 1, "b": 2}),
        ({"x>a": 0, "a>b": 2, "b>a": 0}, {"a": 2, "b": 1}),
        ({"x>a": 0, "a>b": 0, "b>c": 0, "c>a": 4}, {"a": 1, "b": 2, "c": 3}),
        ({"x>a": 0, "b>c": 1, "c>b": 1, "b>a": 0}, {"a": 2, "b": 1, "c": 1}),  # a component without an input
    ],
)
def test_levels_of_small_graphs(edges: Edges, expected: Edges) -> None:
    assert found(edges) == expected


def test_a_cycle_with_too_few_rows_is_named_with_what_it_lacks() -> None:
    edges = {"x>a": 0, "a>b": 0, "b>c": 0, "c>a": 1, "c>d": 0, "d>e": 1, "e>d": 1}
    with pytest.raises(UnsupportedOp) as caught:
        levels(network(edges))
    told = str(caught.value)
    assert any(cycle in told for cycle in ("a -> b -> c -> a", "b -> c -> a -> b", "c -> a -> b -> c"))
    assert "takes 3 hops on a chip, but its edges wait 1 rows, 2 too few" in told


def test_hop_lets_the_edges_of_that_component_wait_and_no_others() -> None:
    edges = {"x>a": 0, "a>b": 0, "b>c": 0, "c>a": 1, "c>d": 0, "d>e": 0, "e>d": 2}
    changed = levels(network(edges), hop=True)
    assert {s.name: s.delay for s in changed.synapses} == edges | {"a>b": 1, "b>c": 1}
    assert {n.name: n.level for n in changed.neurons} == {"a": 1, "b": 1, "c": 1, "d": 2, "e": 3}
    assert [(loss.node, loss.kind) for loss in changed.losses] == [("a>b", "cycle"), ("b>c", "cycle")]


@settings(max_examples=200)
@given(st.integers(0, 2**32 - 1), st.integers(1, 7), st.booleans())
def test_levels_are_the_least_that_work(seed: int, n: int, hop: bool) -> None:
    """Against the closure of all paths: a level is 1 and the longest path to it, a hop at least between components."""
    rng = np.random.default_rng(seed)
    names = [f"p{i}" for i in range(n)]
    edges = {f"x>{name}": int(rng.integers(3)) for name in names if rng.random() < 0.5} | {"x>p0": 0}
    edges |= {f"{p}>{q}": int(rng.integers(3)) for p in names for q in names if rng.random() < 0.4}
    edges |= {f"{p}>{p}": 1 for p in names if f"{p}>{p}" in edges}
    edges |= {f"x>{name}": 0 for name in names if not any(edge.endswith(f">{name}") for edge in edges)}
    try:
        placed = levels(network(edges), hop)
    except UnsupportedOp:
        assert not hop
        return
    level, component = {"x": 0} | {p.name: p.level for p in placed.neurons}, components(placed)
    longest = np.where(np.eye(n, dtype=bool), 0.0, -np.inf)
    for s in placed.synapses:
        assert level[s.target] - level[s.source] - 1 + s.min_delay >= 0
        if s.source != "x":
            at = names.index(s.source), names.index(s.target)
            inside = component[s.source] == component[s.target]
            longest[at] = max(longest[at], 1 - s.min_delay if inside else 1)
    for _ in names:
        longest = np.maximum(longest, (longest[:, :, None] + longest[None]).max(1))
    assert [level[name] for name in names] == [1 + int(paths.max()) for paths in longest.T]
