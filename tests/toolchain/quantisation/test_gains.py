"""The ways of a divisor to a chip on the digits: every figure checked against a run by hand."""

from __future__ import annotations

import copy
from functools import cache

import numpy as np
import pytest
import torch
from ei_nets import STEPS, trained

from spikewright.exporters.nir.trace import to_nir
from spikewright.models.encoders import direct_code
from spikewright.models.errors import ConfigError, InputError
from spikewright.models.freezing import freeze_gain
from spikewright.models.networks import EIMLP, EIMLPConfig
from spikewright.simulators.run import simulate
from spikewright.toolchain.data.digits import load_digits
from spikewright.toolchain.lowering import lower
from spikewright.toolchain.quantisation import GainComparison, compare_gains
from spikewright.toolchain.quantisation.alternatives import ALTERNATIVES
from spikewright.toolchain.quantisation.dimming import dimmed

pytestmark = pytest.mark.torch

SAMPLES = 100
DIM = (0.1, 0.4)


def exact() -> EIMLP:
    return trained()[0].model


@cache
def images() -> dict[str, np.ndarray]:
    digits = load_digits()
    return {"x": digits.x_test[:SAMPLES], "y": digits.y_test[:SAMPLES], "calibration": digits.x_train[:200]}


@cache
def compared() -> GainComparison:
    networks = {"tuned": trained()[0].frozen, "annealed": trained(3)[0].model}
    return compare_gains(exact(), **images(), encoder="direct", steps=STEPS, dim=DIM, seed=3, **networks)


def test_every_alternative_has_a_row_in_the_order_of_the_table() -> None:
    assert [row.name for row in compared().rows] == [name for name in ALTERNATIVES if name != "host-dynamic"]
    assert compared().samples == SAMPLES and compared().row("static").title == "static, calibrated"


def test_the_exact_circuit_is_the_measure_and_blind_to_brightness() -> None:
    row = compared().exact
    assert row.clean == row.dimmed
    assert (row.clean.agreement, row.clean.logit_error, row.clean.spikes_different) == (1, 0, 0)
    logits = copy.deepcopy(exact()).double()(torch.from_numpy(direct_code(images()["x"], STEPS)).double())
    assert row.clean.accuracy == (logits.argmax(1).numpy() == images()["y"]).mean() > 0.85


def test_the_static_row_is_that_of_the_frozen_network_lowered_by_hand() -> None:
    rows = {name: direct_code(images()[name], STEPS) for name in ("x", "calibration")}
    dark = direct_code(dimmed(images()["x"], DIM, seed=3), STEPS)
    model = copy.deepcopy(exact()).double()
    frozen = freeze_gain(model, torch.from_numpy(rows["calibration"]).double())
    truth = model(torch.from_numpy(rows["x"]).double()).detach().numpy()
    program = lower(to_nir(frozen, torch.zeros(STEPS, 1, 64).double())[0], rows["calibration"])
    row = compared().row("static")
    for x, score in ((rows["x"], row.clean), (dark, row.dimmed)):
        trace = simulate(program, x)
        assert score.accuracy == (trace.predict() == images()["y"]).mean()
        assert score.agreement == (trace.predict() == truth.argmax(1)).mean()
        logits = trace.output["output"] * program.populations[-1].membrane_unit
        assert score.logit_error == pytest.approx(np.linalg.norm(logits - truth) / np.linalg.norm(truth), rel=1e-6)
    assert row.backend == "engine" and row.needs == ("graded_input",) and not row.host


def test_dividing_keeps_what_a_fixed_gain_loses_on_dimmed_images() -> None:
    static = compared().row("static")
    for name in ("static", "static-tuned", "annealed"):
        row = compared().row(name)
        assert row.dimmed.agreement < min(0.93, row.clean.agreement), name
    for bits in (0, 2, 3, 4):
        row = compared().row(f"dynamic-{bits}")
        assert row.dimmed.agreement > 0.96, bits
        assert row.dimmed.spikes_different < static.dimmed.spikes_different / 2
        assert row.needs == ("graded_input", "divided_input") and row.backend == "engine"
        assert row.reciprocal_bits == bits
    errors = [compared().row(f"dynamic-{bits}").clean.logit_error for bits in (0, 2, 3, 4)]
    assert errors[0] > errors[2] and errors[1] > errors[3]


