"""Branches, merges, loops, several inputs and outputs: graphs of a few nodes with sums worked out by hand."""

import nir
import numpy as np
import pytest

from spikewright.exporters.nir.execute import run_graph
from spikewright.models.errors import InputError, UnsupportedOp

DT = 1e-4
ONE = np.array([1])


def ends(*names: str) -> dict[str, nir.NIRNode]:
    return {n: nir.Input({"input": ONE}) if n.startswith("in") else nir.Output({"output": ONE}) for n in names}


def counter(threshold: float = 9.0) -> nir.IF:
    return nir.IF(np.array([1 / DT]), np.array([threshold]), v_reset=np.zeros(1))


def times(factor: float) -> nir.Scale:
    return nir.Scale(np.array([factor]))


def membranes(graph: nir.NIRGraph, x: object, name: str = "n") -> list[float]:
    return run_graph(graph, x).state[name]["v"][:, 0, 0].tolist()


def test_branches_skip_and_meet_again() -> None:
    nodes = {**ends("in", "out"), "a": times(2.0), "b": times(-0.5), "n": counter()}
    edges = [("in", "a"), ("in", "b"), ("a", "n"), ("b", "n"), ("in", "n"), ("n", "out")]
    assert membranes(nir.NIRGraph(nodes, edges), np.ones((2, 1, 1))) == [2.5, 5.0]


def test_sub_graphs_run_in_place() -> None:
    inner = nir.NIRGraph({**ends("input", "output"), "n": counter()}, [("input", "n"), ("n", "output")])
    graph = nir.NIRGraph({**ends("in", "out"), "sub": inner}, [("in", "sub"), ("sub", "out")])
    assert membranes(graph, np.ones((3, 1, 1)), "sub.n") == [1.0, 2.0, 3.0]


def test_self_loop_reads_the_step_before() -> None:
    nodes = {**ends("in", "out"), "n": counter(0.5)}
    graph = nir.NIRGraph(nodes, [("in", "n"), ("n", "n"), ("n", "out")])
    x = np.array([1.0, 0.0, -1.0, 0.0]).reshape(4, 1, 1)
    assert membranes(graph, x) == [1.0, 1.0, 0.0, 0.0]


def test_two_neurons_in_a_ring_take_a_step_each() -> None:
    nodes = {**ends("in", "out"), "a": counter(0.5), "b": counter(0.5)}
    graph = nir.NIRGraph(nodes, [("in", "a"), ("a", "b"), ("b", "a"), ("b", "out")])
    x = np.zeros((5, 1, 1))
    x[0] = 1.0
    trace = run_graph(graph, x)
    assert trace.spikes["a"][:, 0, 0].tolist() == [1, 0, 1, 0, 1]
    assert trace.spikes["b"][:, 0, 0].tolist() == [0, 1, 0, 1, 0]


def test_several_inputs_and_outputs_are_read_as_what_feeds_them() -> None:
    integrator = nir.I(np.array([1 / DT]))
    nodes = {
        **ends("in_a", "in_b", "spikes", "membrane", "rows", "both"),
        "n": counter(0.5),
        "i": integrator,
        "s": times(3.0),
        "th": nir.Threshold(np.array([1.5])),
    }
    edges = [("in_a", "n"), ("in_b", "i"), ("in_b", "s"), ("in_b", "th"), ("n", "spikes"), ("i", "membrane")]
    edges += [("s", "rows"), ("n", "both"), ("th", "both")]
    rows = {"in_a": np.array([1.0, 0.0, 1.0]).reshape(3, 1, 1), "in_b": np.array([2.0, 1.0, 2.0]).reshape(3, 1, 1)}
    trace = run_graph(nir.NIRGraph(nodes, edges), rows)
    assert {name: out.tolist() for name, out in trace.output.items()} == {
        "spikes": [[2]],
        "membrane": [[5]],
        "rows": [[15]],
        "both": [[4]],
    }
    assert trace.counts["th"].tolist() == [[2]]
    with pytest.raises(InputError, match="give a dict of Input to array"):
        run_graph(nir.NIRGraph(nodes, edges), rows["in_a"])


