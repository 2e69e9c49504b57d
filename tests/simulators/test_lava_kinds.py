"""Lava's fixed-point models against the oracle: u, v and events of random programs of all kinds, at every step.

Most of the time of a run on Lava is its start, so programs run side by side in one.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, given, settings

from kinds import ALL, STOCK, Case, Kinds, bundles_of, programs_of, side_by_side
from spikewright.exporters.lava.export import export_lava
from spikewright.exporters.program.inputs import encode_inputs
from spikewright.exporters.program.make import make_program
from spikewright.exporters.program.program import Input, Output, Population, Projection
from spikewright.exporters.program.synapses import out_shape
from spikewright.simulators.lava import run_lava
from spikewright.simulators.lava_environment import find_lava_python
from spikewright.simulators.lava_process import run_folder
from spikewright.simulators.oracle import run_rows
from spikewright.simulators.run import SAMPLES, simulate

BUNDLE = (STOCK, ALL) * 4
"""Programs that run together: half of them of models that stock lava-nc has, sample borders included."""
TERNARY = Kinds(populations=("ternary", "lif", "relay"), per_neuron=False)

STOCK_TERNARY = """

from lava.proc.lif.process import TernaryLIF

_ours = neurons


def neurons(population, steps):
    if population["kind"] != "ternary":
        return _ours(population, steps)
    registers = {name: population[name] for name in ("du", "dv", "bias_mant", "bias_exp")}
    shape = (int(np.prod(population["shape"])),)
    return TernaryLIF(shape=shape, vth_hi=population["vth"], vth_lo=population["vth_low"], **registers)
