"""The first divergence is found where it was planted, and a chain reports every pair."""

import json
from dataclasses import replace
from functools import cache
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graphs import chain
from samples import a_program
from spikewright.exporters.program.lower import lower
from spikewright.exporters.program.program import Output
from spikewright.exporters.program.trace import Trace
from spikewright.models.errors import BackendUnavailable, ConfigError, InputError
from spikewright.simulators.run import simulate
from spikewright.toolchain.comparison import compare, compare_pair
from spikewright.toolchain.describe import describe_comparison
from spikewright.toolchain.exporting import to_json

X = (np.random.default_rng(0).random((6, 4, 10)) < 0.5).astype(float)
GRAPH = chain([np.random.default_rng(1).normal(0, 0.6, (8, 10)), np.random.default_rng(2).normal(0, 0.8, (5, 8))])


@cache
def trace() -> Trace:
    return simulate(lower(GRAPH, calibration=X), X, record=("spikes",))


@settings(deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(0, 5), st.integers(0, 1), st.integers(0, 3), st.integers(0, 4)), min_size=1, unique=True
    )
)
def test_planted_differences_are_counted_and_the_first_is_named(places: list) -> None:
    sound = trace()
    spikes = {name: rows.copy() for name, rows in sound.spikes.items()}
    for step, rank, sample, neuron in places:
        spikes[("n1", "n2")[rank]][step, sample, neuron] ^= 1
    pair = compare_pair(sound, replace(sound, backend="other", spikes=spikes), ["n1", "n2"])
    step, rank, sample, neuron = min(places)
    found = pair.first_divergence
    assert (found.step, found.population, found.sample, found.neuron) == (step, ("n1", "n2")[rank], sample, neuron)
    assert found.values == (
        sound.spikes[found.population][step, sample, neuron],
        spikes[found.population][step, sample, neuron],
    )
    assert pair.mismatches == len(places)
    assert pair.spike_agreement == pytest.approx(1 - len(places) / (6 * 4 * 13))


def test_equal_traces_have_no_divergence() -> None:
    pair = compare_pair(trace(), trace(), ["n1", "n2"])
    assert (pair.first_divergence, pair.mismatches, pair.spike_agreement, pair.same_prediction) == (None, 0, 1.0, 1.0)


def test_a_sample_keeps_its_class_only_if_it_does_at_every_output() -> None:
    one, two = np.eye(4), np.eye(4)
    one[2] = [9, 0, 0, 0]
    a = replace(trace(), output={"one": np.eye(4), "two": np.eye(4)})
    assert compare_pair(a, replace(a, output={"one": one, "two": two}), ["n1", "n2"]).same_prediction == 0.75
    two[3] = [9, 0, 0, 0]
    assert compare_pair(a, replace(a, output={"two": two, "one": one}), ["n1", "n2"]).same_prediction == 0.5


def test_a_spiking_population_is_compared_by_its_spikes_even_if_its_membrane_is_read() -> None:
    sound = lower(GRAPH, calibration=X)
    read = replace(sound, outputs=(*sound.outputs, Output("level", "n2", "membrane")))
    result = compare(read, X, targets=("oracle", "engine"))
    assert [(a.population, a.what) for a in result.pairs[0].agreements] == [("n1", "spike"), ("n2", "spike")]


def test_traces_that_cannot_be_compared() -> None:
    short = simulate(lower(GRAPH), X[:3], record=("spikes",))
    with pytest.raises(InputError, match="cannot be compared"):
        compare_pair(trace(), short, ["n1", "n2"])


def test_readout_membranes_count_between_integer_backends() -> None:
    a = replace(trace(), output={"out": np.array([[1, 2], [3, 4], [5, 6], [7, 8]])})
    b = replace(a, output={"out": np.array([[1, 2], [3, 4], [5, 0], [7, 8]])})
    pair = compare_pair(a, b, ["n1", "n2", "read"], membranes={"read": "out"})
    assert (pair.first_divergence.population, pair.first_divergence.what) == ("read", "membrane")
    assert (pair.first_divergence.step, pair.first_divergence.sample, pair.first_divergence.values) == (5, 2, (6, 0))


def test_chain_of_a_graph_and_of_a_program() -> None:
    result = compare(GRAPH, X, targets=("run_graph", "oracle"))
    assert [pair.backends for pair in result.pairs] == [("run_graph", "oracle")]
    assert result.pair("run_graph", "oracle").spike_agreement > 0.95
    with pytest.raises(InputError, match="no stage 'run_graph'"):
        compare(a_program(), np.ones((2, 1, 3)), targets=("run_graph", "oracle"))
    with pytest.raises(ConfigError, match="'chip' is unknown"):
        compare(GRAPH, X, targets=("run_graph", "chip"))
    with pytest.raises(InputError, match="needs two different targets"):
        compare(GRAPH, X, targets=("oracle",))


def test_missing_backend_is_an_error_or_noted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SPIKEWRIGHT_LAVA_PYTHON", "/nowhere/python")
    with pytest.raises(BackendUnavailable):
        compare(GRAPH, X, targets=("oracle", "lava"))
    result = compare(GRAPH, X, allow_missing=True)
    assert list(result.not_run) == ["lava"]
    assert [pair.backends for pair in result.pairs] == [("run_graph", "oracle"), ("oracle", "engine")]


def test_oracle_and_engine_agree_through_the_chain() -> None:
    result = compare(GRAPH, X, targets=("run_graph", "oracle", "engine"))
    pair = result.pair("oracle", "engine")
    assert pair.mismatches == 0 and pair.first_divergence is None
    assert {trace.program_hash for trace in result.traces.values()} == {None, result.program.content_hash}


@pytest.mark.lava
def test_engine_and_lava_agree_through_the_chain() -> None:
    result = compare(GRAPH, X)
    assert [pair.backends for pair in result.pairs] == list(pairwise(("run_graph", "oracle", "engine", "lava")))
    pair = result.pair("engine", "lava")
    assert pair.mismatches == 0 and pair.first_divergence is None


def test_both_error_columns_and_every_effect_are_described() -> None:
    told = []
    content = describe_comparison(compare(GRAPH, X, ("run_graph", "oracle"), progress=told.append))
    assert told == ["run_graph", "oracle", "effects of the losses"]
    json.loads(to_json(content))
    for found in content["pairs"][0]["populations"]:
        assert 0 <= found["alone"] <= found["slots"] and found["alone_backend"] == "oracle"
    assert content["program_hash"] == lower(GRAPH, calibration=X).content_hash
    assert content["effects"][-1]["loss"]["kind"] == "together"
    assert content["effects"][-1]["mismatches"] == content["pairs"][0]["mismatches"]
