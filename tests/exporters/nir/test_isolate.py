"""A neuron node by itself, fed with what it received in the whole graph, spikes as it did there."""

import nir
import numpy as np
import pytest

from graphs import chain
from spikewright.exporters.nir.execute import run_graph
from spikewright.exporters.nir.isolate import isolate_node
from spikewright.models.errors import InputError

RNG = np.random.default_rng(0)


def looped() -> nir.NIRGraph:
    """n1 with a recurrence through an affine node, n2 with a skip, and feedback from n2 to n1."""
    graph = chain([RNG.normal(0, 0.7, (6, 4)), RNG.normal(0, 0.7, (5, 6))], reset="subtract", spike_op=">=")
    nodes = dict(graph.nodes) | {
        "rec": nir.Affine(RNG.normal(0, 0.3, (6, 6)), RNG.normal(0, 0.1, 6)),
        "skip": nir.Linear(RNG.normal(0, 0.5, (5, 4))),
        "back": nir.Linear(RNG.normal(0, 0.5, (6, 5))),
    }
    edges = [("n1", "rec"), ("rec", "n1"), ("input", "skip"), ("skip", "n2"), ("n2", "back"), ("back", "n1")]
    return nir.NIRGraph(nodes, [*graph.edges, *edges], metadata=graph.metadata)


@pytest.mark.parametrize("name", ["n1", "n2"])
def test_isolated_nodes_spike_as_in_the_whole(name: str) -> None:
    graph = looped()
    x = (RNG.random((10, 20, 4)) < 0.5).astype(float)
    whole = run_graph(graph, x)
    values = {"input": x, **{n: s.astype(float) for n, s in whole.spikes.items()}}
    alone = isolate_node(graph, name)
    assert {source for source, _ in alone.sources.values()} == {"n1": {"input", "n1", "n2"}, "n2": {"input", "n1"}}[
        name
    ]
    fed = {}
    for port, (source, rows) in alone.sources.items():
        fed[port] = np.zeros_like(values[source])
        fed[port][rows:] = values[source][: len(x) - rows]
    assert whole.spikes[name].any()
    np.testing.assert_array_equal(run_graph(alone.graph, fed).spikes[name], whole.spikes[name])


def test_several_inputs_are_all_needed_in_their_shapes() -> None:
    alone = isolate_node(looped(), "n2").graph
    with pytest.raises(InputError, match="Give a dict of all"):
        run_graph(alone, {"input->skip": np.ones((2, 1, 4))})
    with pytest.raises(InputError, match=r"'n1->fc2' must be \(T, B, 6\)"):
        run_graph(alone, {"input->skip": np.ones((2, 1, 4)), "n1->fc2": np.ones((2, 1, 4))})
    with pytest.raises(InputError, match="same T and B"):
        run_graph(alone, {"input->skip": np.ones((2, 1, 4)), "n1->fc2": np.ones((3, 1, 6))})
