"""NIR to torch: the module gives what run_graph gives, over random graphs and every kind of node."""

from itertools import pairwise

import nir
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from graphs import chain
from spikewright.exporters.nir.build import from_nir
from spikewright.exporters.nir.execute import run_graph
from spikewright.exporters.nir.files import read_nir, write_nir
from spikewright.exporters.nir.trace import to_nir
from spikewright.models.errors import InputError, UnsupportedOp

pytestmark = pytest.mark.torch

DT = 1e-4
# Both sides are float64; sums run in another order, hence some ulp per term.
CLOSE = {"rtol": 1e-9, "atol": 1e-12}


def neuron(kind: str, rng: np.random.Generator, shape: tuple[int, ...]) -> nir.NIRNode:
    """A neuron node with values of its own for every neuron, stable under Euler steps of `DT`."""
    value = lambda low, high: rng.uniform(low, high, shape)  # noqa: E731
    fires = {"v_threshold": value(0.3, 1.0), "v_reset": value(-0.2, 0.2)}
    if kind in ("I", "IF"):
        return getattr(nir, kind)(r=value(0.5, 1.0) / DT, **(fires if kind == "IF" else {}))
    constants = {"r": value(1.0, 4.0), "v_leak": value(-0.2, 0.2)}
    if kind in ("LI", "LIF"):
        return getattr(nir, kind)(tau=value(2, 5) * DT, **constants, **(fires if kind == "LIF" else {}))
    synapse = {"tau_syn": value(2, 5) * DT, "tau_mem": value(2, 5) * DT, "w_in": value(1, 3)}
    return getattr(nir, kind)(**synapse, **constants, **(fires if kind == "CubaLIF" else {}))