def test_membrane_behind_flatten_is_read_at_the_last_row() -> None:
    shape = np.array([2, 2])
    nodes = {
        "in": nir.Input({"input": shape}),
        "i": nir.I(np.full((2, 2), 1 / DT)),
        "flat": nir.Flatten({"input": shape}, start_dim=0),
        "out": nir.Output({"output": np.array([4])}),
    }
    graph = nir.NIRGraph(nodes, [("in", "i"), ("i", "flat"), ("flat", "out")])
    x = np.arange(12.0).reshape(3, 1, 2, 2)
    np.testing.assert_allclose(run_graph(graph, x).output["out"], x.sum(0).reshape(1, 4))


def test_convolution_on_a_cycle_begins_with_zeros_of_its_shape() -> None:
    """A grouped convolution feeds spikes back with the opposite sign; nir types its input by one group's channels."""
    shape = np.array([2, 3, 3])
    node = nir.IF(np.full((2, 3, 3), 1 / DT), np.full((2, 3, 3), 0.5), v_reset=np.zeros((2, 3, 3)))
    nodes = {
        "in": nir.Input({"input": shape}),
        "n": node,
        "back": nir.Conv2d((3, 3), -np.ones((2, 1, 1, 1)), 1, 0, 1, 2, np.zeros(2)),
        "out": nir.Output({"output": shape}),
    }
    edges = [("in", "n"), ("n", "back"), ("back", "n"), ("n", "out")]
    trace = run_graph(nir.NIRGraph(nodes, edges, type_check=False), np.ones((4, 2, 2, 3, 3)))
    np.testing.assert_array_equal(trace.spikes["n"][:, 1, 1, 2, 2], [1, 0, 1, 0])


def test_late_spikes_leave_a_cycle_its_own_step() -> None:
    """With `spike_late` a spike arrives one step later, also at the neuron itself."""
    nodes = {**ends("in", "out"), "n": counter(0.5)}
    graph = nir.NIRGraph(nodes, [("in", "n"), ("n", "n"), ("n", "out")])
    x = np.array([1.0, -1.0, 0.0, 0.0]).reshape(4, 1, 1)
    trace = run_graph(graph, x, spike_late=True)
    assert trace.spikes["n"][:, 0, 0].tolist() == [0, 1, 0, 0]
    assert trace.state["n"]["v"][:, 0, 0].tolist() == [1.0, 0.0, 0.0, 0.0]


def test_input_of_a_recurrent_layer_as_spyx_computes_it() -> None:
    """The file leads the input through the weight -1; the neuron takes it as it is, and its own spikes negated."""
    nodes = {**ends("in", "out"), "l.lif": counter(0.5), "l.w_rec": nir.Linear(np.array([[-1.0]]))}
    edges = [("in", "l.w_rec"), ("l.w_rec", "l.lif"), ("l.lif", "l.w_rec"), ("l.lif", "out")]
    graph = nir.NIRGraph(nodes, edges)
    x = np.array([1.0, 0.0, 0.0]).reshape(3, 1, 1)
    assert membranes(graph, x, "l.lif") == [-1.0, -1.0, -1.0]
    past = run_graph(graph, x, input_past_recurrence=True)
    assert past.state["l.lif"]["v"][:, 0, 0].tolist() == [1.0, -1.0, -1.0]


def test_shapes_that_do_not_go_together_are_named() -> None:
    nodes = {**ends("in", "out"), "a": nir.Linear(np.ones((2, 1))), "n": counter()}
    edges = [("in", "a"), ("a", "n"), ("in", "n"), ("n", "out")]
    graph = nir.NIRGraph(nodes, edges, type_check=False)
    with pytest.raises(
        InputError, match=r"'n' adds up inputs of different shapes: 'a' gives \(2,\), 'in' gives \(1,\)"
    ):
        run_graph(graph, np.ones((1, 1, 1)))


def test_a_cycle_without_time_is_refused() -> None:
    nodes = {**ends("in", "out"), "a": times(1.0), "th": nir.Threshold(ONE.astype(float))}
    graph = nir.NIRGraph(nodes, [("in", "a"), ("a", "th"), ("th", "a"), ("th", "out")])
    with pytest.raises(UnsupportedOp, match="holds no neuron and no Delay"):
        run_graph(graph, np.ones((1, 1, 1)))
