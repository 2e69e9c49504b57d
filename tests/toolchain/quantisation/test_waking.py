"""A dead layer of an E-I network, behind which nothing could be exported: the report still names it."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

from spikewright.models.errors import InputError
from spikewright.models.networks import EIMLP, EIMLPConfig
from spikewright.toolchain.quantisation import Diagnosis, diagnose
from spikewright.toolchain.quantisation.waking import waking_threshold
from spikewright.toolchain.sources import Source, calibrated, network_source

QUICK = {"scale": "max", "rounding": "nearest"}
X = (np.random.default_rng(0).random((8, 40, 16)) < 0.4).astype(np.uint8)


@pytest.fixture(scope="module")
def network() -> EIMLP:
    torch.manual_seed(1)
    model = EIMLP(EIMLPConfig(sizes=(16, 24, 16, 4), steps=8))
    with torch.no_grad():
        model(torch.as_tensor(X, dtype=torch.float32))  # E-I Init
    return model.eval()


def source(network: EIMLP, change: Callable[[Any], Any] | None = None) -> Source:
    model = copy.deepcopy(network)
    if change is not None:
        with torch.no_grad():
            change(model)
    return calibrated(network_source("circuits", model, model, None), X)


def report(found: Source) -> Diagnosis:
    return diagnose(found, X, lowering={"ei": "dynamic", **QUICK})


def test_circuits_that_work_are_measured_with_their_divisors(network) -> None:
    found = report(source(network))
    assert (found.mended, found.broken) == ((), False)
    assert [row.kind for row in found.layers] == ["ei_gain", "ei_gain", "readout"]
    divisors = [grid for row in found.layers for grid in row.grids if grid.projection.endswith(".divisor")]
    assert len(divisors) == 2
    assert all(grid.error < 0.05 and grid.sign_mode == "excitatory" for grid in divisors)


def test_a_dead_layer_of_circuits(network) -> None:
    broken = source(network, lambda model: model.hidden1.lif.threshold.mul_(1000))
    with pytest.raises(InputError, match=r"hidden2\.circuit"):  # the layer behind it, which is not to blame
        _ = broken.graph
    found = report(source(network, lambda model: model.hidden1.lif.threshold.mul_(1000)))
    (finding,) = [f for f in found.findings if f.severity == "error"]
    assert (finding.layer, finding.problem, found.mended) == ("hidden1.lif", "dead", ("hidden1.lif",))
    assert "the smallest threshold 1e+03" in finding.evidence
    assert found.accuracy == {}


def test_a_dead_layer_hides_no_threshold_out_of_range(network) -> None:
    def change(model: Any) -> None:
        model.hidden1.lif.threshold.mul_(1000)
        model.hidden2.lif.threshold[3] = -1

    errors = {(f.layer, f.problem) for f in report(source(network, change)).findings if f.severity == "error"}
    assert errors == {("hidden1.lif", "dead"), ("hidden2.lif", "threshold")}


def test_a_tenth_of_the_membranes_pass_the_threshold_that_wakes() -> None:
    assert waking_threshold(np.arange(101.0)) == 90
    assert waking_threshold(np.array([-1.0] * 99 + [4.0])) == 2  # fewer than a tenth are positive
    assert waking_threshold(np.array([-1.0, 0.0])) is None


def test_accuracy_lost_with_a_divisor_is_put_down_to_it(network) -> None:
    """Dimmed samples: the circuits see past it, a static gain calibrated on bright ones does not."""
    bright = np.random.default_rng(2).random((1, 200, 16)).repeat(8, 0)
    dim = bright * np.random.default_rng(3).uniform(0.05, 1, (1, 200, 1))
    with torch.no_grad():
        y = copy.deepcopy(network).double()(torch.as_tensor(dim)).argmax(1).numpy()
    exact = calibrated(network_source("circuits", network, network, None), bright)
    found = {ei: diagnose(exact, dim, y, bright, {"ei": ei, **QUICK}) for ei in ("dynamic", "static")}
    (lost,) = [f for f in found["static"].findings if f.problem == "accuracy"]
    assert "the divisor is taken as 1" in lost.cause
    assert "--ei dynamic" in lost.remedy
    assert found["dynamic"].accuracy["engine"] > found["static"].accuracy["engine"] + 0.1
