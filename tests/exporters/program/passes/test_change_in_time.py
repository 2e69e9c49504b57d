"""All listed losses together make the program, also for currents, soft resets, delays, cycles and shifted resets."""

from __future__ import annotations

import gzip
from functools import reduce
from pathlib import Path
from typing import Any

import nir
import numpy as np
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from ways import WAYS

import dyadic
from spikewright.exporters.nir.execute import run_graph
from spikewright.exporters.nir.files import read_nir
from spikewright.exporters.nir.semantics import choose
from spikewright.exporters.program.lower import float_network, lower
from spikewright.exporters.program.passes.change import applicable, apply_loss
from spikewright.exporters.program.passes.execute import Arithmetic, run_network
from spikewright.exporters.program.program import Program
from spikewright.exporters.program.trace import Trace
from spikewright.models.errors import UnsupportedOp
from spikewright.simulators.run import simulate

FIXTURES = Path(__file__).parents[3] / "fixtures" / "nir"
UNMEASURED = ("structure", "cycle", "reset")


def rough(rng: np.random.Generator, graph: nir.NIRGraph, reset: str) -> nir.NIRGraph:
    """The same network with weights, time constants, leaks and resets that no register holds exactly."""
    for node in graph.nodes.values():
        for field in ("weight", "bias", "v_leak"):
            if hasattr(node, field):
                value = getattr(node, field)
                setattr(node, field, value * rng.uniform(0.5, 1.0, value.shape))
        for field in ("tau", "tau_syn", "tau_mem"):
            if hasattr(node, field):
                setattr(node, field, getattr(node, field) * rng.uniform(0.6, 3.0))
        if hasattr(node, "v_reset") and reset == "zero":
            node.v_reset = -rng.uniform(0.0, 0.5, node.v_reset.shape)
    return graph


def all_losses(graph: nir.NIRGraph, program: Program, x: Any, arithmetic: Arithmetic) -> Trace:
    losses = [loss for loss in program.losses if loss.kind not in UNMEASURED]
    assert all(applicable(loss) for loss in losses)
    start = (float_network(graph, choose(graph)), arithmetic)
    network, rounded = reduce(lambda done, loss: apply_loss(*done, program, loss), losses, start)
    return run_network(network, x, rounded)


@settings(max_examples=60)
@given(st.integers(0, 2**32 - 1), st.sampled_from(["zero", "subtract"]), st.sampled_from([">", ">="]), WAYS)
def test_every_rounding_of_a_random_graph_is_listed(seed: int, reset: str, spike_op: str, way: dict) -> None:
    rng = np.random.default_rng(seed)
    graph = rough(rng, dyadic.random_graph(rng, reset=reset, spike_op=spike_op), reset)
    x = (rng.random((9, 4, 3)) < 0.6).astype(float)
    try:
        run_graph(graph, x)
        program = lower(graph, calibration=x, **way)
    except UnsupportedOp:  # cycles without rows, which test_alignment looks at
        assume(False)
        return
    trace = simulate(program, x, backend="oracle", record=("spikes", "state"))
    everyone = frozenset(p.name for p in program.populations)
    exact = Arithmetic(reset=reset, inclusive=everyone if spike_op == ">=" else frozenset())
    applied = all_losses(graph, program, x, exact)
    for p in program.populations:  # a tie in integers is one that float64 decides either way
        v = trace.state[p.name]["v"].astype(np.int64)
        theta = np.asarray(p.vth, np.int64) << 6
        assume(not (v == theta).any())
        np.testing.assert_array_equal(applied.spikes[p.name], trace.spikes[p.name], err_msg=p.name)


