"""The verdict says what the numbers say, in plain sentences."""

from dataclasses import replace

import numpy as np
import pytest

from graphs import chain
from samples import layered
from spikewright.toolchain.comparison import compare, compare_pair
from spikewright.toolchain.reporting import report


def sentences(made) -> dict[str, tuple[str, str]]:
    return {s["topic"]: (s["state"], s["text"]) for s in made.content["verdict"]}


def test_agreeing_integer_backends(demo_sized: tuple) -> None:
    trace, cost, result = demo_sized
    found = sentences(report(trace, cost, result, labels=trace.predict()))
    values = 20 * (8 * (128 + 64) + 10)
    assert found["integers"] == ("good", f"The integer backends oracle and engine agree on all {values:,} values.")
    assert found["fit"] == ("good", "Fits loihi1-davies2018, on 3 of 128 cores.")
    assert "per sample, estimated: exact counts times simulated coefficients" in found["cost"][1]
    assert found["accuracy"][1] == "The classes that engine gives are right for 100.00 % of 20 samples, measured."


def test_differing_integer_backends_are_named_with_their_first_difference(demo_sized: tuple) -> None:
    trace, _, result = demo_sized
    spikes = {name: rows.copy() for name, rows in trace.spikes.items()}
    spikes["layer2"][3, 7, 11] ^= 1
    other = replace(result.traces["engine"], spikes=spikes)
    pair = compare_pair(result.traces["oracle"], other, ["layer1", "layer2"])
    state, text = sentences(report(trace, result=replace(result, pairs=(pair,))))["integers"]
    assert state == "bad" and "oracle and engine differ in 1 of" in text
    assert "layer2, step 3, sample 7, neuron 11" in text


def test_where_float_becomes_integer() -> None:
    x = (np.random.default_rng(0).random((6, 4, 10)) < 0.5).astype(float)
    graph = chain([np.random.default_rng(1).normal(0, 0.6, (30, 10)), np.random.default_rng(2).normal(0, 0.8, (5, 30))])
    result = compare(graph, x, ("run_graph", "oracle"), lowering={"weight_bits": 3})
    found = sentences(report(result.traces["oracle"], result=result))
    first = result.pairs[0].first_divergence
    assert found["integers"][0] == "plain" and "No two integer backends" in found["integers"][1]
    assert f"They part first at {first.population}, step {first.step}, sample {first.sample}" in found["float"][1]


def test_a_backend_that_did_not_run_is_named(demo_sized: tuple) -> None:
    result = replace(demo_sized[2], not_run={"lava": "not installed"})
    assert "Not run: lava." in sentences(report(demo_sized[0], result=result))["integers"][1]


def test_a_profile_without_cores_claims_no_fit(everything) -> None:
    found = sentences(report(*everything(layered((5, 4, 3)), chip="horowitz-45nm")))
    assert "fit" not in found and " and " not in found["cost"][1].split("per sample")[0]


@pytest.mark.parametrize("given", [(0,), (0, 1), (0, 2)])
def test_nothing_is_said_about_what_was_not_given(demo_sized: tuple, given: tuple) -> None:
    trace, cost, result = (part if number in given else None for number, part in enumerate(demo_sized))
    found = sentences(report(trace, cost, result))
    assert ("cost" in found) == (cost is not None) and ("integers" in found) == (result is not None)
    assert "accuracy" not in found and "activity" in found