"""
"""For the exported neurons.py."""


def bundles(count: int) -> settings:
    """Settings for a test that starts Lava for each of `count` bundles."""
    return settings(
        max_examples=count,
        deadline=None,
        # A failing example is reported as it was found: shrinking it would start Lava hundreds of times.
        phases=[Phase.explicit, Phase.reuse, Phase.generate],
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example],
    )


def assert_same_bits(case: Case, samples: str) -> None:
    program, x = case
    expected = run_rows(program, encode_inputs(program, x), samples)
    trace = run_lava(program, x, record=("spikes", "state"), samples=samples)
    for p in program.populations:
        found = {**trace.state[p.name], "spikes": trace.spikes[p.name]}
        for kind, rows in found.items():
            wanted = expected[kind][p.name]
            assert np.array_equal(rows.reshape(wanted.shape), wanted), f"{kind} of {p.name}, {samples}"


@pytest.mark.lava
@pytest.mark.timeout(900)
@bundles(3)
@given(case=bundles_of(BUNDLE))
def test_independent_samples_agree_in_every_bit(case: Case) -> None:
    assert_same_bits(case, "independent")


@pytest.mark.lava
@pytest.mark.timeout(900)
@bundles(3)
@given(case=bundles_of(BUNDLE))
def test_streamed_samples_agree_in_every_bit(case: Case) -> None:
    assert_same_bits(case, "stream")


@pytest.mark.lava
@pytest.mark.parametrize("samples", SAMPLES)
@bundles(1)
@given(case=bundles_of((ALL,) * 4))
def test_outputs_agree_where_nothing_is_recorded(case: Case, samples: str) -> None:
    program, x = case
    expected = simulate(program, x, backend="oracle", samples=samples)
    trace = simulate(program, x, backend="lava", samples=samples)
    assert trace.spikes == trace.state == {}
    for found, wanted in ((trace.output, expected.output), (trace.counts, expected.counts)):
        assert found.keys() == wanted.keys()
        assert all(np.array_equal(found[name], rows) for name, rows in wanted.items())


@pytest.mark.slow
@pytest.mark.lava
@pytest.mark.timeout(3600)
@bundles(32)
@given(case=bundles_of(BUNDLE))
def test_many_independent_samples_agree_in_every_bit(case: Case) -> None:
    assert_same_bits(case, "independent")


@pytest.mark.slow
@pytest.mark.lava
@pytest.mark.timeout(3600)
@bundles(32)
@given(case=bundles_of(BUNDLE))
def test_many_streamed_samples_agree_in_every_bit(case: Case) -> None:
    assert_same_bits(case, "stream")


@pytest.mark.lava
@pytest.mark.timeout(900)
@bundles(1)
@given(case=bundles_of((TERNARY,) * 8))
def test_ternary_neurons_agree_with_the_stock_ones_in_one_sample(case: Case, tmp_path_factory) -> None:
    # Stock ternary neurons know no samples: they must not start before row 0, which a bias would make them.
    program, x = case
    quiet = tuple(replace(p, bias_mant=np.zeros_like(p.bias_mant)) for p in program.populations)
    program = make_program(program.inputs, quiet, program.projections, program.outputs)
    x = {name: rows[:, :1] for name, rows in x.items()}
    folder = export_lava(program, tmp_path_factory.mktemp("lava") / "network")
    neurons = folder / "spikewright_lava" / "neurons.py"
    neurons.write_text(neurons.read_text() + STOCK_TERNARY)
    np.savez(folder / "x.npz", **{f"input/{name}": rows for name, rows in x.items()})
    arguments = ("--input", folder / "x.npz", "--output", folder / "results.npz", "--record", "state")
    run_folder(find_lava_python(), folder, arguments, limit_s=600)
    found, expected = np.load(folder / "results.npz"), run_rows(program, encode_inputs(program, x))
    assert any(p.kind == "ternary" for p in program.populations)
    for kind, populations in expected.items():
        for name, rows in populations.items():
            assert np.array_equal(found[f"{kind}/{name}"], rows), f"{kind} of {name}"


@pytest.mark.lava
def test_wide_windows_and_sums_that_wrap_agree() -> None:
    rng = np.random.default_rng(4)
    even = 2 * rng.integers(-127, 128, (12, 9, 2, 2))
    cases = [
        windowed(even, (9, 3, 3), 1, kind="convolution"),  # a matrix on Lava: a Conv would take 108 steps
        windowed(np.array([64]), (130, 2, 2), 1, kind="pooling", kernel=(2, 2)),  # a matrix: too many groups
        windowed(np.abs(even[:2, :2]), (2, 3, 3), 18, kind="convolution", weight_exp=2),  # wraps at 24 bits
        windowed(np.array([254]), (2, 4, 4), 20, kind="pooling", kernel=(2, 2)),  # wraps as well
        windowed(np.full((3, 8), 254), (8,), 23, weight_exp=7),  # passes 32 bits
    ]
    assert_same_bits(side_by_side(cases), "independent")


def windowed(weights: np.ndarray, source: tuple[int, ...], bits: int, **rest: Any) -> Case:
    """Return a program of one projection of events of `bits` bits, with large ones."""
    port = Input("in", source, "graded" if bits > 1 else "spikes", bits=bits)
    q = Projection("up", "in", "a", weights.astype(np.int16), **rest)
    size = int(np.prod(out_shape(q, source))) if len(source) > 1 else len(weights)
    a = Population("a", (size,), 4000, 100, 2000, np.zeros(size, np.int32), 1)
    program = make_program((port,), (a,), (q,), (Output("out", "a", "spike_count"),))
    limit = 2**bits - 1
    return program, {"in": np.random.default_rng(5).integers(limit // 2, limit + 1, (3, 2, *source)).astype(np.int32)}


def test_the_programs_drawn_hold_every_kind_and_most_of_them_spike() -> None:
    held, spiking = Counter(), Counter()

    @settings(max_examples=150, deadline=None, derandomize=True, database=None, phases=[Phase.generate])
    @given(programs_of())
    def draw(case: Case) -> None:
        program, x = case
        spikes = run_rows(program, encode_inputs(program, x))["spikes"]
        for p in program.populations:
            held[p.kind] += 1
            spiking[p.kind] += bool(spikes[p.name].any())
        held.update(q.kind for q in program.projections)
        held.update(i.kind for i in program.inputs)
        held["below the depth"] += len(next(iter(x.values()))) < program.depth
        held["by synapse"] += any(isinstance(q.delay, np.ndarray) for q in program.projections)
        held["back"] += any(program.level(q.source) > program.level(q.target) for q in program.projections)

    draw()
    assert min(held[name] for name in (*ALL.projections, *ALL.inputs, "below the depth", "by synapse", "back")) >= 5
    for kind in ("lif", "ternary", "threshold", "relay", "ei_gain"):
        assert spiking[kind] > held[kind] / 3, kind
