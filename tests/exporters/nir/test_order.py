"""What a cycle costs: which edges wait a step, by rule and by hand."""

import nir
import numpy as np
import pytest

from spikewright.exporters.nir.execute import run_graph
from spikewright.exporters.nir.order import recurrent_edges
from spikewright.models.errors import ConfigError, InputError

DT = 1e-4
ONE = np.array([1])
PULSE = np.array([1.0, 0, 0, 0, 0]).reshape(5, 1, 1)


def graph_of(*edges: tuple[str, str]) -> nir.NIRGraph:
    """A graph of its edges: input and output, counters a, b, c and n that fire above 0.5, weights w... of one."""

    def node(name: str) -> nir.NIRNode:
        if name in ("input", "output"):
            return (nir.Input if name == "input" else nir.Output)({name: ONE})
        if name.startswith("w"):
            return nir.Affine(np.ones((1, 1)), np.zeros(1))
        return nir.IF(np.array([1 / DT]), np.array([0.5]), v_reset=np.zeros(1))

    return nir.NIRGraph({name: node(name) for name in sorted({n for edge in edges for n in edge})}, list(edges))


LOOP = graph_of(("input", "a"), ("a", "wab"), ("wab", "b"), ("b", "wba"), ("wba", "a"), ("b", "output"))


@pytest.mark.parametrize(
    ("how", "a", "b", "rule", "edges"),
    [
        # Every edge waits: the pulse goes round in two steps.
        ({}, [1, 0, 1, 0, 1], [0, 1, 0, 1, 0], ("every", "default"), ["a -> wab", "b -> wba"]),
        ({"cycle": "every"}, [1, 0, 1, 0, 1], [0, 1, 0, 1, 0], ("every", "argument"), ["a -> wab", "b -> wba"]),
        # b fires with a, and feeds it in the next step.
        ({"cycle": "closing"}, [1, 1, 1, 1, 1], [1, 1, 1, 1, 1], ("closing", "argument"), ["b -> wba"]),
    ],
)
def test_a_loop_of_two_neurons(how: dict, a: list[int], b: list[int], rule: tuple[str, str], edges: list[str]) -> None:
    trace = run_graph(LOOP, PULSE, **how)
    assert (trace.spikes["a"].ravel().tolist(), trace.spikes["b"].ravel().tolist()) == (a, b)
    assert trace.settings["cycle"] == rule
    assert trace.settings["waiting_edges"] == (edges, f"cycle {rule[0]}")


def test_a_neuron_that_feeds_itself_waits_under_both_rules() -> None:
    graph = graph_of(("input", "n"), ("n", "w"), ("w", "n"), ("n", "output"))
    every, closing = run_graph(graph, PULSE), run_graph(graph, PULSE, cycle="closing")
    assert every.settings["waiting_edges"][0] == closing.settings["waiting_edges"][0] == ["n -> w"]
    np.testing.assert_array_equal(every.spikes["n"], closing.spikes["n"])


def test_closing_edges_lead_back_in_the_walk_from_the_inputs() -> None:
    ring = graph_of(("input", "c"), ("c", "b"), ("b", "a"), ("a", "c"), ("a", "output"))
    assert recurrent_edges(ring, cycle="closing") == {("a", "c")}, "c comes first, whatever its name"
    mutual = graph_of(("input", "n"), ("n", "a"), ("n", "b"), ("a", "b"), ("b", "a"), ("b", "output"))
    assert recurrent_edges(mutual, cycle="closing") == {("b", "a")}, "as far from the input as each other: by name"
    assert recurrent_edges(mutual) == {("a", "b"), ("b", "a")}
    both_ways = graph_of(("input", "a"), ("a", "b"), ("b", "w"), ("w", "a"), ("w", "c"), ("c", "output"))
    assert recurrent_edges(both_ways, cycle="closing") == {("b", "w")}


def test_nothing_waits_without_a_cycle_or_behind_a_delay() -> None:
    chain = graph_of(("input", "a"), ("a", "b"), ("b", "output"))
    delayed = nir.NIRGraph(
        {**LOOP.nodes, "wba": nir.Delay(np.array([2 * DT]))}, LOOP.edges, metadata=LOOP.metadata, type_check=False
    )
    for graph in (chain, delayed):
        assert not {"cycle", "waiting_edges"} & run_graph(graph, PULSE).settings.keys()
    assert run_graph(delayed, PULSE).spikes["b"].ravel().tolist() == [1, 0, 1, 0, 1]


def test_unknown_rules_and_lost_edges_are_refused() -> None:
    for cycle in ("first", 1, ["every"]):
        with pytest.raises(ConfigError, match="known are every, closing"):
            run_graph(LOOP, PULSE, cycle=cycle)
    lost = nir.NIRGraph(LOOP.nodes, [*LOOP.edges, ("a", "x"), ("y", "b")], type_check=False)
    with pytest.raises(InputError, match="do not exist") as caught:
        run_graph(lost, PULSE)
    assert caught.value.violations == ("'a' -> 'x'", "'y' -> 'b'")
