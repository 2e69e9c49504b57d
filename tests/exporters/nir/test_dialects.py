"""Who wrote a file is told from its parameters, with reasons, and every convention can be overruled."""

import nir
import numpy as np
import pytest

from spikewright.exporters.nir.dialects import DIALECTS
from spikewright.exporters.nir.execute import run_graph
from spikewright.exporters.nir.files import read_nir, write_nir
from spikewright.exporters.nir.isolate import isolate_node
from spikewright.exporters.nir.recognise import recognise
from spikewright.exporters.nir.semantics import CONVENTIONS, DEFAULTS, choose
from spikewright.exporters.nir.signatures import spikingjelly
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
        ("nengo", network(lif(0.02, 1.0), framework="Nengo 4.0"), "metadata say framework = 'Nengo 4.0'"),
        ("lava-dl", network(lif(0.02, 1.0), Generator=b"lava-dl-0.6"), "one step later"),
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
    said = "The metadata name the dialect spikingjelly. " + " ".join(spikingjelly(graph)[0])
    assert settings == {
        "dt_s": (5e-5, "argument"),
        "integration": ("euler", "dialect spikingjelly"),
        "spike_op": (">=", "dialect spikingjelly"),
        "reset": ("subtract", "metadata"),
        "dialect": ("spikingjelly", "metadata"),
        "dialect_evidence": (said, "metadata"),
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


def test_a_word_in_a_text_is_no_writer() -> None:
    """Only where the metadata name a writer, as a whole word, and one alone."""
    told = {"author": "Ole Norsen of spyxlab", "note": "not for snntorch", "source": "norse-like, by Norsen"}
    for metadata in (told, {"framework": "norse", "source": "ported from spyx"}, {"deep": {"framework": "norse"}}):
        assert recognise(network(lif(0.02, 2.0), **metadata)).name == "unknown", metadata
    assert recognise(network(lif(0.02, 2.0), source="spyx 1.0")).origin == "metadata"


def test_norse_time_constants_are_read_a_thousandfold_only_where_all_are_shorter_than_a_step() -> None:
    for graph in (network(lif(1e-5, 1.0)), network(lif(1e-5, 1.0), framework="norse")):
        assert choose(graph).tau_unit_s == choose(graph, "norse").tau_unit_s == 1e3
    plausible = network(lif(0.02, 1.0), framework="norse")
    for chosen in (choose(plausible), choose(plausible, "norse")):
        assert (chosen.dialect.name, chosen.dt_s, chosen.tau_unit_s) == ("norse", 1e-3, 1.0)
    assert choose(network(lif(TAUS * 1e-3, ROCKPOOL)), "rockpool").dt_s == 1e-3, "what only the pattern shows"


def test_a_trace_says_why_a_file_was_taken_for_its_dialect() -> None:
    settings = run_graph(network(integrate(1.0)), np.ones((1, 1, 3))).settings
    assert settings["dialect"] == ("sinabs", "recognised")
    evidence, origin = settings["dialect_evidence"]
    assert origin == "recognised" and "Norse writes that too" in evidence


def test_who_named_a_dialect_is_its_origin(tmp_path) -> None:
    path, x = tmp_path / "a.nir", np.ones((1, 1, 3))
    write_nir(network(lif(0.02, 2.0)), path)
    assert "dialect" not in run_graph(read_nir(path), x).settings
    graph = read_nir(path, dialect="snntorch")
    assert run_graph(graph, x).settings["dialect"] == ("snntorch", "argument of read_nir")
    assert "read_nir names the dialect snntorch" in choose(graph).dialect.evidence[0]
    assert run_graph(graph, x, dialect="norse").settings["dialect"] == ("norse", "argument")
    write_nir(network(lif(0.02, 2.0), spikewright={"dialect": "snntorch"}), path)
    assert run_graph(read_nir(path), x).settings["dialect"] == ("snntorch", "metadata")
    with pytest.raises(ConfigError, match="dialect = 'brian' is unknown; known are auto, spikewright, snntorch"):
        read_nir(path, dialect="brian")


def test_a_part_of_a_graph_keeps_the_dialect_of_the_whole() -> None:
    graph = network(integrate(1.0))
    whole, part = run_graph(graph, np.full((4, 1, 3), 2.5)), isolate_node(graph, "1").graph
    alone = run_graph(part, {"input->0": np.full((4, 1, 3), 2.5)})
    assert whole.spikes["1"].max() == 3
    np.testing.assert_array_equal(alone.spikes["1"], whole.spikes["1"])


def test_a_part_keeps_conventions_that_it_would_not_be_recognised_by() -> None:
    plain = network(cuba(20.0, 10.0, 0.9, 1.0))
    named = {"0": "layer_0", "1": "layer_1", "input": "input", "output": "output"}
    nodes = {named[name]: node for name, node in plain.nodes.items()}
    graph = nir.NIRGraph(nodes, [(named[a], named[b]) for a, b in plain.edges])
    whole, part = choose(graph), choose(isolate_node(graph, "layer_1").graph)
    assert (whole.reset, part.reset) == ("subtract", "subtract")
    assert all(getattr(part, name) == getattr(whole, name) for name in DEFAULTS | CONVENTIONS)
