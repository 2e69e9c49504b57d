"""Lowering: exact where integers can be exact, inside every register, and honest about the rest."""

from itertools import pairwise

import nir
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ways import WAYS

from graphs import chain, replaced
from spikewright.exporters.nir.execute import run_graph
from spikewright.exporters.program.bounds import largest_input, largest_membrane
from spikewright.exporters.program.limits import ChipLimits
from spikewright.exporters.program.lower import lower
from spikewright.exporters.program.program import READOUT_LIMIT, STATE_LIMIT
from spikewright.models.errors import CapacityError, ConfigError, InputError, NumericRangeError, UnsupportedOp
from spikewright.simulators.run import simulate

BINARY = ChipLimits("binary-chip", graded_spikes=False)


def spikes(rng: np.random.Generator, *shape: int, rate: float = 0.3) -> np.ndarray:
    return (rng.random(shape) < rate).astype(np.float64)


def with_readout(graph: nir.NIRGraph, source: str, n: int, r: float) -> nir.NIRGraph:
    nodes = {**graph.nodes, "read": nir.I(np.full(n, r)), "output": nir.Output({"output": np.array([n])})}
    behind = {target for start, target in graph.edges if start == source} | {"output"}
    nodes = {name: node for name, node in nodes.items() if name not in behind - {"output"}}
    edges = [e for e in graph.edges if not behind & set(e)] + [(source, "read"), ("read", "output")]
    return nir.NIRGraph(nodes, edges, metadata=graph.metadata)


@settings(max_examples=40, deadline=None)  # the first example loads the engine
@given(st.integers(0, 2**32 - 1), st.integers(1, 3), st.integers(1, 6))
def test_integer_networks_without_leak_lose_nothing(seed: int, layers: int, steps: int) -> None:
    """IF neurons, weights k/127 and a threshold of whole units: float64 and integers must agree in every spike."""
    rng = np.random.default_rng(seed)
    sizes = rng.integers(2, 12, layers + 1)
    weights = [rng.integers(-127, 128, (b, a)) / 127 for a, b in pairwise(sizes)]
    for w in weights:
        w[0, 0] = 1.0  # the largest weight fixes the scale at 254 per unit
    graph = chain(weights, "IF", threshold=float(rng.integers(64, 200)) / 127)
    x = spikes(rng, steps, 5, sizes[0], rate=0.5)
    reference, program = run_graph(graph, x), lower(graph, calibration=x)
    # Membranes are compared at '>', so an exact tie must be one in both: float sums of k/127 may be off by an ulp.
    trace = simulate(program, x, record=("spikes", "state"))
    ties = [
        np.isclose(reference.state[n]["v"], graph.nodes[n].v_threshold[0], rtol=0, atol=1e-9).any()
        for n in trace.spikes
    ]
    if not any(ties):
        for name in trace.spikes:
            np.testing.assert_array_equal(trace.spikes[name], reference.spikes[name], err_msg=name)


@settings(max_examples=60)
@given(st.integers(0, 2**32 - 1), st.integers(2, 8), st.sampled_from([None, 1, 8, 100]), st.floats(-6, 6), WAYS)
def test_every_register_fits_and_no_state_overflows(
    seed: int, bits: int, steps: int | None, decades: float, way: dict
) -> None:
    """Whatever the size of the weights: `make_program` accepts, and no membrane leaves its register, at worst input."""
    rng = np.random.default_rng(seed)
    factor = 10.0**decades
    graph = chain([rng.normal(0, factor, (6, 4)), rng.normal(0, factor, (3, 6))], threshold=factor * 0.7)
    graph = with_readout(graph, "fc2", 3, 1e4) if rng.random() < 0.5 else graph
    x = None if steps is None else spikes(rng, steps, 2, 4)
    program = lower(graph, calibration=x, weight_bits=bits, **way)
    for p in program.populations:
        assert 64 * largest_input(program, p) < 2**23
        limit = READOUT_LIMIT if p.kind == "readout" else STATE_LIMIT
        if p.dv or steps:
            assert largest_membrane(program, p, steps or 10_000) <= limit


