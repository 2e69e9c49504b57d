"""A fault is alone where it was planted; what comes after it only inherits."""

from dataclasses import replace

import nir
import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from graphs import chain, replaced
from samples import a_program
from spikewright.exporters.nir.execute import run_graph
from spikewright.exporters.program.lower import lower
from spikewright.exporters.program.program import Program
from spikewright.exporters.program.trace import Trace
from spikewright.models.errors import NumericRangeError
from spikewright.simulators.run import simulate
from spikewright.toolchain.comparison import compare_pair, measure_alone
from spikewright.toolchain.comparison.pairs import Pair
from strategies import programs

X = (np.random.default_rng(0).random((6, 30, 10)) < 0.5).astype(float)
WEIGHTS = [np.random.default_rng(k).normal(0, 0.6, shape) for k, shape in enumerate([(8, 10), (7, 8), (5, 7)])]
GRAPH = chain(WEIGHTS)


def run(program: Program, x: object, backend: str = "oracle") -> Trace:
    try:
        return simulate(program, x, backend=backend, record=("spikes",))
    except NumericRangeError:  # some drawn readouts could leave their register
        assume(False)
        raise


# A fault often changes no spike, and then there is nothing to look for.
@settings(max_examples=80, suppress_health_check=[HealthCheck.filter_too_much])
@given(programs(feedback=True), st.data())
def test_a_planted_fault_is_alone_in_its_population_and_nowhere_else(drawn: tuple, data: st.DataObject) -> None:
    program, x = drawn
    program = replace(program, outputs=program.outputs[:1])
    planted = data.draw(st.sampled_from([p.name for p in program.populations if p.kind == "lif"] or [""]))
    assume(planted)
    vth = data.draw(st.integers(0, 300))
    changed = (replace(p, vth=vth) if p.name == planted else p for p in program.populations)
    faulty = replace(program, populations=tuple(changed))
    a, b = run(program, x), run(faulty, x)
    pair = compare_pair(a, b, [p.name for p in program.populations])
    assume(pair.mismatches)
    measured = measure_alone(pair, a, b, x, faulty, None, {})
    alone = {found.population: found.alone for found in measured.agreements}
    assert alone.pop(planted) > 0
    assert set(alone.values()) <= {0}
    assert [found.mismatches for found in measured.agreements] == [found.mismatches for found in pair.agreements]


def planted_in_graph(backend: str) -> tuple[Pair, Pair, Trace, Trace]:
    n = GRAPH.nodes["n2"]
    faulty = replaced(GRAPH, n2=nir.LIF(n.tau, n.r, n.v_leak, 0.9 * n.v_threshold, v_reset=n.v_reset))
    a, b = run_graph(GRAPH, X), replace(run_graph(faulty, X), backend=backend)
    pair = compare_pair(a, b, ["n1", "n2", "n3"])
    return pair, measure_alone(pair, a, b, X, None, faulty, {}), a, b


@pytest.mark.parametrize("backend", ["run_graph", "frozen"])
def test_float_backends_are_cut_out_of_the_graph(backend: str) -> None:
    pair, measured, _, _ = planted_in_graph(backend)
    accumulated, alone = ({f.population: v for f, v in zip(pair.agreements, c, strict=True)} for c in columns(measured))
    assert accumulated["n1"] == alone["n1"] == 0
    assert accumulated["n2"] == alone["n2"] > 0, "n1, its only source, agrees"
    assert accumulated["n3"] > 0 and alone["n3"] == 0
    assert [f.alone_backend for f in measured.agreements] == [backend, backend, "run_graph"]


def columns(pair: Pair) -> tuple[list, list]:
    return [found.mismatches for found in pair.agreements], [found.alone for found in pair.agreements]


def test_a_backend_that_cannot_be_cut_is_not_measured_where_it_inherits() -> None:
    _, measured, _, _ = planted_in_graph("torch")
    assert [f.alone is None for f in measured.agreements] == [False, False, True]
    assert measured.agreements[2].alone_backend == ""


def test_lava_is_not_started_again() -> None:
    program = lower(GRAPH, calibration=X)
    a = run(program, X)
    spikes = {name: rows.copy() for name, rows in a.spikes.items()}
    spikes["n2"][3, 4, 5] ^= 1
    b = replace(a, backend="lava", spikes=spikes)
    measured = measure_alone(compare_pair(a, b, ["n1", "n2", "n3"]), a, b, X, program, GRAPH, {})
    assert columns(measured) == ([0, 1, 0], [0, 1, None])


@pytest.mark.parametrize("backend", ["oracle", "engine"])
def test_integers_fed_with_the_floats_spikes(backend: str) -> None:
    """Against a sum by hand: n2's integers on the float n1 are those of a program that begins there."""
    way = {"weight_bits": 4, "scale": "max", "rounding": "nearest"}  # nothing that depends on what arrives
    program = lower(GRAPH, calibration=X, **way)
    a, b = run_graph(GRAPH, X), run(program, X, backend)
    measured = measure_alone(compare_pair(a, b, ["n1", "n2", "n3"]), a, b, X, program, GRAPH, {})
    rest = lower(chain(WEIGHTS[1:]), calibration=X[:, :, :8], **way)
    by_hand = run(rest, a.spikes["n1"]).spikes["n1"] != a.spikes["n2"]
    found = measured.agreements[1]
    assert 0 < found.alone == by_hand.sum() < found.mismatches
    assert found.alone_backend == backend


def test_readouts_are_compared_by_their_membranes() -> None:
    """The readout inherits wrong spikes, and fed with the right ones its membranes are right."""
    nodes = {**GRAPH.nodes, "n3": nir.LI(np.full(5, 3e-4), np.ones(5), np.zeros(5))}
    program = lower(nir.NIRGraph(nodes, GRAPH.edges), calibration=X)
    faulty = replace(
        program,
        populations=tuple(replace(p, vth=p.vth // 2) if p.name == "n2" else p for p in program.populations),
    )
    a, b = run(program, X), run(faulty, X)
    pair = compare_pair(a, b, ["n1", "n2", "n3"], {"n3": "output"})
    measured = measure_alone(pair, a, b, X, faulty, None, {"n3": "output"})
    assert measured.agreements[2].what == "membrane"
    assert measured.agreements[2].mismatches > 0 and measured.agreements[2].alone == 0
    worse = replace(faulty, projections=tuple(replace(p, weight_exp=0) for p in faulty.projections))
    c = run(worse, X)
    measured = measure_alone(compare_pair(a, c, ["n3"], {"n3": "output"}), a, c, X, worse, None, {"n3": "output"})
    assert measured.agreements[0].alone > 0


def test_equal_traces_need_no_run() -> None:
    program = a_program()
    a = run(program, np.ones((4, 2, 3)))
    b = replace(a, backend="lava")
    measured = measure_alone(compare_pair(a, b, ["a"]), a, b, None, None, None, {})
    assert [(f.alone, f.alone_backend) for f in measured.agreements] == [(0, "lava")]
