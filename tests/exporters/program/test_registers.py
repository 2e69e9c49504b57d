"""rows="registers": every neuron, or channel of a window, has its own scale, which its threshold takes up."""

import nir
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ways import WAYS

from graphs import chain, replaced
from spatial import affine, conv, events, flat, net, pool, spiking
from spikewright.exporters.nir.execute import run_graph
from spikewright.exporters.program.limits import ChipLimits
from spikewright.exporters.program.lower import lower
from spikewright.models.errors import CapacityError
from spikewright.simulators.run import simulate


def uneven(rng: np.random.Generator, reset: str = "zero") -> nir.NIRGraph:
    """Neurons whose weights and thresholds differ by orders of magnitude, behind which the next layer still acts."""
    sizes = 10.0 ** rng.uniform(-1.5, 0.5, (8, 1))
    graph = chain([rng.normal(0, 0.6, (8, 6)) * sizes, rng.normal(0, 0.6, (5, 8))], reset=reset)
    n = graph.nodes["n1"]
    theta = sizes[:, 0] * rng.uniform(0.3, 0.9, 8)
    return replaced(graph, n1=nir.LIF(n.tau, n.r, n.v_leak, theta, v_reset=n.v_reset))


def spikes(rng: np.random.Generator, *shape: int) -> np.ndarray:
    return (rng.random(shape) < 0.4).astype(float)


@settings(max_examples=12, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(2, 8), WAYS)
def test_a_neuron_that_is_scaled_as_a_whole_is_lowered_alike(seed: int, bits: int, way: dict) -> None:
    """Its row and threshold times a power of two, which no float rounds: weights and registers stay the same."""
    rng = np.random.default_rng(seed)
    graph, x = uneven(rng), spikes(rng, 6, 10, 6)
    n, factor = graph.nodes["n1"], 2.0 ** rng.integers(-9, 9, 8)
    other = replaced(
        graph,
        fc1=nir.Linear(graph.nodes["fc1"].weight * factor[:, None]),
        n1=nir.LIF(n.tau, n.r, n.v_leak, n.v_threshold * factor, v_reset=n.v_reset),
    )
    a, b = (lower(g, calibration=x, weight_bits=bits, **way) for g in (graph, other))
    assert a.content_hash == b.content_hash


def test_every_row_uses_the_grid_that_one_scale_gives_to_the_largest_alone() -> None:
    rng = np.random.default_rng(0)
    weight = rng.normal(0, 0.5, (8, 6)) * np.array([1, 30, 1, 1, 1, 1, 1, 1])[:, None]
    fold, registers = (lower(chain([weight]), scale="max", rows=rows).projections[0] for rows in ("fold", "registers"))
    assert np.abs(fold.weights).max(1)[0] < 20
    assert (np.abs(registers.weights).max(1) >= 252).all()
    np.testing.assert_allclose(registers.weights * np.reshape(registers.unit, (-1, 1)), weight, rtol=0, atol=0.3)
    (population,) = lower(chain([weight]), scale="max", rows="registers").populations
    thresholds = 64 * population.vth * population.membrane_unit  # float thresholds, all 1
    np.testing.assert_allclose(thresholds, 1.0, rtol=2e-3)


@pytest.mark.parametrize(
    ("backend", "reset"),
    [("oracle", "zero"), ("oracle", "subtract"), pytest.param("lava", "subtract", marks=pytest.mark.lava)],
)
def test_spikes_are_those_of_the_graph(backend: str, reset: str) -> None:
    """8 bits a neuron follow the float network closely, and where both backends run it they agree in every spike."""
    rng = np.random.default_rng(1)
    graph, x = uneven(rng, reset), spikes(rng, 8, 40, 6)
    program = lower(graph, calibration=x, rows="registers")
    assert all(p.per_neuron == ("vth",) for p in program.populations)
    trace = simulate(program, x, backend=backend, record=("spikes",))
    oracle = simulate(program, x, backend="oracle", record=("spikes",))
    reference = run_graph(graph, x)
    for name, rows in reference.spikes.items():
        np.testing.assert_array_equal(trace.spikes[name], oracle.spikes[name], err_msg=name)
        assert rows.any() and (trace.spikes[name] == rows).mean() > 0.99


