"""E-I circuits: the float network divides as the graph does, and every rounding of the chip's division is listed."""

from functools import reduce

import nir
import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from circuits import DT_S, chained, circuit, events, leaky, random_graph
from spikewright.exporters.nir.divisors import static_graph
from spikewright.exporters.nir.execute import run_graph
from spikewright.exporters.nir.semantics import choose
from spikewright.exporters.program.limits import ChipLimits
from spikewright.exporters.program.lower import float_network, lower
from spikewright.exporters.program.passes.change import applicable, apply_loss
from spikewright.exporters.program.passes.circuits import static
from spikewright.exporters.program.passes.execute import Arithmetic, run_network
from spikewright.models.errors import CapacityError, ConfigError, InputError, UnsupportedOp
from spikewright.simulators.run import simulate

SEEDS = st.integers(0, 2**32 - 1)
KINDS = st.sampled_from(["spikes", "grey"])
NEAR = 1e-9


def exact(spike_op: str, reset: str) -> Arithmetic:
    return Arithmetic(reset=reset, inclusive=frozenset({"n1", "n2"} if spike_op == ">=" else ()))


@settings(max_examples=25)
@given(SEEDS, KINDS)
def test_the_float_network_divides_as_the_graph_does(seed: int, kind: str) -> None:
    rng = np.random.default_rng(seed)
    graph, x = random_graph(rng), events(rng, 6, 5, kind)
    network = float_network(graph, choose(graph))
    for run, float_run in ((graph, network), (static_graph(graph), static(network))):
        reference, trace = run_graph(run, x), run_network(float_run, x, Arithmetic())
        for name in ("n1", "n2"):
            theta = graph.nodes[name].v_threshold
            assume(not (np.abs(reference.state[name]["v"] / theta - 1) < NEAR).any())
            np.testing.assert_array_equal(trace.spikes[name], reference.spikes[name], err_msg=name)
        np.testing.assert_allclose(trace.output["output"], reference.output["output"], rtol=1e-9, atol=1e-9)


@settings(max_examples=25)
@given(
    seed=SEEDS,
    kind=KINDS,
    bits=st.integers(2, 8),
    reciprocal_bits=st.sampled_from([0, 2, 3, 4]),
    spike_op=st.sampled_from([">", ">="]),
    reset=st.sampled_from(["zero", "subtract"]),
    rows=st.sampled_from(["fold", "registers"]),
    ei=st.sampled_from(["dynamic", "dynamic", "static"]),
)
def test_all_listed_losses_together_make_the_program(
    seed: int, kind: str, bits: int, reciprocal_bits: int, spike_op: str, reset: str, rows: str, ei: str
) -> None:
    rng = np.random.default_rng(seed)
    graph, x = random_graph(rng, spike_op=spike_op, reset=reset), events(rng, 6, 10, kind)
    program = lower(graph, x, bits, ei, rows=rows, reciprocal_bits=reciprocal_bits)
    trace = simulate(program, x, backend="oracle", record=("spikes", "state"))
    losses = [loss for loss in program.losses if loss.kind != "structure"]
    assert all(applicable(loss) for loss in losses)
    start = float_network(graph, choose(graph)), exact(spike_op, reset)
    changed, rounded = reduce(lambda done, loss: apply_loss(*done, program, loss), losses, start)
    applied = run_network(changed, x, rounded)
    thresholds = {p.name: np.asarray(p.vth) << 6 for p in program.populations}
    assume(not any((trace.state[n]["v"] == thresholds[n]).any() for n in applied.spikes))
    for name, spikes in applied.spikes.items():
        np.testing.assert_array_equal(spikes, trace.spikes[name], err_msg=name)


