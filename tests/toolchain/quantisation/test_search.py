"""Mixed precision: the bound holds where it is judged, the result is told where nothing was chosen."""

from __future__ import annotations

import numpy as np
import pytest

from spikewright.models.errors import ConfigError, InputError
from spikewright.simulators.run import simulate
from spikewright.toolchain.quantisation import search_bits
from spikewright.toolchain.quantisation.search import WIDTHS

QUICK = {"scale": "percentile", "rounding": "nearest"}
"""Lowering that takes no time."""
LAYERS = ("lif1", "lif2", "lif3", "readout")


@pytest.fixture(scope="module")
def parts(trained):
    """Calibration, validation and test samples, none of them in another part."""
    x, y = trained.x_train, trained.y_train
    return x[:, :100], (x[:, 100:400], y[100:400]), (trained.x, trained.y)


def search(trained, parts, **options):
    calibration, validation, (x, y) = parts
    return search_bits(trained.source(), x, y, calibration, validation, lowering=QUICK, **{"bits": (8, 2), **options})


@pytest.fixture(scope="module")
def found(trained, parts):
    return search(trained, parts, max_drop=0.02)


def test_the_program_has_the_bits_and_the_accuracies_that_are_told(trained, parts, found) -> None:
    _, (x, y), (x_test, y_test) = parts
    assert {q.target: q.weight_bits for q in found.program.projections} == found.bits
    assert (simulate(found.program, x).predict() == y).mean() == found.validation["searched"] >= found.bound
    assert (simulate(found.program, x_test).predict() == y_test).mean() == found.accuracy["searched"]
    assert found.bound == pytest.approx(found.validation["float"] - 0.02)
    assert (found.met, found.complete, found.checked) == (True, True, 8)
    assert (found.samples, found.validation_samples) == (397, 300)


def test_it_saves_bits_and_counts_them(found) -> None:
    sizes = {"lif1": 64 * 64, "lif2": 64 * 48, "lif3": 48 * 32, "readout": 32 * 10}
    assert found.weights == sizes
    assert found.memory_bits == sum(sizes[name] * bits for name, bits in found.bits.items())
    assert found.uniform_memory_bits == 8 * sum(sizes.values())
    assert found.mean_bits == pytest.approx(found.memory_bits / sum(sizes.values()))
    assert 2 < found.mean_bits < 8  # some layers can lose bits, all together cannot


def test_every_program_tried_is_told(found) -> None:
    phases = [step.phase for step in found.steps]
    assert phases == ["start"] + 4 * ["sensitivity"] + 4 * ["reduction"]
    assert {step.layer for step in found.steps if step.phase == "sensitivity"} == set(LAYERS)
    for step in found.steps[5:]:
        assert step.kept == (step.accuracy >= found.bound)
        assert step.kept == (found.bits[step.layer] == step.bits)


def test_the_test_samples_choose_nothing(trained, parts, found) -> None:
    calibration, validation, (x, y) = parts
    other = search(trained, (calibration, validation, (x[:, ::-1], np.roll(y, 3))), max_drop=0.02)
    assert (other.bits, other.steps) == (found.bits, found.steps)
    assert other.accuracy != found.accuracy


def test_without_a_drop_no_layer_that_costs_anything_loses_bits(trained, parts) -> None:
    strict = search(trained, parts, max_drop=0.0, bits=(8, 1))
    assert strict.validation["searched"] >= strict.validation["float"] or not strict.met
    refused = [step for step in strict.steps if step.layer and step.phase == "sensitivity"]
    assert all("2 bits or more" in step.reason for step in refused if step.accuracy is None)
    assert any(step.accuracy is None for step in refused)  # one bit has no place for two signs


def test_an_interruption_leaves_the_best_so_far(trained, parts) -> None:
    told = []

    def stop(text: str) -> None:
        told.append(text)
        if len(told) == 7:  # the start, four layers alone, the first reduction
            raise KeyboardInterrupt

    found = search(trained, parts, max_drop=0.9, progress=stop)
    assert (found.complete, found.met) == (False, True)
    assert sorted(found.bits.values()) == [2, 8, 8, 8]
    assert {q.target: q.weight_bits for q in found.program.projections} == found.bits


def test_without_validation_half_of_the_samples_judge_and_the_others_tell(trained) -> None:
    x, y = trained.x[:, :101], trained.y[:101]
    found = search_bits(trained.source(), x, y, max_drop=0.9, bits=(8, 4), lowering=QUICK)
    assert (found.validation_samples, found.samples) == (51, 50)
    assert set(found.bits.values()) == {4}
    assert (simulate(found.program, x[:, 1::2]).predict() == y[1::2]).mean() == found.accuracy["searched"]


def test_bad_arguments_are_refused(trained, parts) -> None:
    with pytest.raises(ConfigError, match="widths from 1 to 8"):
        search(trained, parts, bits=(9, 4))
    with pytest.raises(ConfigError, match="max_drop"):
        search(trained, parts, max_drop=1.5)
    calibration, (x, y), test = parts
    with pytest.raises(InputError, match="validation"):
        search(trained, (calibration, (x, y[:3]), test))
    assert max(WIDTHS) == 8