def test_learned_thresholds_become_rows() -> None:
    """Scaling row and threshold of a neuron together changes nothing after lowering."""
    rng = np.random.default_rng(0)
    weight = rng.normal(0, 0.5, (8, 5))
    theta = rng.uniform(0.2, 3.0, 8)
    plain = chain([weight])
    node = plain.nodes["n1"]
    scaled = replaced(
        plain,
        fc1=nir.Linear(weight * theta[:, None]),
        n1=nir.LIF(node.tau, node.r, node.v_leak, node.v_threshold * theta, v_reset=node.v_reset),
    )
    a, b = lower(plain), lower(scaled)
    np.testing.assert_array_equal(a.projections[0].weights, b.projections[0].weights)
    assert a.populations[0].vth == b.populations[0].vth


@pytest.mark.parametrize("kind", ["lif", "readout"])
def test_lowered_network_follows_the_float_network(kind: str) -> None:
    """8 bits on random weights: stated agreement, membranes in float units within the listed rounding."""
    rng = np.random.default_rng(1)
    graph = chain([rng.normal(0, 0.4, (40, 30)), rng.normal(0, 0.4, (20, 40))])
    graph = with_readout(graph, "fc2", 20, 1e4) if kind == "readout" else graph
    x = spikes(rng, 10, 50, 30)
    reference, program = run_graph(graph, x), lower(graph, calibration=x)
    trace = simulate(program, x, record=("spikes",))
    agreement = (trace.spikes["n1"] == reference.spikes["n1"]).mean()
    assert agreement > 0.99
    if kind == "readout":
        same = (trace.spikes["n1"] == reference.spikes["n1"]).all((0, 2))
        unit = program.populations[-1].membrane_unit
        np.testing.assert_allclose(trace.output["output"][same] * unit, reference.output["output"][same], atol=0.25)


def test_a_linear_output_is_summed() -> None:
    rng = np.random.default_rng(2)
    graph = chain([rng.normal(0, 1, (6, 4))])
    nodes = {k: v for k, v in graph.nodes.items() if k != "output"} | {
        "head": nir.Affine(rng.normal(0, 1, (3, 6)), rng.normal(0, 1, 3)),
        "output": nir.Output({"output": np.array([3])}),
    }
    headed = nir.NIRGraph(nodes, [("input", "fc1"), ("fc1", "n1"), ("n1", "head"), ("head", "output")])
    x = spikes(rng, 6, 30, 4)
    program = lower(headed, calibration=x)
    assert program.populations[-1].name == "head" and program.outputs[0].readout == "membrane"
    assert any("summed over the sample" in loss.what for loss in program.losses)
    same = simulate(program, x).predict() == run_graph(headed, x).predict()
    assert same.mean() > 0.9


def test_recurrence_and_skip_keep_their_rows() -> None:
    """A self-recurrence reads z[t-1]; a skip over a level gets a synaptic delay of one."""
    w = np.eye(2)
    graph = chain([w, w], "IF", threshold=0.5)
    nodes = {**graph.nodes, "rec": nir.Linear(-2 * w), "skip": nir.Linear(w)}
    edges = [*graph.edges, ("n1", "rec"), ("rec", "n1"), ("input", "skip"), ("skip", "n2")]
    program = lower(nir.NIRGraph(nodes, edges))
    by_name = {p.name: p for p in program.projections}
    assert (by_name["rec"].delay, program.hops(by_name["rec"])) == (1, 0)
    assert (by_name["skip"].delay, program.hops(by_name["skip"])) == (0, 1)
    x = np.ones((6, 1, 2))
    reference = run_graph(nir.NIRGraph(nodes, edges), x)
    trace = simulate(program, x, record=("spikes",))
    np.testing.assert_array_equal(reference.spikes["n1"][:, 0, 0], [1, 0, 0, 1, 0, 0])
    for name in ("n1", "n2"):
        np.testing.assert_array_equal(trace.spikes[name], reference.spikes[name])


