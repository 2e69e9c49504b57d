"""A population that divides: scales that lose little, sums that never overflow, a guard that dark input stays above."""

import nir
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from circuits import DT_S, chained, circuit, events, leaky, random_graph
from spikewright.exporters.nir.divisors import divisor_of
from spikewright.exporters.nir.execute import run_graph
from spikewright.exporters.program.lower import lower
from spikewright.exporters.program.passes.division import Division
from spikewright.exporters.program.passes.ratio import Side, choose_ratio
from spikewright.exporters.program.population import VTH_MAX, Population
from spikewright.exporters.program.program import Program
from spikewright.models.errors import NumericRangeError
from spikewright.simulators.neurons import quotient
from spikewright.simulators.run import simulate

SEEDS = st.integers(0, 2**32 - 1)


@settings(max_examples=60)
@given(SEEDS, st.sampled_from([0, 2, 3, 4]), st.integers(0, 15), st.integers(1, 5000))
def test_the_float_division_is_that_of_the_chip(seed: int, bits: int, exponent: int, smallest: int) -> None:
    """On integers in any float unit; where nothing arrives both give 0."""
    rng = np.random.default_rng(seed)
    n = rng.integers(-(2**20), 2**20, (200, 5))
    d = rng.integers(0, 2 ** rng.integers(1, 24), (200, 5)) * (rng.random((200, 5)) < 0.9)
    zero = np.zeros(5, np.int32)
    p = Population(
        "p",
        (5,),
        4095,
        0,
        1,
        zero,
        1,
        kind="ei_gain",
        reciprocal_bits=bits,
        quotient_exp=exponent,
        divisor_min=smallest,
    )
    n_unit, d_unit = rng.uniform(1e-6, 1e3, 5), rng.uniform(1e-6, 1e3, 5)
    step = n_unit / d_unit / 2.0**exponent
    division = Division(bits, d_unit, smallest * d_unit, step)
    found = division.divide(n * n_unit, d * d_unit, np.ones(5)) / step
    np.testing.assert_allclose(found, quotient(p, n, d), rtol=0, atol=1e-3)


def largest_sums(program: Program) -> list[float]:
    """Largest magnitude of every 32-bit sum, whatever the input."""
    found = []
    for p in program.populations:
        for port in ("current", "divisor"):
            total = 0.0
            for q in program.into(p.name):
                events = program.events(q.source)
                weights = np.abs(q.weights.astype(np.int64)).sum(1).max() * ((1 << events.bits) - 1)
                total += weights * 2.0**q.weight_exp if q.port == port else 0
            found.append(total)
    return found


@settings(max_examples=20)
@given(SEEDS, st.integers(2, 8), st.integers(1, 16), st.floats(-6, 3), st.sampled_from(["fold", "registers"]))
def test_registers_fit_and_no_sum_overflows(seed: int, bits: int, wide: int, decades: float, rows: str) -> None:
    """Whatever the size of weights and biases, and however wide the events."""
    rng = np.random.default_rng(seed)
    graph = random_graph(rng)
    graph.nodes["ei1"].weight *= 10.0**decades
    graph.nodes["ei1"].bias *= 10.0**decades
    x = rng.integers(0, 2**wide, (3, 4, 1, 4, 4))
    program = lower(graph, x, bits, "dynamic", rows=rows)
    assert max(largest_sums(program)) < 2**31
    for p in program.populations[:2]:
        assert np.max(p.vth) <= VTH_MAX and p.kind == "ei_gain" and p.divisor_min >= 1
        units = {q.port: np.asarray(q.unit) * 2.0**-q.weight_exp for q in program.into(p.name)}
        np.testing.assert_allclose(64 * p.membrane_unit, units["current"] / units["divisor"] / 2.0**p.quotient_exp)


def test_sums_of_events_that_are_too_wide_are_refused() -> None:
    rng = np.random.default_rng(0)
    nodes = {"input": nir.Input({"input": np.array([400])}), "ei": circuit(rng, 4, 400), "n": leaky(rng, 4)}
    graph = chained(nodes | {"output": nir.Output({"output": np.array([4])})})
    with pytest.raises(NumericRangeError, match="more than 32 bits hold; give the input fewer bits"):
        lower(graph, np.full((1, 1, 400), 0.5), ei="dynamic", input_bits=24)
    with pytest.raises(NumericRangeError, match="take 2 bits or more"):
        lower(graph, np.full((1, 1, 400), 0.5), 1, "dynamic")
    graph.nodes["ei"].bias[:] = 1e5
    with pytest.raises(NumericRangeError, match=r"biases reach .* thresholds, limit 8190"):
        lower(graph, np.full((1, 1, 400), 0.5), ei="dynamic")


