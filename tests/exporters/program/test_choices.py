"""How to quantise: every choice checked, told with its origin; everything out of range told at once."""

import nir
import numpy as np
import pytest

from graphs import chain, replaced
from spikewright.exporters.program.lower import lower
from spikewright.models.errors import ConfigError, NumericRangeError

RNG = np.random.default_rng(0)
WEIGHTS = [RNG.normal(0, 0.5, shape) for shape in ((6, 5), (4, 6), (3, 4))]


def test_settings_say_who_chose() -> None:
    settings = lower(chain(WEIGHTS)).settings
    assert settings["weight_bits"] == (8, "default") and settings["scale"] == ("squared_error", "default")
    assert settings["rows"][0] == "fold" and settings["activity"] == ("uncorrelated", "no calibration is given")
    assert settings["rounding"][0] == "nearest" and "no calibration shows which events" in settings["rounding"][1]
    settings = lower(chain(WEIGHTS), np.ones((3, 300, 5))).settings
    assert settings["rounding"] == ("compensated", "default") and settings["activity"][0] == "256 samples"
    settings = lower(
        chain(WEIGHTS), weight_bits=4, scale="percentile:99.5", rows="registers", rounding="nearest"
    ).settings
    assert settings["weight_bits"] == (4, "argument") and settings["scale"] == ("percentile:99.5", "argument")
    assert settings["rows"] == ("registers", "argument") and settings["rounding"] == ("nearest", "argument")


def test_bits_by_population_or_projection() -> None:
    program = lower(chain(WEIGHTS), weight_bits={"n1": 4, "fc2": 2})
    assert {p.name: p.weight_bits for p in program.projections} == {"fc1": 4, "fc2": 2, "fc3": 8}
    assert program.settings["weight_bits"] == ("n1=4,fc2=2,others=8", "argument")
    assert set(np.unique(program.projections[1].weights)) <= {-128, 0, 128}  # ternary
    program = lower(chain(WEIGHTS), weight_bits={"n2": 3, "fc2": 6})
    assert {p.name: p.weight_bits for p in program.projections} == {"fc1": 8, "fc2": 6, "fc3": 8}


@pytest.mark.parametrize(("sign", "found"), [(1, {0, 128}), (-1, {-128, 0})])
def test_one_bit_holds_one_sign(sign: int, found: set) -> None:
    program = lower(chain([sign * np.abs(WEIGHTS[0])]), weight_bits=1)
    assert set(np.unique(program.projections[0].weights)) == found


def test_wrong_choices_are_told_together() -> None:
    with pytest.raises(ConfigError) as caught:
        wrong = {"scale": "mean", "rows": "columns", "rounding": "up", "ei": "maybe", "reciprocal_bits": 1}
        lower(chain(WEIGHTS), weight_bits={"n1": 9, "n2": True}, input_bits=0, **wrong)
    bits, more, ei, reciprocal, width, scale, rows, rounding = caught.value.violations
    assert "ei = 'maybe'" in ei and "reciprocal_bits = 1" in reciprocal and "input_bits = 0" in width
    assert "'n1' = 9" in bits and "'n2' = True" in more and "known are squared_error, max" in scale
    assert "rows = 'columns'" in rows and "rounding = 'up'" in rounding
    for scale in ("percentile:0", "percentile:x", "max:3", "percentile:nan", 5):
        with pytest.raises(ConfigError, match="scale ="):
            lower(chain(WEIGHTS), scale=scale)
    with pytest.raises(ConfigError, match=r"'fc11' is no population and no projection; did you mean 'fc1'"):
        lower(chain(WEIGHTS), weight_bits={"fc11": 4})


def test_everything_out_of_range_is_told_at_once() -> None:
    graph = chain(WEIGHTS)
    n, bias = graph.nodes["n1"], np.zeros(4)
    theta, bias[2] = n.v_threshold.copy(), 1e9
    theta[1] = 0
    graph = replaced(
        graph,
        n1=nir.LIF(n.tau, n.r, n.v_leak, theta, v_reset=n.v_reset),
        fc2=nir.Affine(graph.nodes["fc2"].weight, bias),
    )
    with pytest.raises(NumericRangeError) as caught:
        lower(graph, weight_bits={"n3": 1})
    threshold, register, membrane, grid = caught.value.violations
    assert "'n1': 1 neuron(s) with threshold <= 0, first is neuron 1" in threshold
    assert "'n2', neuron 2: bias (13 bits << 7) comes to" in register and "limit 524160; lower the bias" in register
    assert "'n2': membrane (24 bits)" in membrane and "'fc3': 1 bit holds one sign" in grid


@pytest.mark.parametrize("rows", ["fold", "registers"])
def test_a_threshold_far_below_the_others_is_named(rows: str) -> None:
    """No register holds the ratio: the neuron's weights are a million times its threshold."""
    graph = chain(WEIGHTS)
    n = graph.nodes["n1"]
    theta = n.v_threshold.copy()
    theta[3] = 1e-6
    with pytest.raises(NumericRangeError, match="neuron 3") as caught:
        lower(replaced(graph, n1=nir.LIF(n.tau, n.r, n.v_leak, theta, v_reset=n.v_reset)), rows=rows)
    assert "threshold (17 bits) comes to 0, least 1; shrink the largest weights" in caught.value.violations[0]


def test_a_threshold_far_above_the_others_is_listed_with_its_neuron() -> None:
    graph = chain(WEIGHTS)
    n = graph.nodes["n1"]
    theta = n.v_threshold.copy()
    theta[3] = 1e6
    program = lower(replaced(graph, n1=nir.LIF(n.tau, n.r, n.v_leak, theta, v_reset=n.v_reset)))
    (told,) = [loss for loss in program.losses if loss.kind == "rows"]
    assert (
        told.node == "fc1" and "1 of 6 rows round to zero (3)" in told.what and "look at their thresholds" in told.what
    )