def test_grey_input_becomes_graded_events_or_is_refused() -> None:
    rng = np.random.default_rng(3)
    graph = chain([rng.normal(0, 0.5, (20, 10))])
    x = rng.random((8, 40, 10))
    program = lower(graph, calibration=x)
    assert (program.inputs[0].kind, program.inputs[0].bits) == ("graded", 8)
    trace = simulate(program, x, record=("spikes",))
    assert (trace.spikes["n1"] == run_graph(graph, x).spikes["n1"]).mean() > 0.98
    with pytest.raises(CapacityError, match="binary-chip carry no value"):
        lower(graph, calibration=x, chip=BINARY)


def test_a_reset_by_subtraction_is_kept_or_refused_by_the_chip_or_given_up() -> None:
    graph = chain([np.eye(2)], reset="subtract")
    assert [p.reset for p in lower(graph).populations] == ["subtract"]
    with pytest.raises(CapacityError, match=r"'n1' resets by subtraction.*reset=\"zero\""):
        lower(graph, chip=ChipLimits("hard", graded_spikes=True, soft_reset=False))
    program = lower(graph, reset="zero", chip=ChipLimits("hard", graded_spikes=True, soft_reset=False))
    assert [p.reset for p in program.populations] == ["zero"]
    assert any("trained with reset 'subtract'" in loss.what for loss in program.losses)
    assert program.settings["reset"] == ("zero", "argument")


def test_what_no_chip_does_is_refused_with_all_reasons() -> None:
    graph = chain([np.eye(2)], "IF", reset="subtract_late", multi_spike=True)
    with pytest.raises(UnsupportedOp) as caught:
        lower(graph)
    late, several = caught.value.violations
    assert "reset by 'subtract_late' (metadata)" in late and "multi_spike holds (metadata)" in several


def test_decays_that_differ_between_neurons_are_registers_or_refused_by_the_chip() -> None:
    graph = chain([np.eye(2)])
    node = graph.nodes["n1"]
    mixed = nir.LIF(np.array([2e-4, 4e-4]), node.r, node.v_leak, node.v_threshold, v_reset=node.v_reset)
    program = lower(replaced(graph, n1=mixed))
    np.testing.assert_array_equal(program.populations[0].dv, [2048, 1024])
    with pytest.raises(CapacityError, match="'n1' has one dv for each neuron"):
        lower(replaced(graph, n1=mixed), chip=ChipLimits("plain", graded_spikes=True, registers_per_neuron=False))


def test_neurons_without_memory_are_refused_by_a_chip_whose_membranes_keep_a_rest() -> None:
    graph = replaced(chain([np.eye(2)]), n1=nir.Threshold(np.ones(2)))
    assert [p.kind for p in lower(graph, chip=BINARY).populations] == ["threshold"]
    with pytest.raises(CapacityError, match=r"'n1' keeps nothing of the step before.*membrane of plain keeps a rest"):
        lower(graph, chip=ChipLimits("plain", graded_spikes=True, stateless=False))


def test_bad_arguments_and_parameters() -> None:
    graph = chain([np.eye(2)])
    for bits in (9, 0, True, 7.5, "8"):
        with pytest.raises(ConfigError, match=f"weight_bits = {bits!r};"):
            lower(graph, weight_bits=bits)
    with pytest.raises(NumericRangeError, match="2 bits or more"):
        lower(chain([np.array([[1.0, -1.0]])]), weight_bits=1)
    with pytest.raises(InputError, match="carries no divisor"):
        lower(graph, ei="dynamic")
    with pytest.raises(ConfigError, match="dt_s"):
        lower(graph, dt_s=-1.0)
    with pytest.raises(NumericRangeError, match="2 neuron"):
        lower(chain([np.eye(2)], threshold=0.0))
    with pytest.raises(ConfigError, match="cycle = 'once' is unknown; known are every, closing, hop"):
        lower(graph, cycle="once")


