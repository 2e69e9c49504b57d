"""Who wrote a file is told from its parameters, with reasons, and every convention can be overruled."""

import nir
import numpy as np
import pytest

from graphs import chain
from spikewright.exporters.nir.dialects import DIALECTS, recognise
from spikewright.exporters.nir.execute import run_graph
from spikewright.exporters.nir.isolate import isolate_node
from spikewright.exporters.nir.semantics import CONVENTIONS, DEFAULTS, choose
from spikewright.models.errors import ConfigError

DT = 1e-4


def network(node: nir.NIRNode, name: str = "1", dtype: type = np.float32, **metadata: object) -> nir.NIRGraph:
    n = np.array([3])
    nodes = {
        "input": nir.Input({"input": n}),
        "0": nir.Affine(np.eye(3, dtype=dtype), np.zeros(3, dtype)),
        name: node,
        "output": nir.Output({"output": n}),
    }
    edges = [("input", "0"), ("0", name), (name, "output")]
    return nir.NIRGraph(nodes, edges, metadata=metadata)


def full(*values: float) -> list[np.ndarray]:
    return [np.full(3, v) for v in values]


def lif(tau: object, r: object) -> nir.LIF:
    zero, th = full(0.0, 1.0)
    return nir.LIF(np.asarray(tau) * np.ones(3), np.asarray(r) * np.ones(3), zero, th, v_reset=zero.copy())


def integrate(r: float) -> nir.IF:
    zero, th = full(0.0, 1.0)
    return nir.IF(np.full(3, r), th, v_reset=zero)


def cuba(tau_syn: float, tau_mem: float, r: float, w_in: float) -> nir.CubaLIF:
    tau_syn, tau_mem, r, zero, th, w_in = full(tau_syn, tau_mem, r, 0.0, 1.0, w_in)
    return nir.CubaLIF(tau_syn, tau_mem, r, zero, th, v_reset=zero.copy(), w_in=w_in)


TAUS = np.array([2.0, 5.0, 9.0])
ROCKPOOL = TAUS * np.exp(-1 / TAUS)


@pytest.mark.parametrize(
    ("name", "graph", "why"),
    [
        ("snntorch", network(lif(TAUS * DT, TAUS), dtype=np.float64), "gain 1"),
        ("snntorch", network(cuba(2 * DT, 4 * DT, 4.0, 2.0), dtype=np.float64), "w_in = tau_syn/dt"),
        ("spikingjelly", network(lif(2 * DT, 2.0)), "float64 beside weights in float32"),
        ("spikingjelly", network(lif(3 * DT, 1.0), name="_1", dtype=np.float64), "nirtorch 2"),
        ("spikingjelly", network(integrate(1 / DT)), "1/dt"),
        ("sinabs", network(integrate(1.0)), "counts whole in one step"),
        ("sinabs", network(lif(10.0, 1.0)), "counts steps"),
        ("norse", network(lif(1e-5, 1.0)), "shorter than any step"),
        ("norse", network(cuba(5e-6, 1e-5, 1.0, 1.0)), "shorter than any step"),
        ("rockpool", network(lif(TAUS * 1e-3, ROCKPOOL)), "at dt = 0.001 s"),
        ("nengo", network(lif(0.02, 1.0), framework="Nengo 4.0"), "metadata say 'Nengo 4.0'"),
        ("norse", network(lif(0.02, 1.0), spikewright={"dialect": "norse"}), "metadata name"),
        ("spikewright", network(lif(2 * DT, 2.0), spikewright={"dt_s": DT}), "conventions under"),
        ("unknown", network(lif(0.02, 1.0)), "No pattern"),
        ("unknown", network(integrate(1 / DT), dtype=np.float64), "No pattern"),
        ("unknown", network(cuba(2 * DT, 4 * DT, 4.0, 1.0), dtype=np.float64), "No pattern"),
    ],
)
def test_writers_are_recognised_with_their_reasons(name: str, graph: nir.NIRGraph, why: str) -> None:
    found = recognise(graph)
    assert found.name == name
    assert why in " ".join(found.evidence)
    assert all(sentence.endswith(".") for sentence in found.evidence)


def test_spyx_is_known_by_its_names_and_shares() -> None:
    def renamed(node: nir.NIRNode) -> nir.NIRGraph:
        nodes = {"input": nir.Input({"input": np.array([3])}), "layer_0": node}
        nodes["output"] = nir.Output({"output": np.array([3])})
        return nir.NIRGraph(nodes, [("input", "layer_0"), ("layer_0", "output")])

    assert recognise(renamed(lif(TAUS, 1 - 1 / TAUS))).states["reset"] == "subtract_late"
    assert recognise(renamed(cuba(2.0, 4.0, 0.75, 1.0))).states["reset"] == "subtract"
    assert recognise(renamed(integrate(1.0))).name == "spyx"


def test_argument_before_metadata_before_dialect_before_default() -> None:
    graph = network(lif(2 * DT, 2.0), spikewright={"dialect": "spikingjelly", "reset": "subtract"})
    settings = run_graph(graph, np.ones((1, 1, 3)), dt_s=5e-5).settings
    assert settings == {
        "dt_s": (5e-5, "argument"),
        "integration": ("euler", "dialect spikingjelly"),
        "spike_op": (">=", "dialect spikingjelly"),
        "reset": ("subtract", "metadata"),
        "dialect": ("spikingjelly", "recognised"),
    }
    told = choose(graph, "unknown")
    assert (told.spike_op, told.origin["spike_op"], told.origin["dialect"]) == (">", "default", "argument")


@pytest.mark.parametrize("name", sorted(DIALECTS.keys() - {"spikewright", "unknown"}))
def test_every_convention_of_a_dialect_can_be_overruled(name: str) -> None:
    others = {"integration": "exponential", "spike_op": ">=", "reset": "subtract_once"}
    for what in DIALECTS[name].states:
        default = (DEFAULTS | CONVENTIONS)[what]
        value = others.get(what, not default if isinstance(default, bool) else 0.5)
        chosen = choose(network(integrate(7.0)), name, **{what: value})
        assert (getattr(chosen, what), chosen.origin[what]) == (value, "argument")


def test_conventions_survive_metadata_as_text_and_bytes() -> None:
    said = {"multi_spike": "False", "reset": b"subtract", "v_floor": np.True_, "dt_s": "1e-3"}
    chosen = choose(network(integrate(1.0), spikewright=said))
    assert (chosen.multi_spike, chosen.reset, chosen.v_floor, chosen.dt_s) == (False, "subtract", True, 1e-3)
    with pytest.raises(ConfigError, match="multi_spike = 'perhaps', which is no bool"):
        choose(network(integrate(1.0), spikewright={"multi_spike": "perhaps"}))


def test_unknown_names_are_refused() -> None:
    graph = chain([np.eye(1)])
    with pytest.raises(ConfigError, match="known are auto, spikewright, snntorch"):
        run_graph(graph, np.ones((1, 1, 1)), dialect="brian")
    with pytest.raises(ConfigError, match="Unknown conventions v_ceiling"):
        run_graph(graph, np.ones((1, 1, 1)), v_ceiling=True)


def test_a_part_of_a_graph_keeps_the_dialect_of_the_whole() -> None:
    graph = network(integrate(1.0))
    whole, part = run_graph(graph, np.full((4, 1, 3), 2.5)), isolate_node(graph, "1").graph
    alone = run_graph(part, {"input->0": np.full((4, 1, 3), 2.5)})
    assert whole.spikes["1"].max() == 3
    np.testing.assert_array_equal(alone.spikes["1"], whole.spikes["1"])