@st.composite
def graphs(draw: st.DrawFn) -> tuple[nir.NIRGraph, int]:
    """Layers of weights and neurons with skips, backward edges, scales, delays and thresholds in between."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    n = draw(st.integers(1, 4))
    kinds = draw(st.lists(st.sampled_from(("I", "LI", "IF", "LIF", "CubaLI", "CubaLIF")), min_size=1, max_size=4))
    nodes: dict = {"in": nir.Input({"input": np.array([n])})}
    edges = []
    last = "in"
    for number, kind in enumerate(kinds):
        between, cell = f"b{number}", f"layer{number}.{kind.lower()}"
        nodes[between] = draw(
            st.sampled_from(
                (
                    nir.Affine(rng.normal(0, 1, (n, n)), rng.normal(0, 0.2, n)),
                    nir.Linear(rng.normal(0, 1, (n, n))),
                    nir.Scale(rng.normal(0, 1, n)),
                    nir.Delay(rng.integers(0, 4, n) * DT),
                    nir.Threshold(rng.uniform(0.1, 0.5, n)),
                )
            )
        )
        nodes[cell] = neuron(kind, rng, (n,))
        edges += [(last, between), (between, cell)]
        last = cell
    cells = [name for name in nodes if name.startswith("layer")]
    for source, target in draw(st.lists(st.tuples(st.sampled_from(cells), st.sampled_from(cells)), max_size=3)):
        name = f"{source}-{target}"
        if name not in nodes:
            nodes[name] = nir.Linear(rng.normal(0, 0.3, (n, n)))
            edges += [(source, name), (name, target)]
    nodes["out"] = nir.Output({"output": np.array([n])})
    semantics = {
        "dt_s": DT,
        "reset": draw(st.sampled_from(("zero", "subtract", "subtract_late", "subtract_once"))),
        "spike_op": draw(st.sampled_from((">", ">="))),
        "integration": draw(st.sampled_from(("euler", "exponential"))),
        "multi_spike": draw(st.booleans()),
        "v_floor": draw(st.booleans()),
    }
    return nir.NIRGraph(nodes, [*edges, (last, "out")], metadata={"spikewright": semantics}), n


def assert_same(graph: nir.NIRGraph, network: torch.nn.Module, x: np.ndarray) -> None:
    values: dict = {}
    for name, layer in network.layers.items():
        if hasattr(layer, "step") and hasattr(layer, "keep"):
            keep_rows(layer, values.setdefault(name, []))
    with torch.no_grad():
        network(torch.as_tensor(x))
    trace = run_graph(graph, x)
    assert set(trace.spikes) <= {*values, *(n for n, k in graph.nodes.items() if isinstance(k, nir.Threshold))}
    for name, rows in values.items():
        ours = torch.stack(rows).numpy()
        if name in trace.spikes:
            np.testing.assert_array_equal(ours, trace.spikes[name], err_msg=name)
        else:
            np.testing.assert_allclose(ours, trace.state[name]["v"], **CLOSE, err_msg=name)


def keep_rows(layer: torch.nn.Module, rows: list) -> None:
    step = layer.step

    def recorded(x: torch.Tensor, state: dict) -> tuple:
        out, state = step(x, state)
        rows.append(out)
        return out, state

    layer.step = recorded


@settings(max_examples=60)
@given(graphs(), st.integers(0, 2**32 - 1))
def test_random_graphs_compute_what_run_graph_computes(drawn: tuple, seed: int) -> None:
    graph, n = drawn
    x = (np.random.default_rng(seed).random((7, 3, n)) < 0.6).astype(float)
    assert_same(graph, from_nir(graph), x)


@settings(max_examples=25)
@given(graphs(), st.integers(0, 2**32 - 1))
def test_random_graphs_survive_the_way_back(drawn: tuple, seed: int) -> None:
    """from_nir -> to_nir gives the same nodes, edges and behaviour; exponential shares become Euler ones."""
    graph, n = drawn
    x = (np.random.default_rng(seed).random((7, 3, n)) < 0.6).astype(float)
    network = from_nir(graph)
    again, _ = to_nir(network, torch.as_tensor(x))
    assert sorted(again.edges) == sorted(graph.edges)
    assert {k: type(v) for k, v in again.nodes.items()} == {k: type(v) for k, v in graph.nodes.items()}
    with torch.no_grad():
        before, after = network(torch.as_tensor(x)), from_nir(again)(torch.as_tensor(x))
    np.testing.assert_allclose(after, before, **CLOSE)


def spatial(*layers: nir.NIRNode, shape: tuple[int, ...] = (2, 7, 6)) -> nir.NIRGraph:
    names = [f"n{i}" for i in range(len(layers))]
    nodes = {"in": nir.Input({"input": np.array(shape)}), **dict(zip(names, layers, strict=True))}
    nodes["out"] = nir.Output({"output": None})
    order = ["in", *names, "out"]
    return nir.NIRGraph(nodes, list(pairwise(order)))


RNG = np.random.default_rng(3)


@pytest.mark.parametrize(
    "graph",
    [
        spatial(nir.Conv2d((7, 6), RNG.normal(size=(3, 2, 3, 3)), (2, 1), (1, 0), (1, 2), 1, RNG.normal(size=3))),
        spatial(nir.Conv2d((7, 6), RNG.normal(size=(3, 2, 2, 2)), 1, "same", 1, 1, RNG.normal(size=3))),
        spatial(nir.Conv2d((7, 6), RNG.normal(size=(3, 2, 2, 2)), 2, "valid", 1, 1, RNG.normal(size=3))),
        spatial(nir.Conv1d(9, RNG.normal(size=(3, 2, 4)), 2, 1, 1, 1, RNG.normal(size=3)), shape=(2, 9)),
        spatial(nir.SumPool2d(np.array([2, 3]), np.array([2, 1]), np.array([1, 1]))),
        spatial(nir.AvgPool2d(np.array([2, 2]), np.array([2, 2]), np.array([1, 0]))),
        spatial(nir.Flatten({"input": np.array([2, 7, 6])}, 0, -1)),
        spatial(nir.Flatten({"input": np.array([2, 7, 6])}, 1, 2)),
        spatial(nir.Affine(RNG.normal(size=(2, 3, 4)), RNG.normal(size=(2, 3))), shape=(2, 4)),
        spatial(nir.Linear(RNG.normal(size=(2, 2, 3, 4))), shape=(2, 2, 4)),
        spatial(nir.Threshold(np.full((2, 7, 6), 0.5)), nir.Delay(RNG.integers(0, 3, (2, 7, 6)) * DT)),
    ],
)
@pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel")
def test_every_layer_computes_what_run_graph_computes(graph: nir.NIRGraph) -> None:
    x = RNG.random((4, 3, *graph.nodes["in"].input_type["input"]))
    with torch.no_grad():
        rows = from_nir(graph)(torch.as_tensor(x))
    output = run_graph(graph, x).output["out"]
    np.testing.assert_allclose(rows.sum(0), output, **CLOSE)


def test_cycle_of_a_delay_costs_its_delay_and_no_step_more() -> None:
    one = np.ones(1)
    nodes = {
        "in": nir.Input({"input": np.array([1])}),
        "n": nir.IF(one / DT, 0.5 * one, v_reset=0 * one),
        "w": nir.Linear(np.array([[-1.0]])),
        "d": nir.Delay(2 * DT * one),
        "out": nir.Output({"output": np.array([1])}),
    }
    graph = nir.NIRGraph(nodes, [("in", "n"), ("n", "w"), ("w", "d"), ("d", "n"), ("n", "out")])
    x = np.ones((9, 1, 1))
    network = from_nir(graph)
    assert network(torch.as_tensor(x))[:, 0, 0].tolist() == [1, 1, 0, 0, 1, 1, 0, 0, 1]
    assert_same(graph, network, x)


def test_sub_graphs_are_inlined_and_their_paths_nested() -> None:
    inner = chain([RNG.normal(0, 2, (4, 3))])
    nodes = {"in": nir.Input({"input": np.array([3])}), "block": inner, "out": nir.Output({"output": np.array([4])})}
    graph = nir.NIRGraph(nodes, [("in", "block"), ("block", "out")])
    network, x = from_nir(graph), RNG.random((6, 2, 3))
    assert {"block.fc1.weight", "block.n1.threshold"} <= network.state_dict().keys()
    spikes = run_graph(graph, x).spikes["block.n1"]
    assert spikes.any()
    np.testing.assert_array_equal(network(torch.as_tensor(x)).detach(), spikes)


def test_several_inputs_and_outputs_are_dicts_and_all_wrong_ones_are_told() -> None:
    graph = chain([RNG.normal(size=(3, 4)), RNG.normal(size=(2, 3))])
    nodes = {
        **graph.nodes,
        "second": nir.Input({"input": np.array([3])}),
        "early": nir.Output({"output": np.array([3])}),
    }
    graph = nir.NIRGraph(nodes, [*graph.edges, ("second", "n1"), ("n1", "early")])
    network = from_nir(graph)
    x = {"input": RNG.random((5, 2, 4)), "second": 1.0 + RNG.random((5, 2, 3))}
    given_rows = {name: torch.as_tensor(rows) for name, rows in x.items()}
    results, trace = network(given_rows), run_graph(graph, x)
    assert results.keys() == {"early", "output"} and trace.spikes["n1"].any()
    np.testing.assert_array_equal(results["early"].detach(), trace.spikes["n1"])
    with pytest.raises(InputError) as caught:
        network({"input": torch.zeros(5, 2, 3), "third": torch.zeros(5, 2, 3)})
    assert len(caught.value.violations) == 3


def test_paths_are_node_names_and_the_state_dict_goes_round() -> None:
    nodes = {
        "in": nir.Input({"input": np.array([2])}),
        "a.fc": nir.Linear(RNG.normal(size=(3, 2))),
        "a.lif": neuron("LIF", RNG, (3,)),
        "a.lif.keep": nir.Linear(RNG.normal(size=(3, 3))),
        "forward": nir.Scale(RNG.normal(size=3)),
        "out": nir.Output({"output": np.array([3])}),
    }
    edges = [("in", "a.fc"), ("a.fc", "a.lif"), ("a.lif", "a.lif.keep"), ("a.lif.keep", "a.lif")]
    graph = nir.NIRGraph(nodes, [*edges, ("a.lif", "forward"), ("forward", "out")])
    network = from_nir(graph)
    assert {"a.fc.weight", "a.lif.threshold", "a.lif.keep_.weight", "forward_.factor"} <= network.state_dict().keys()
    other = from_nir(graph)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.mul_(1.5)
    other.load_state_dict(network.state_dict())
    x = torch.as_tensor(RNG.random((6, 2, 2)))
    assert torch.equal(other(x), network(x))
    assert set(to_nir(network, x)[0].nodes) == set(nodes)


def test_every_parameter_of_a_cycle_learns() -> None:
    torch.manual_seed(0)
    graph = chain([RNG.normal(0, 2, (6, 4)), RNG.normal(0, 2, (5, 6))])
    graph = nir.NIRGraph(
        {**graph.nodes, "back": nir.Linear(RNG.normal(size=(6, 5)))}, [*graph.edges, ("n2", "back"), ("back", "n1")]
    )
    network = from_nir(graph).float()
    x = (torch.rand(12, 8, 4) < 0.5).float()
    target = torch.randint(0, 5, (8,))
    optimizer = torch.optim.Adam(network.parameters(), 0.05)
    losses = []
    for _ in range(60):
        optimizer.zero_grad()
        loss = torch.nn.functional.cross_entropy(network(x).mean(0) * 5, target)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert all(p.grad is not None and bool(p.grad.abs().sum() > 0) for p in network.parameters())
    assert losses[-1] < 0.7 * losses[0]


def test_what_has_no_module_is_told_at_once() -> None:
    with pytest.raises(UnsupportedOp) as caught:
        from_nir(chain([np.eye(2)], spike_late=True))
    assert "spike_late" in caught.value.violations[0]
    nodes = {"in": nir.Input({"input": np.array([2])}), "alone": nir.Scale(np.ones(2))}
    nodes["out"] = nir.Output({"output": np.array([2])})
    unfed = nir.NIRGraph(nodes, [("in", "out"), ("alone", "out")], type_check=False)
    with pytest.raises(InputError, match=r"Nothing feeds \['alone'\]"):
        from_nir(unfed)


def test_file_in_between_changes_nothing(tmp_path) -> None:
    graph = spatial(
        nir.Conv2d((7, 6), RNG.normal(size=(3, 2, 3, 3)), 1, 1, 1, 1, RNG.normal(size=3)),
        neuron("CubaLIF", RNG, (3, 7, 6)),
        nir.AvgPool2d(np.array([2, 2]), np.array([2, 2]), np.array([0, 0])),
        nir.Flatten({"input": np.array([3, 3, 3])}, 0, -1),
        nir.Affine(RNG.normal(size=(4, 27)), RNG.normal(size=4)),
    )
    write_nir(graph, tmp_path / "a.nir")
    x = torch.as_tensor((RNG.random((5, 2, 2, 7, 6)) < 0.4).astype(float))
    assert torch.equal(from_nir(read_nir(tmp_path / "a.nir"))(x), from_nir(graph)(x))
