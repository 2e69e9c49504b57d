"""The first circuit on the host, the rest on the chip: row by row the whole graph."""

from __future__ import annotations

import nir
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from circuits import chained, circuit, events, leaky, random_graph
from spikewright.exporters.nir.divisors import static_graph
from spikewright.exporters.nir.execute import run_graph
from spikewright.exporters.nir.host import host_current, split_host
from spikewright.exporters.program.lower import lower
from spikewright.models.errors import InputError
from spikewright.simulators.run import simulate


@settings(max_examples=20)
@given(st.integers(0, 2**32 - 1), st.sampled_from([">", ">="]))
def test_host_and_chip_are_the_graph_row_by_row(seed: int, spike_op: str) -> None:
    rng = np.random.default_rng(seed)
    graph, x = random_graph(rng, spike_op=spike_op), events(rng, 6, 5, "grey")
    if "wait" in graph.nodes:
        with pytest.raises(InputError, match="ei1, ei2 have neurons or delays"):
            split_host(graph)
        return
    host, chip = split_host(graph)
    assert "ei1" in host.nodes and isinstance(chip.nodes["ei1"], nir.Input) and "input" not in chip.nodes
    whole, rest = run_graph(graph, x), run_graph(chip, host_current(host, x))
    for name, spikes in whole.spikes.items():
        np.testing.assert_array_equal(rest.spikes[name], spikes)
    np.testing.assert_allclose(rest.output["output"], whole.output["output"], rtol=1e-12, atol=1e-12)


def test_inputs_that_feed_more_than_the_circuit_stay_with_the_chip() -> None:
    rng = np.random.default_rng(0)
    nodes = {"input": nir.Input({"input": np.array([6])}), "ei": circuit(rng, 4, 6), "n": leaky(rng, 4)}
    nodes |= {"output": nir.Output({"output": np.array([4])})}
    graph = chained(nodes)
    graph = nir.NIRGraph(
        {**graph.nodes, "skip": nir.Linear(rng.normal(0, 1, (4, 6)))},
        [*graph.edges, ("input", "skip"), ("skip", "n")],
        type_check=False,
    )
    host, chip = split_host(graph)
    x = rng.random((5, 3, 6))
    rest = run_graph(chip, {"input": x, "ei": host_current(host, x)})
    np.testing.assert_array_equal(rest.spikes["n"], run_graph(graph, x).spikes["n"])


def test_the_chip_takes_the_current_as_a_graded_value_of_both_signs_and_chosen_width() -> None:
    graphs = (random_graph(np.random.default_rng(seed)) for seed in range(20))
    graph, x = next(g for g in graphs if "wait" not in g.nodes), events(np.random.default_rng(0), 6, 40, "grey")
    host, chip = split_host(graph)
    current, reference = host_current(host, x), run_graph(graph, x)
    assert (current < 0).any() and (current > 0).any()
    wrong = []
    for bits in (None, 2, 16):
        program = lower(chip, current, ei="auto", input_bits=bits)
        assert program.inputs[0].bits == (bits or 8) and program.inputs[0].kind == "graded"
        trace = simulate(program, current, backend="oracle", record=("spikes",))
        wrong.append((trace.spikes["n1"] != reference.spikes["n1"]).mean())
    assert max(wrong[0], wrong[2]) < 0.005 < wrong[1]


def test_a_graph_without_a_circuit_behind_its_input_is_refused() -> None:
    graph = static_graph(random_graph(np.random.default_rng(0)))
    with pytest.raises(InputError, match=r"it has none.*freeze_gain not called"):
        split_host(graph)