def test_channels_of_a_convolution_and_a_readout() -> None:
    rng = np.random.default_rng(2)
    layer = conv(rng, 3, 2, 3, 3, step=0.01, padding=1)
    layer.weight *= np.array([1.0, 8.0, 0.2]).reshape(-1, 1, 1, 1)
    nodes = {"c": layer, "n": spiking(np.repeat([0.6, 5.0, 0.1], 36).reshape(3, 6, 6)), "f": flat()}
    nodes["head"] = affine(rng, 4, 108)
    graph = net("x c n f head out", inputs={"x": (2, 6, 6)}, nodes=nodes)
    x = events(graph, rng, steps=5, samples=12)
    program = lower(graph, calibration=x, rows="registers")
    by_name, (n, readout) = {p.name: p for p in program.projections}, program.populations
    assert np.shape(by_name["c"].unit) == (3,) and len(np.unique(n.vth)) == 3
    assert np.ndim(readout.membrane_unit) == 0 and np.ndim(by_name["head"].unit) == 0
    trace = simulate(program, x, backend="oracle", record=("spikes",))
    reference = run_graph(graph, x).spikes["n"]
    assert 0.05 < reference.mean() < 0.95 and (trace.spikes["n"] == reference).mean() > 0.98


def test_a_pooling_shares_its_one_weight_among_all_channels() -> None:
    graph = net(
        "x p n out", inputs={"x": (2, 4, 4)}, nodes={"p": pool(nir.SumPool2d, 2), "n": spiking(np.ones((2, 2, 2)))}
    )
    (population,) = lower(graph, rows="registers").populations
    assert population.per_neuron == ()


def test_several_projections_share_the_scale_of_a_row() -> None:
    """The small recurrence takes a finer grid, and both add up to the graph's spikes."""
    rng = np.random.default_rng(3)
    graph = uneven(rng)
    rows = graph.nodes["n1"].v_threshold[:, None]
    nodes = {**graph.nodes, "rec": nir.Linear(rng.normal(0, 0.05, (8, 8)) * rows)}
    graph = nir.NIRGraph(nodes, [*graph.edges, ("n1", "rec"), ("rec", "n1")], metadata=graph.metadata)
    x = spikes(rng, 8, 40, 6)
    program = lower(graph, calibration=x, rows="registers")
    by_name = {p.name: p for p in program.projections}
    finer = by_name["fc1"].weight_exp - by_name["rec"].weight_exp
    assert finer > 0
    np.testing.assert_allclose(by_name["fc1"].unit / by_name["rec"].unit, 2.0**finer)
    trace, reference = simulate(program, x, backend="oracle", record=("spikes",)), run_graph(graph, x)
    assert (trace.spikes["n1"] == reference.spikes["n1"]).mean() > 0.98


def test_a_neuron_that_never_spikes_does_not_cost_the_others_their_grid() -> None:
    rng = np.random.default_rng(4)
    weight = rng.normal(0, 0.5, (6, 5))
    weight[3] *= 1e-6
    x = spikes(rng, 6, 10, 5)
    program = lower(chain([weight]), calibration=x, rows="registers")
    (p,) = program.projections
    assert not p.weights[3].any() and (np.abs(np.delete(p.weights, 3, 0)).max(1) > 200).all()
    told = [loss.what for loss in program.losses if loss.kind == "rows"]
    assert len(told) == 1 and "1 of 6 rows round to zero (3)" in told[0] and "hardly ever spike" in told[0]


def test_who_decides_where_thresholds_go() -> None:
    graph = chain([np.random.default_rng(5).normal(0, 0.5, (4, 3))])
    with_registers = ChipLimits("many", graded_spikes=True)
    without = ChipLimits("few", graded_spikes=True, registers_per_neuron=False)
    assert lower(graph).settings["rows"] == ("fold", "default; no chip is named")
    assert lower(graph, rows="registers").settings["rows"] == ("registers", "argument")
    assert lower(graph, chip=with_registers).settings["rows"][0] == "registers"
    assert "many has a threshold register for each neuron" in lower(graph, chip=with_registers).settings["rows"][1]
    assert lower(graph, chip=without).settings["rows"][0] == "fold"
    with pytest.raises(CapacityError, match=r"'n1' has one vth for each neuron.*; take rows=\"fold\""):
        lower(graph, chip=without, rows="registers")
