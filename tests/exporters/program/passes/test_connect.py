"""Paths of linear nodes become projections; what a program cannot say is refused with every reason at once."""

import nir
import numpy as np
import pytest

from graphs import chain, replaced
from spatial import flat, net, pool, spiking
from spikewright.exporters.nir.semantics import choose
from spikewright.exporters.program.passes.connect import connect
from spikewright.exporters.program.passes.network import Network
from spikewright.exporters.program.passes.paths import MAX_PATHS
from spikewright.models.errors import UnsupportedOp


class Fancy(nir.NIRNode):
    """A node of a kind that NIR does not have."""

    def __init__(self) -> None:
        self.input_type, self.output_type, self.metadata = {"input": None}, {"output": None}, {}


def connected(*chains: str, inputs: dict[str, tuple[int, ...]], **nodes: nir.NIRNode) -> Network:
    graph = net(*chains, inputs=inputs, nodes=nodes)
    return connect(graph, choose(graph))


def random(*shape: int) -> np.ndarray:
    return np.random.default_rng(sum(shape)).normal(size=shape)


def matrices(network: Network) -> dict[str, np.ndarray]:
    """Every projection (post, pre) by its name."""
    return {s.name: s.weight.apply(np.eye(s.weight.shape[1])).T for s in network.synapses}


def test_exactly_the_kinds_that_are_missing_are_listed() -> None:
    graph = replaced(chain([np.eye(2), np.eye(2)]), n1=Fancy(), fc2=Fancy())
    with pytest.raises(UnsupportedOp) as caught:
        connect(graph, choose(graph))
    assert [sentence.split(";")[0] for sentence in caught.value.violations] == [
        "node 'fc2' is a Fancy",
        "node 'n1' is a Fancy",
    ]


def test_conventions_that_a_chip_does_not_have_are_refused_until_given_up() -> None:
    graph = chain([np.eye(2)], node="IF")
    refused = choose(graph, "sinabs", reset="zero")
    with pytest.raises(UnsupportedOp) as caught:
        connect(graph, refused)
    told = " ".join(caught.value.violations)
    assert "multi_spike holds (dialect sinabs)" in told and "v_floor = False" in told
    with pytest.raises(UnsupportedOp, match="spike_late holds"):
        connect(graph, choose(graph, "spyx", reset="zero"))
    given_up = choose(graph, "sinabs", reset="zero", multi_spike=False, v_floor=False)
    assert [n.name for n in connect(graph, given_up).neurons] == ["n1"]


def test_a_chain_of_linear_nodes_is_multiplied_out_with_its_biases() -> None:
    a, b = random(4, 3), random(2, 4)
    p, q, scale = random(4), random(2), random(4, 1)[:, 0]
    network = connected(
        "x a s b n out", inputs={"x": (3,)}, a=nir.Affine(a, p), s=nir.Scale(scale), b=nir.Affine(b, q), n=spiking()
    )
    (found,) = network.synapses
    assert (found.name, found.source, found.target, found.delay) == ("a", "x", "n", 0)
    np.testing.assert_allclose(matrices(network)["a"], b @ np.diag(scale) @ a)
    np.testing.assert_allclose(network.neurons[0].bias, q + b @ (scale * p))


def test_branches_become_projections_and_every_bias_counts_once_for_every_way_to_the_neuron() -> None:
    """Two inputs join in front of a node; a node with two ways to the population acts along both."""
    a, b, c, d = random(3, 3), random(3, 3) + 1, random(3, 3) + 2, random(3, 3) + 3
    p, q, r = random(3), random(3) + 1, random(3) + 2
    network = connected(
        "x a c n out",
        "y b c",
        "a d n",
        inputs={"x": (3,), "y": (3,)},
        a=nir.Affine(a, p),
        b=nir.Affine(b, q),
        c=nir.Affine(c, r),
        d=nir.Linear(d),
        n=spiking(),
    )
    found = matrices(network)
    assert {s.name: s.source for s in network.synapses} == {"x->a->n (1)": "x", "x->a->n (2)": "x", "b": "y"}
    np.testing.assert_allclose(found["b"], c @ b)
    np.testing.assert_allclose(found["x->a->n (1)"] + found["x->a->n (2)"], (c + d) @ a)
    np.testing.assert_allclose(network.neurons[0].bias, r + c @ (p + q) + d @ p)


def test_projections_are_named_after_the_first_node_with_weights() -> None:
    """A node that feeds two populations is told apart by them; pooling names a projection that has no weights else."""
    network = connected(
        "x p f fc n m out",
        "fc m",
        "x p g m",
        inputs={"x": (2, 4, 4)},
        p=pool(nir.AvgPool2d, 4),
        f=flat(),
        g=flat(),
        fc=nir.Linear(random(2, 2)),
        n=spiking(),
        m=spiking(),
    )
    assert {(s.name, s.source, s.target) for s in network.synapses} == {
        ("fc->n", "x", "n"),
        ("fc->m", "x", "m"),
        ("p", "x", "m"),
        ("n->m", "n", "m"),
    }


def test_an_edge_without_weights_sends_one_to_one() -> None:
    network = connected("x n m out", "n m2 out2", inputs={"x": (2, 3)}, n=spiking(), m=spiking(), m2=spiking())
    found = matrices(network)
    assert sorted(found) == ["n->m", "n->m2", "x->n"]
    np.testing.assert_array_equal(found["n->m"], np.eye(6))


def test_cycles_and_floods_of_linear_nodes_are_refused() -> None:
    one = nir.Linear(np.eye(2))
    with pytest.raises(UnsupportedOp, match="holds no neuron"):
        connected("x a b n out", "b a", inputs={"x": (2,)}, a=one, b=one, n=spiking())
    stages = range(MAX_PATHS.bit_length() + 1)
    nodes = {f"{side}{i}": one for i in stages for side in "lrj"}
    ways = [f"j{i} {side}{i} j{i + 1}" for i in stages[:-1] for side in "lr"]
    with pytest.raises(UnsupportedOp, match=f"more than {MAX_PATHS} paths .* 'n'"):
        connected("x j0", *ways, f"j{stages[-1]} n out", inputs={"x": (2,)}, n=spiking(), **nodes)


def test_sub_graphs_are_taken_apart() -> None:
    """Names are joined by dots, as in `run_graph`."""
    inner = net("in fc n out", inputs={"in": (3,)}, nodes={"fc": nir.Linear(random(2, 3)), "n": spiking()})
    ends = {"x": nir.Input({"input": np.array([3])}), "out": nir.Output({"output": np.array([2])})}
    graph = nir.NIRGraph({**ends, "sub": inner}, [("x", "sub"), ("sub", "out")], type_check=False)
    network = connect(graph, choose(graph))
    assert [(s.name, s.source, s.target) for s in network.synapses] == [("sub.fc", "x", "sub.n")]
    assert network.outputs == {"out": "sub.n"}