def quotient_error(graph: nir.NIRGraph, x: np.ndarray, **options: object) -> float:
    """Mean squared error of the first circuit's quotients with both weights on the grid, relative to their power."""
    program = lower(graph, x, ei="dynamic", **options)  # type: ignore[arg-type]
    rows = x.reshape(-1, 16)
    exact, rounded = {}, {}
    node, n = graph.nodes["ei1"], graph.nodes["n1"]
    weight = {"current": node.weight * (2 * DT_S / n.tau / n.v_threshold)[:, None], "divisor": divisor_of(node).weight}
    for q in program.into("n1"):
        exact[q.port] = rows @ weight[q.port].T
        rounded[q.port] = rows @ (q.weights * np.reshape(q.unit, (-1, 1)) * program.inputs[0].scale).T
    live = (exact["divisor"] > 0) & (rounded["divisor"] > 0)
    a, b = (f["current"][live] / f["divisor"][live] for f in (exact, rounded))
    return float(((a - b) ** 2).mean() / (a**2).mean())


def test_scales_by_error_lose_less_than_those_by_the_largest_weight_and_registers_less_still() -> None:
    graphs = map(random_graph, map(np.random.default_rng, range(50)))
    graph = next(g for g in graphs if [*g.nodes][1:4] == ["flat", "ei1", "n1"])
    x = events(np.random.default_rng(0), 20, 50, "grey")
    errors = [quotient_error(graph, x, weight_bits=4, **how) for how in ({"scale": "max"}, {}, {"rows": "registers"})]
    assert errors[2] < errors[1] < errors[0] < 0.1


def test_a_percentile_clips_both_sums_and_says_so() -> None:
    rng = np.random.default_rng(0)
    graph, x = random_graph(rng), events(rng, 6, 20, "spikes")
    program = lower(graph, x, ei="dynamic", rows="registers", scale="percentile:80", rounding="nearest")
    (p,) = [p for p in program.projections if p.name == "ei1"]
    full = np.abs(p.weights) == np.abs(p.weights).max()
    assert (full.sum(1) >= 2).all()
    told = {loss.node: loss.what for loss in program.losses if loss.kind == "weights"}
    assert "of them clipped" in told["ei1"] and "of them clipped" in told["ei1.divisor"]


def test_a_shared_threshold_ties_both_scales_and_is_whole() -> None:
    rng = np.random.default_rng(0)
    n = Side(rng.normal(0, 1, (9, 12)), np.full(12, 0.3), np.full(12, 0.2), 8, "mixed")
    d = Side(rng.exponential(1, (9, 12)), np.full(12, 0.3), np.full(12, 0.2), 8, "excitatory")
    one = np.ones(9)
    n.weight[2], d.weight[3], d.weight[4] = 0, 0, d.weight[4] / 1e4
    for free in (False, True):
        found = choose_ratio(n, d, one, one, 1000.0, (-7, 22), free=free, search=True)
        np.testing.assert_allclose(found.numerator / found.divisor * 2.0**found.shift, found.threshold)
        assert found.threshold.min() > 10 and found.threshold.max() <= 1000
        assert (found.threshold % 1 == 0).all() and (np.ptp(found.threshold) == 0) != free


@pytest.mark.parametrize("kind", ["spikes", "grey"])
def test_darker_input_gives_the_same_spikes(kind: str) -> None:
    """The quotient is blind to a common factor of its input, down to a tenth of the calibration; the guard lets it."""
    rng = np.random.default_rng(5)
    nodes = {"input": nir.Input({"input": np.array([200])}), "ei": circuit(rng, 30, 200), "n": leaky(rng, 30, 0.15)}
    graph = chained(nodes | {"output": nir.Output({"output": np.array([30])})})
    x = rng.random((8, 40, 200)) if kind == "grey" else (rng.random((8, 40, 200)) < 0.5).astype(float)
    dark = x * 0.1 if kind == "grey" else x * (rng.random(x.shape) < 0.2)
    program = lower(graph, x, ei="dynamic")
    trace = simulate(program, dark, backend="oracle", record=("spikes",))
    reference = run_graph(graph, dark)
    assert 0.05 < reference.spikes["n"].mean() < 0.95
    assert (trace.spikes["n"] == reference.spikes["n"]).mean() > 0.93
    (guard,) = [loss for loss in program.losses if loss.kind == "guard"]
    assert "0.00% of them on the calibration" in guard.what and program.populations[0].divisor_min > 1


def test_a_synaptic_current_behind_a_quotient_keeps_its_register() -> None:
    rng = np.random.default_rng(2)
    cuba = nir.CubaLIF(
        *(np.full(8, v) for v in (5 * DT_S, 2 * DT_S, 2.0, 0.0, 1.0)), v_reset=np.zeros(8), w_in=np.full(8, 5.0)
    )
    node = circuit(rng, 8, 40)
    node.bias[:] = 0
    nodes = {"input": nir.Input({"input": np.array([40])}), "ei": node, "n": cuba}
    graph = chained(nodes | {"output": nir.Output({"output": np.array([8])})})
    x = (rng.random((12, 30, 40)) < 0.4).astype(float)
    program = lower(graph, x, ei="dynamic")
    trace = simulate(program, x, backend="oracle", record=("spikes", "state"))
    assert (trace.spikes["n"] == run_graph(graph, x).spikes["n"]).mean() > 0.95
    worst = np.where(np.arange(40) == node.weight[0].argmax(), 1.0, 0.0)
    state = simulate(program, np.broadcast_to(worst, (12, 1, 40)), backend="oracle", record=("state",)).state["n"]["u"]
    assert np.abs(state).max() < 2**23