@pytest.mark.parametrize("kind", ["spikes", "grey"])
@pytest.mark.parametrize("rows", ["fold", "registers"])
def test_a_dynamic_program_is_near_the_exact_circuit(kind: str, rows: str) -> None:
    """On average: of 1200 such circuits 0.5 % agree on less than 93 % of their spikes, one on 86 %, all on 99.6 %."""
    near = []
    for seed in range(12):
        rng = np.random.default_rng(seed)
        graph, x = random_graph(rng), events(rng, 6, 40, kind)
        program = lower(graph, x, ei="dynamic", rows=rows, reciprocal_bits=4)
        assert [p.kind for p in program.populations] == ["ei_gain", "ei_gain", "readout"]
        reference, trace = run_graph(graph, x), simulate(program, x, backend="oracle", record=("spikes",))
        near.append((reference.spikes["n1"] == trace.spikes["n1"]).mean())
    assert np.mean(near) > 0.99


def test_projections_are_named_after_the_circuit_and_the_chips_ability_is_asked_for() -> None:
    rng = np.random.default_rng(0)
    graph, x = random_graph(rng), events(rng, 4, 10, "spikes")
    program = lower(graph, x, ei="dynamic")
    assert {(q.name, q.port) for q in program.projections if q.target == "n1"} == {
        ("ei1", "current"),
        ("ei1.divisor", "divisor"),
    }
    assert program.settings["ei"] == ("dynamic", "argument") and program.settings["reciprocal_bits"] == (3, "default")
    given = lower(graph, x, ei="dynamic", reciprocal_bits=2).settings["reciprocal_bits"]
    assert given == (2, "argument")
    unused = lower(graph, x, reciprocal_bits=2, input_bits=5).settings
    assert unused["reciprocal_bits"] == ("unused", "argument was 2; nothing divides")
    assert unused["input_bits"][0] == "unused" and "argument was 5" in unused["input_bits"][1]
    grey = events(rng, 4, 10, "grey")
    assert lower(graph, grey).settings["input_bits"] == (8, "default")
    assert lower(graph, grey, input_bits=5).settings["input_bits"] == (5, "argument")
    plain = ChipLimits("plain", graded_spikes=True, divided_input=False)
    with pytest.raises(CapacityError, match=r'(?s)n1.*ei="static".*split_host.*n2') as caught:
        lower(graph, x, ei="dynamic", chip=plain)
    assert len(caught.value.violations) == 2
    assert lower(graph, x, ei="auto", chip=plain).settings["ei"] == ("static", "auto; plain cannot divide")
    assert lower(graph, x, ei="auto").settings["ei"][0] == "dynamic"
    assert "2 divisor(s) and no chip is named" in str(lower(graph, x, ei="auto").settings["ei"][1])


def test_a_static_program_is_that_of_the_graph_without_divisors_and_lists_them() -> None:
    rng = np.random.default_rng(1)
    graph, x = random_graph(rng), events(rng, 4, 10, "spikes")
    program = lower(graph, x)
    assert program.content_hash == lower(static_graph(graph), x).content_hash
    assert [loss.node for loss in program.losses if loss.kind == "gain"] == ["ei1", "ei2"]
    assert all("25%" in loss.what for loss in program.losses if loss.kind == "gain")
    assert program.settings["ei"] == ("static", "default")


@pytest.mark.parametrize(
    ("choice", "error", "message"),
    [
        ({"ei": "sometimes"}, ConfigError, "static, dynamic, auto"),
        ({"ei": "dynamic", "reciprocal_bits": 5}, ConfigError, "0, 2, 3, 4"),
        ({"ei": "dynamic", "input_bits": 25}, ConfigError, "1 to 24"),
    ],
)
def test_unknown_choices(choice: dict, error: type[Exception], message: str) -> None:
    rng = np.random.default_rng(0)
    with pytest.raises(error, match=message):
        lower(random_graph(rng), events(rng, 2, 2, "grey"), **choice)


def test_dynamic_without_divisors_is_an_error_and_auto_is_static() -> None:
    graph = static_graph(random_graph(np.random.default_rng(0)))
    with pytest.raises(InputError, match="carries no divisor"):
        lower(graph, ei="dynamic")
    assert lower(graph, ei="auto").settings["ei"] == ("static", "auto; the graph carries no divisor")