def single_input(nodes: dict, edges: list) -> nir.NIRGraph:
    n = len(nodes["n"].tau)
    ends = {"input": nir.Input({"input": np.array([n])}), "output": nir.Output({"output": np.array([n])})}
    return nir.NIRGraph({**ends, **nodes}, edges)


def test_edges_that_a_program_cannot_carry_are_refused() -> None:
    """Each of these ran with silently wrong results if it were not refused."""
    tau, one, zero = np.full(2, 2e-4), np.ones(2), np.zeros(2)
    lif = nir.LIF(tau, one, zero, one, v_reset=zero)
    read = nir.LI(tau, one, zero)
    cases = {
        "'read', which is read out, also feeds 'n'": (
            {"read": read, "n": lif},
            [("input", "read"), ("read", "n"), ("n", "output")],
        ),
        "fed by 2 nodes": ({"m": lif, "n": lif}, [("input", "m"), ("input", "n"), ("m", "output"), ("n", "output")]),
        "is the input": ({"n": lif}, [("input", "output"), ("input", "n"), ("n", "output")]),
    }
    for message, (nodes, edges) in cases.items():
        with pytest.raises(UnsupportedOp, match=message):
            lower(single_input(nodes, edges))


def test_time_constant_below_the_time_step_is_refused() -> None:
    graph = chain([np.eye(2)], tau_steps=2.0)
    for use in (lambda: lower(graph, dt_s=1e-3), lambda: run_graph(graph, np.ones((1, 1, 2)), dt_s=1e-3)):
        with pytest.raises(
            NumericRangeError, match=r"0\.0002 s is shorter than the time step of 0\.001 s \(argument\)"
        ):
            use()
    lower(graph, dt_s=1e-3, integration="exponential")


def test_integer_calibration_makes_an_input_that_takes_integers_unchanged() -> None:
    rng = np.random.default_rng(3)
    graph = chain([rng.normal(0, 0.05, (20, 10))])
    x = rng.integers(0, 17, (8, 40, 10))
    program = lower(graph, calibration=x)
    assert (program.inputs[0].scale, program.inputs[0].bits) == (1.0, 5)
    reference = run_graph(graph, x)
    trace = simulate(program, x, record=("spikes",))
    assert reference.spikes["n1"].mean() > 0.05
    assert (trace.spikes["n1"] == reference.spikes["n1"]).mean() > 0.98


def test_outliers_that_leave_nothing_of_the_rest_are_told() -> None:
    rng = np.random.default_rng(4)
    weight = rng.normal(0, 0.5, (6, 5))
    weight[0] *= 1e4
    losses = lower(chain([weight])).losses
    assert any("5 of 6 rows round to zero" in loss.what for loss in losses)
    with pytest.raises(NumericRangeError, match=r"neuron 0: weights reach .* of the threshold"):
        lower(chain([weight * 1e7]))


def test_graphs_from_code_are_checked_like_graphs_from_files() -> None:
    node = nir.LIF(np.array(2e-4), np.array(2.0), np.array(0.0), np.array(1.0), v_reset=np.array(0.0))
    scalar = nir.NIRGraph(
        {**chain([np.eye(2)]).nodes, "n1": node}, [("input", "fc1"), ("fc1", "n1"), ("n1", "output")], type_check=False
    )
    for use in (lambda: lower(scalar), lambda: run_graph(scalar, np.ones((1, 1, 2)))):
        with pytest.raises(InputError, match="one value per neuron"):
            use()
    with pytest.raises(ConfigError, match="dt_s = 'abc'"):
        lower(chain([np.eye(2)], dt_s="abc"))
