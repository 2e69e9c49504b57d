"""Delay nodes become delays of the synapses around them, or are refused."""

from __future__ import annotations

import nir
import numpy as np
import pytest

import dyadic
from spikewright.exporters.nir.execute import run_graph
from spikewright.exporters.nir.semantics import choose
from spikewright.exporters.program.lower import lower
from spikewright.exporters.program.passes.connect import connect
from spikewright.exporters.program.passes.delays import delays
from spikewright.exporters.program.passes.network import Network
from spikewright.models.errors import UnsupportedOp
from spikewright.simulators.run import simulate

ROWS = np.array([0, 2, 1])
SCALE = nir.Scale(np.array([127, 64, -127]) * dyadic.UNIT)


def nodes(**more: nir.NIRNode) -> dict[str, nir.NIRNode]:
    """Three channels: a linear node `fc`, another `gc`, populations `m` and `n`, a Delay `d`."""
    rng = np.random.default_rng(0)
    found = dyadic.ports(3, 3) | {"m": dyadic.neurons("IF", 3), "n": dyadic.neurons("LIF", 3)}
    found |= {name: nir.Affine(dyadic.weights(rng, 3, 3), dyadic.units(rng, 30, 3)) for name in ("fc", "gc")}
    return found | {"d": dyadic.delay(ROWS)} | more


def lowered(graph: nir.NIRGraph) -> Network:
    """Network without Delays; the program of the graph is its equal, row by row."""
    x = (np.random.default_rng(1).random((8, 6, 3)) < 0.6).astype(float)
    reference = run_graph(graph, x)
    trace = simulate(lower(graph, calibration=x), x, backend="oracle", record=("spikes",))
    assert reference.spikes["n"].any()
    for name, rows in reference.spikes.items():
        np.testing.assert_array_equal(trace.spikes[name], rows, err_msg=name)
    return delays(connect(graph, choose(graph)))


def delay_of(network: Network, name: str) -> list:
    return np.asarray(next(s.delay for s in network.synapses if s.name == name)).tolist()


def test_behind_a_source_columns_wait_and_in_front_of_a_target_rows() -> None:
    assert delay_of(lowered(dyadic.graph(nodes(), "input d fc n output")), "fc") == [[0, 2, 1]] * 3
    late = lowered(dyadic.graph(nodes(), "input fc d n output"))
    assert delay_of(late, "fc") == [[0] * 3, [2] * 3, [1] * 3]
    assert delay_of(late, "d->n (bias)") == [[0], [2], [1]]


@pytest.mark.parametrize(
    ("more", "path", "name", "expected"),
    [
        ({}, "input d n output", "input->n", [0, 2, 1]),
        ({"s": SCALE}, "input s d n output", "s", [0, 2, 1]),
        ({"s": SCALE}, "input d s n output", "s", [0, 2, 1]),
        ({"d": dyadic.delay([3, 3, 3])}, "input d fc n output", "fc", 3),
        ({"d": dyadic.delay([3, 3, 3])}, "input fc d n output", "fc", 3),
        ({"e": dyadic.delay([1, 0, 4])}, "input d e fc n output", "fc", [[1, 2, 5]] * 3),
        ({"e": dyadic.delay([1, 0, 1])}, "input d fc e n output", "fc", [[1, 3, 2], [0, 2, 1], [1, 3, 2]]),
    ],
)
def test_forms_that_hold_a_delay_for_every_synapse(more: dict, path: str, name: str, expected: list) -> None:
    assert delay_of(lowered(dyadic.graph(nodes(**more), path)), name) == expected


def test_every_source_of_a_delay_goes_to_every_target() -> None:
    network = lowered(dyadic.graph(nodes(), "input fc m d n output", "input d gc m", "d n"))
    found = {(s.source, s.target) for s in network.synapses if np.any(s.delay)}
    assert found == {("input", "n"), ("input", "m"), ("m", "n"), ("m", "m")}


def test_between_two_linear_nodes_all_elements_wait_alike() -> None:
    uniform = nodes(gc=nir.Linear(np.diag([1.0, 1.0, -1.0])), d=dyadic.delay([2, 2, 2]))
    network = lowered(dyadic.graph(uniform, "input fc d gc n output"))
    assert delay_of(network, "fc->gc") == 2
    assert delay_of(network, "d->n (bias)") == 2
    with pytest.raises(UnsupportedOp, match="node 'd' delays what no synapse can; put it directly behind"):
        lower(dyadic.graph(nodes(), "input fc d gc n output"))


def test_a_population_of_delays_needs_spikes() -> None:
    """Grey values would not pass a threshold; the same Delay behind a population becomes one."""
    graph = dyadic.graph(nodes(), "input fc n d output")
    assert [p.kind for p in lower(graph).populations] == ["lif", "threshold"]
    with pytest.raises(UnsupportedOp, match="'d' delays what no synapse can"):
        lower(dyadic.graph(nodes(), "input fc n", "input d output"))
    with pytest.raises(UnsupportedOp, match="'a' delays what no synapse can"):  # whose source is the input in the end
        lower(dyadic.graph(nodes(a=dyadic.delay(ROWS)), "input fc n", "input d a output"))


def test_a_cycle_of_linear_nodes_is_refused() -> None:
    with pytest.raises(UnsupportedOp, match="linear nodes alone"):
        lower(dyadic.graph(nodes(d=dyadic.delay([1, 1, 1])), "input fc n output", "n d gc d gc n"))


def test_a_delay_beyond_every_sample_is_refused() -> None:
    """A wrong time step makes milliseconds millions of rows, and each 64 of them another relay."""
    graph = dyadic.graph(nodes(d=dyadic.delay([0, 10, 20])), "input d fc n output")
    with pytest.raises(UnsupportedOp, match=r"'d' delays 20000 rows, limit 4096; is dt_s right\?"):
        lower(graph, dt_s=dyadic.DT_S / 1000, integration="exponential")
