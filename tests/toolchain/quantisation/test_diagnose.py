"""Every figure of the per-layer report against the same figure counted by hand."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch

from spikewright.exporters.nir.execute import run_graph
from spikewright.models.errors import InputError
from spikewright.simulators.run import simulate
from spikewright.toolchain.comparison import compare
from spikewright.toolchain.exporting import to_json
from spikewright.toolchain.quantisation import diagnose

FIVE = {"weight_bits": 5, "rounding": "nearest"}


@pytest.fixture(scope="module")
def found(trained):
    return diagnose(trained.source(), trained.x, trained.y, trained.x_train, FIVE, detail=100)


def layer(found, name):
    return next(row for row in found.layers if row.name == name)


def test_rates_dead_and_always_on_neurons_are_those_of_the_runs(trained, found) -> None:
    exact, held = run_graph(trained.source().graph, trained.x), simulate(found.program, trained.x)
    for name in ("lif1", "lif2", "lif3"):
        for activity, trace in ((layer(found, name).floats, exact), (layer(found, name).integers, held)):
            counts = trace.counts[name]
            assert activity.backend == trace.backend
            assert activity.rate == pytest.approx(trace.rate(name))
            assert activity.dead == (counts.sum(0) == 0).sum()
            assert activity.always_on == (counts == trace.steps).all(0).sum()
            assert activity.full == pytest.approx((counts == trace.steps).mean())
    assert found.accuracy == {
        "run_graph": (exact.predict() == trained.y).mean(),
        "engine": (held.predict() == trained.y).mean(),
    }
    unit = layer(found, "readout").membrane_unit[0]
    a, b = exact.output["output"], held.output["output"] * unit
    assert found.readouts[0].error == pytest.approx(np.sqrt(((a - b) ** 2).mean() / (a**2).mean()))


def test_states_are_measured_before_the_reset(trained, found) -> None:
    x = trained.x[:, :100]
    exact = run_graph(trained.source().graph, x)
    held = simulate(found.program, x, backend="oracle", record=("spikes", "state"))
    for name in ("lif1", "lif2", "lif3"):
        theta = next(p.vth for p in found.program.populations if p.name == name) << 6
        threshold = trained.source().graph.nodes[name].v_threshold
        row = layer(found, name)
        assert row.floats.reach == pytest.approx((exact.state[name]["v"] / threshold).max())
        spikes = held.spikes[name] != 0
        assert (held.state[name]["v"][spikes] == 0).all()  # which is why the report has to undo the reset
        assert row.integers.overshoot * theta > theta
        assert row.integers.reach == pytest.approx(row.floats.reach, rel=0.2)
        assert row.integers.current_peak == np.abs(held.state[name]["u"]).max() / 2**23
        assert row.integers.at_limit == 0


def test_both_error_columns_are_those_of_compare(trained, found) -> None:
    x = trained.x[:, :100]
    result = compare(trained.source(), x, ("run_graph", "engine"), trained.x_train, lowering=FIVE, effects=False)
    expected = {a.population: (a.mismatches, a.alone, a.slots) for a in result.pairs[0].agreements}
    rows = {row.name: row.errors for row in found.layers if row.errors is not None}
    assert {name: (e.accumulated, e.alone, e.compared) for name, e in rows.items()} == expected
    assert any(e.accumulated > e.alone for e in rows.values())


def test_grid_figures_are_those_of_the_weights(trained, found) -> None:
    with torch.no_grad():
        exact = (trained.model.fc2.weight / trained.model.lif2.threshold[:, None]).double().numpy()
    projection = next(q for q in found.program.projections if q.target == "lif2")
    (grid,) = layer(found, "lif2").grids
    back = projection.weights * projection.unit
    assert grid.error == pytest.approx(np.sqrt(((back - exact) ** 2).mean() / (exact**2).mean()), rel=1e-6)
    assert (grid.bits, grid.values_available, grid.weights) == (5, 31, exact.size)
    assert grid.values_used == len(np.unique(projection.weights))
    assert grid.zeros == (projection.weights == 0).mean()
    assert grid.outlier == pytest.approx(np.abs(exact).max() / np.sqrt((exact**2).mean()), rel=1e-6)
    held = layer(found, "lif2").rounding
    assert 0 <= held.threshold < 1e-2
    assert 0 < held.bias < 1e-3


def test_a_program_by_itself_has_only_its_integer_side(trained, found) -> None:
    alone = diagnose(found.program, trained.x, trained.y)
    assert list(alone.backends) == ["integer"]
    assert alone.accuracy == {"engine": found.accuracy["engine"]}
    assert [row.floats for row in alone.layers] == [None] * 4
    assert alone.layers[0].integers.rate == layer(found, "lif1").integers.rate
    assert alone.findings == ()


def test_registers_for_each_neuron(trained) -> None:
    options = {"weight_bits": 4, "rows": "registers", "scale": "max", "rounding": "nearest"}
    found = diagnose(trained.source(), trained.x[:, :40], trained.y[:40], trained.x_train, options)
    oracle = simulate(found.program, trained.x[:, :40], backend="oracle")
    assert layer(found, "lif2").integers.rate == pytest.approx(oracle.rate("lif2"))
    low, high = layer(found, "lif2").grids[0].unit
    assert low < high
    assert layer(found, "lif2").errors.alone is not None


def test_it_is_strict_json_and_says_who_ran_what(found) -> None:
    content = json.loads(to_json(found.to_dict()))
    assert content["schema_version"] == 1
    assert content["backends"] == {"float": "run_graph", "integer": "engine"}
    assert [row["name"] for row in content["layers"]] == ["lif1", "lif2", "lif3", "readout"]
    assert content["program_hash"] == found.program.content_hash


def test_classes_have_to_belong_to_the_samples(trained) -> None:
    with pytest.raises(InputError, match="one class per sample"):
        diagnose(trained.source(), trained.x, trained.y[:5])