@settings(max_examples=15)
@given(st.integers(0, 2**32 - 1), st.sampled_from(["CubaLIF", "LIF", "IF"]), WAYS)
def test_samples_longer_than_the_calibration_lose_only_what_is_listed(seed: int, kind: str, way: dict) -> None:
    """60 rows of the worst signs and 60 of the others: no current wraps, and a membrane that stops is listed."""
    rng = np.random.default_rng(seed)
    nodes = dyadic.ports(20, 5) | {"fc": nir.Affine(dyadic.weights(rng, 5, 20), dyadic.units(rng, 30, 5))}
    graph = rough(rng, dyadic.graph(nodes | {"n": dyadic.neurons(kind, 5)}, "input fc n output"), "zero")
    signs = np.sign(graph.nodes["fc"].weight)
    program = lower(graph, calibration=np.ones((2, 1, 20)), **way)
    rows = np.stack([np.concatenate([signs, -signs]), np.concatenate([-signs, signs])]) > 0
    x = np.repeat(rows, 60, axis=0).astype(float)
    trace = simulate(program, x, backend="oracle", record=("spikes", "state"))
    (population,) = program.populations
    assume(not (trace.state["n"]["v"] == np.asarray(population.vth) << 6).any())
    np.testing.assert_array_equal(all_losses(graph, program, x, Arithmetic()).spikes["n"], trace.spikes["n"])


@settings(max_examples=30)
@given(st.integers(0, 2**32 - 1))
def test_the_membrane_of_a_readout_with_a_current_to_the_last_digit(seed: int) -> None:
    """Finer than spikes: each rounding of a decay by itself would show here."""
    rng = np.random.default_rng(seed)
    nodes = dyadic.ports(3, 4) | {"n": dyadic.neurons("CubaLIF", 5), "read": read_of(rng, 4)}
    nodes |= {"fc": nir.Affine(dyadic.weights(rng, 5, 3), dyadic.units(rng, 30, 5))}
    nodes |= {"head": nir.Affine(dyadic.weights(rng, 4, 5), dyadic.units(rng, 30, 4))}
    graph = rough(rng, dyadic.graph(nodes, "input fc n head read output"), "zero")
    x = (rng.random((9, 4, 3)) < 0.6).astype(float)
    program = lower(graph, calibration=x)
    trace = simulate(program, x, backend="oracle", record=("spikes", "state"))
    applied = all_losses(graph, program, x, Arithmetic())
    assume(np.array_equal(applied.spikes["n"], trace.spikes["n"]))  # a tie
    unit = next(p.membrane_unit for p in program.populations if p.kind == "readout")
    np.testing.assert_allclose(applied.output["output"], trace.output["output"] * unit, rtol=1e-9, atol=1e-9)


def read_of(rng: np.random.Generator, n: int) -> nir.CubaLI:
    full = np.ones(n)
    taus = 2 * dyadic.DT_S * full
    return nir.CubaLI(taus, taus, 2 * full, dyadic.units(rng, 8, n), w_in=2 * full)


def test_the_recurrent_braille_reader_with_all_its_roundings(tmp_path: Path) -> None:
    """CubaLIF 12-38-7 of the NIR paper on 8 bits: what differs from float64 is the listed roundings and nothing else.

    Its recurrent weights reach 13 thresholds, so that single roundings move later spikes: measured on these random
    events, 99.7 % of the first layer's spike slots agree and 74 % of the second's.
    """
    path = tmp_path / "braille.nir"
    path.write_bytes(gzip.decompress((FIXTURES / "braille_noDelay_bias_zero.nir.gz").read_bytes()))
    graph = read_nir(path)
    x = (np.random.default_rng(0).random((60, 20, 12)) < 0.2).astype(float)
    reference, program = run_graph(graph, x), lower(graph, calibration=x)
    trace = simulate(program, x, backend="oracle", record=("spikes",))
    applied = all_losses(graph, program, x, Arithmetic())
    agreement = {name: float((trace.spikes[name] == s).mean()) for name, s in reference.spikes.items()}
    assert agreement["lif1.lif"] > 0.99 and agreement["lif2"] > 0.7
    for name, rows in trace.spikes.items():
        np.testing.assert_array_equal(applied.spikes[name], rows, err_msg=name)