def net(*more: tuple[str, str], **nodes: nir.NIRNode) -> nir.NIRGraph:
    """Input of 6, circuit `ei` into neurons `n`; `nodes` are put in or replaced, `more` edges added."""
    rng = np.random.default_rng(0)
    ends = {"input": nir.Input({"input": np.array([6])}), "output": nir.Output({"output": np.array([4])})}
    chain = {"input": ends["input"], "ei": circuit(rng, 4, 6), **nodes}
    if "n" not in chain:
        chain["n"] = leaky(rng, 4)
    return chained(chain | {"output": ends["output"]}, *more)


RNG = np.random.default_rng(3)
CUBA = nir.CubaLIF(*(np.full(4, v) for v in (2e-4, 2e-4, 2.0, 0.0, 1.0)), v_reset=np.zeros(4), w_in=np.full(4, 2.0))


def branched(second: nir.NIRNode) -> nir.NIRGraph:
    """A second node from the input into the same neurons."""
    graph = net()
    return nir.NIRGraph(
        {**graph.nodes, "other": second}, [*graph.edges, ("input", "other"), ("other", "n")], type_check=False
    )


@pytest.mark.parametrize(
    ("graph", "message"),
    [
        (branched(circuit(RNG, 4, 6)), "adds up the quotients of ei, other"),
        (branched(nir.Linear(RNG.normal(0, 1, (4, 6)))), "adds other to a quotient"),
        (net(n=CUBA), r"adds n \(bias\) to a quotient"),
        (net(n=nir.LI(np.full(4, 2e-4), np.full(4, 2.0), np.zeros(4))), "no spiking neuron"),
        (net(n=nir.Threshold(np.ones(4))), "no spiking neuron"),
    ],
)
def test_what_no_population_can_divide_is_refused_with_the_reason_and_taken_statically(
    graph: nir.NIRGraph, message: str
) -> None:
    x = (np.random.default_rng(0).random((5, 20, 6)) < 0.5).astype(float)
    with pytest.raises(UnsupportedOp, match=message):
        lower(graph, x, ei="dynamic")
    program = lower(graph, x, ei="auto")
    assert program.settings["ei"][0] == "static" and message.split("(")[0].rstrip("\\ ") in str(program.settings["ei"])
    network, reference = float_network(graph, choose(graph)), run_graph(graph, x)
    trace = run_network(network, x, Arithmetic())
    for name, spikes in reference.spikes.items():
        np.testing.assert_array_equal(trace.spikes[name], spikes)
    np.testing.assert_allclose(trace.output["output"], reference.output["output"], rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize(
    ("graph", "message"),
    [
        (net(mix=nir.Linear(RNG.normal(0, 1, (4, 4)))), "'ei' -> 'mix' weigh the quotient"),
        (net(ei2=circuit(RNG, 4, 4)), "'ei' -> 'ei2' weigh the quotient"),
        (net(("ei", "n"), scale=nir.Scale(np.ones(4))), "bring it a second time"),
        (net(wait=nir.Delay(DT_S * np.array([0.0, 1, 2, 1]))), "delays what no synapse can"),
    ],
)
def test_what_no_projection_can_say_is_refused_either_way(graph: nir.NIRGraph, message: str) -> None:
    for ei in ("static", "dynamic", "auto"):
        with pytest.raises(UnsupportedOp, match=message):
            lower(graph, ei=ei)


def test_a_bias_in_front_of_a_circuit_is_refused() -> None:
    rng = np.random.default_rng(0)
    nodes = {"input": nir.Input({"input": np.array([6])}), "fc": nir.Affine(np.eye(6), np.ones(6))}
    nodes |= {"ei": circuit(rng, 4, 6), "n": leaky(rng, 4), "output": nir.Output({"output": np.array([4])})}
    with pytest.raises(UnsupportedOp, match=r"add a bias in front of E-I circuit 'ei'"):
        lower(chained(nodes), ei="dynamic")