def test_a_host_takes_the_brightness_out_before_the_chip() -> None:
    row = compared().row("host-static")
    assert row.backend == "run_graph, engine"
    assert row.host and row.needs == ("graded_input",)
    assert row.clean.accuracy == pytest.approx(row.dimmed.accuracy, abs=0.01)
    assert row.dimmed.agreement > 0.95


def test_behind_the_hosts_layer_the_chip_can_divide_too() -> None:
    torch.manual_seed(0)
    model = EIMLP(EIMLPConfig(sizes=(64, 20, 16, 10), steps=STEPS))
    model(torch.from_numpy(direct_code(images()["calibration"], STEPS)))  # E-I Init
    names = ("host-static", "host-dynamic")
    found = compare_gains(model, **images(), encoder="direct", steps=STEPS, alternatives=names)
    static, dynamic = found.rows
    assert dynamic.needs == ("graded_input", "divided_input") and dynamic.host
    assert dynamic.clean.logit_error < static.clean.logit_error / 2
    assert dynamic.dimmed.logit_error == pytest.approx(dynamic.clean.logit_error, rel=0.02)


def test_networks_with_weights_of_their_own_have_no_logits_to_compare() -> None:
    for name in ("static-tuned", "annealed"):
        row = compared().row(name)
        assert row.clean.logit_error is None and row.dimmed.spikes_different is None
        assert row.clean.agreement > 0.85


def test_rows_are_dimmed_as_the_images_behind_them() -> None:
    given = images()
    rows = {"x": direct_code(given["x"], STEPS), "calibration": direct_code(given["calibration"], STEPS)}
    found = compare_gains(exact(), **rows, y=given["y"], dim=DIM, seed=3, alternatives=("static",))
    assert found.rows == (compared().row("static"),) and found.exact == compared().exact


def test_with_spikes_as_input_a_plain_chip_takes_the_static_gain_alone() -> None:
    names = ("dynamic-3", "static", "host-static")  # of a network for grey input, which is no matter here
    arguments = {"encoder": "rate", "steps": STEPS, "alternatives": names, "chip": "loihi1-davies2018"}
    found = compare_gains(exact(), **images(), **arguments)
    assert [bool(row.misfits) for row in found.rows] == [True, False, True]
    assert "divides nothing" in found.row("dynamic-3").misfits[0]
    assert "carries no value" in found.row("host-static").misfits[0]
    assert found.recommended == "static" and found.recommendation.startswith(
        "For loihi1-davies2018 take static, calibrated"
    )
    assert found.row("static").needs == ()


@pytest.mark.lava
def test_lava_spikes_alike() -> None:
    given = images() | {"encoder": "direct", "steps": STEPS}
    found = compare_gains(exact(), **given, alternatives=("dynamic-3",), lava=5)
    slots = STEPS * 5 * (32 + 10)
    assert found.row("dynamic-3").lava == (0, slots) and "lava-nc" in found.versions["lava"]


@pytest.mark.parametrize(
    ("changed", "error", "message"),
    [
        ({"alternatives": ("static", "dynamic-5")}, ConfigError, "Unknown alternatives dynamic-5; known are dynamic-0"),
        ({"alternatives": ("annealed",)}, InputError, "annealed needs a network of its own"),
        ({"alternatives": ("host-dynamic",)}, InputError, "a second circuit that divides"),
        ({"encoder": "poisson"}, ConfigError, "known are rate, direct"),
        ({"steps": None}, ConfigError, "steps of at least 1"),
        ({"y": np.zeros(3, np.int64)}, InputError, "100 samples and 3 classes"),
        ({"dim": (0.0, 1.0)}, ConfigError, "rise inside"),
        ({"chip": "loihi9", "alternatives": ("static",)}, ConfigError, "loihi9"),
    ],
)
def test_what_cannot_be_compared_is_refused(changed, error, message) -> None:
    arguments = images() | {"encoder": "direct", "steps": STEPS} | changed
    with pytest.raises(error, match=message):
        compare_gains(exact(), **arguments)


@pytest.mark.parametrize("network", [lambda: trained()[0].frozen, lambda: trained(3)[0].model])
def test_a_network_that_divides_nothing_is_refused(network) -> None:
    with pytest.raises(InputError, match="divides nothing"):
        compare_gains(network(), **images(), encoder="direct", steps=STEPS)
