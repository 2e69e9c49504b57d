"""Networks that were trained and then broken on purpose: the report names layer, cause and remedy."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import permutations
from typing import Any

import pytest

from spikewright.toolchain.quantisation import Diagnosis, diagnose
from spikewright.toolchain.quantisation.coarse import coarse
from spikewright.toolchain.quantisation.evidence import Evidence

Change = Callable[[Any], Any]
QUICK = {"scale": "max", "rounding": "nearest"}
"""Lowering that takes no time, and gives way to no outlier."""


def part(model: Any, kind: str, layer: int) -> Any:
    return getattr(model, f"{kind}{layer}")


def flooded(layer: int) -> Change:
    """A bias of many thresholds."""
    return lambda model: part(model, "fc", layer).bias.add_(5.0)


def amplified(layer: int) -> Change:
    """Weights and biases of hundreds of thresholds."""
    return lambda model: [p.mul_(300.0) for p in part(model, "fc", layer).parameters()]


def deaf(layer: int) -> Change:
    """Thresholds that no membrane reaches."""
    return lambda model: part(model, "lif", layer).threshold.mul_(100.0)


def outlier(layer: int) -> Change:
    """One weight beside which all others round to zero."""
    return lambda model: part(model, "fc", layer).weight[3, 5].fill_(1e3)


def neuron_seven(layer: int, threshold: float) -> Change:
    return lambda model: part(model, "lif", layer).threshold[7].fill_(threshold)


def together(*changes: Change) -> Change:
    return lambda model: [change(model) for change in changes]


def report(trained: Any, change: Change | None = None, **lowering: Any) -> Diagnosis:
    return diagnose(trained.source(change), trained.x, trained.y, trained.x_train, QUICK | lowering)


def errors(found: Diagnosis) -> dict[tuple[str, str], Any]:
    return {(f.layer, f.problem): f for f in found.findings if f.severity == "error" and f.problem != "accuracy"}


@pytest.mark.parametrize("rows", ["fold", "registers"])
def test_a_healthy_network_gives_no_finding(trained, rows) -> None:
    found = report(trained, rows=rows)
    assert found.findings == ()
    assert not found.broken
    assert found.accuracy["run_graph"] > 0.9


@pytest.mark.parametrize(
    ("change", "cause", "evidence", "remedy"),
    [
        (flooded(2), "bias is too large", "of all pairs of neuron and sample in every row", "raise the thresholds"),
        (amplified(2), "weights are too large", "the median spike is at", "lower the weights"),
    ],
)
def test_a_saturating_layer(trained, change, cause, evidence, remedy) -> None:
    found = errors(report(trained, change))
    assert list(found) == [("lif2", "saturating")]
    finding = found["lif2", "saturating"]
    assert (cause in finding.cause, evidence in finding.evidence, remedy in finding.remedy) == (True,) * 3


def test_a_layer_that_is_dead_in_float_is_not_blamed_on_rounding(trained) -> None:
    found = errors(report(trained, deaf(2)))
    assert list(found) == [("lif2", "dead")]  # and not lif3, which only gets nothing
    assert "thresholds are too high" in found["lif2", "dead"].cause
    assert "rounding is not the reason" in found["lif2", "dead"].remedy


def test_a_dead_layer_hides_no_fault_behind_it(trained) -> None:
    """Nothing reaches the weights that saturate, until the thresholds in front of them are lowered."""
    found = report(trained, together(deaf(2), lambda model: model.fc3.weight.mul_(300)))
    assert set(errors(found)) == {("lif2", "dead"), ("lif3", "saturating")}
    assert "with the thresholds of lif2 lowered until it spikes" in errors(found)["lif3", "saturating"].evidence


def test_a_layer_that_rounding_kills(trained) -> None:
    found = report(trained, outlier(2))
    finding = errors(found)["lif2", "dead"]
    assert "times their RMS and sets the scale" in finding.cause
    assert "of 48 rows became zero" in finding.evidence
    assert "--rows registers" in finding.remedy
    accuracy = next(f for f in found.findings if f.problem == "accuracy")
    assert accuracy.layer == "lif2"
    assert accuracy.cause == finding.cause


def test_what_the_remedies_promise(trained) -> None:
    """The outlier's own neuron stays wrong; registers of their own save the others."""
    assert ("lif2", "dead") not in errors(report(trained, outlier(2), rows="registers"))


@pytest.mark.parametrize(
    ("threshold", "cause"),
    [(-0.5, "thresholds of 0 or less"), (0.0, "thresholds of 0 or less"), (1e-6, "neuron 7 has 1e-06")],
)
def test_one_threshold_out_of_range(trained, threshold, cause) -> None:
    found = report(trained, neuron_seven(2, threshold))
    finding = errors(found)["lif2", "threshold"]
    assert len(found.findings) == 1
    assert cause in finding.cause
    assert "neuron 7" in finding.cause + finding.evidence
    assert "clamp" in finding.remedy
    assert found.mended == ("lif2",)
    assert found.accuracy == {}  # figures of another network would mislead


def test_a_layer_out_of_range_as_a_whole(trained) -> None:
    found = report(trained, lambda model: model.lif2.threshold.mul_(1e10))
    assert list(errors(found)) == [("lif2", "threshold")]
    assert "lie too far from its weights" in found.findings[0].cause


def test_several_layers_out_of_range_are_told_at_once(trained) -> None:
    found = report(trained, together(neuron_seven(1, 1e-6), neuron_seven(3, -1.0)))
    assert list(errors(found)) == [("lif1", "threshold"), ("lif3", "threshold")]


@pytest.mark.parametrize("order", list(permutations((1, 2, 3))))
def test_all_three_at_once_wherever_they_are(trained, order) -> None:
    saturating, dead, out = order
    kills, floods = ((deaf, flooded), (outlier, amplified))[saturating % 2]
    found = report(trained, together(floods(saturating), kills(dead), neuron_seven(out, -0.5)))
    assert set(errors(found)) == {
        (f"lif{saturating}", "saturating"),
        (f"lif{dead}", "dead"),
        (f"lif{out}", "threshold"),
    }
    assert all(f.cause and f.evidence and f.remedy for f in found.findings)


def test_too_few_bits_are_found_and_placed(trained) -> None:
    """One layer on two bits: it turns spikes wrong by itself and costs accuracy; the others do not."""
    bits = {"lif1": 8, "lif2": 2, "lif3": 8, "readout": 8}
    found = report(trained, weight_bits=bits, rounding="nearest")
    assert {f.layer for f in found.findings} == {"lif2"}
    assert {"weights", "accuracy"} <= {f.problem for f in found.findings}
    assert "take more weight bits" in " ".join(f.remedy for f in found.findings)


@pytest.mark.parametrize(
    ("change", "lowering", "problem", "evidence"),
    [
        (neuron_seven(2, 1e9), {}, "threshold", "it is 1e+09, the median of the layer is"),
        (lambda model: setattr(model.lif2, "tau", 6000.0), {}, "leak", "of what a row loses"),
        (lambda model: model.fc2.bias[3].fill_(-600.0), {}, "bias", "thresholds"),
        (None, {"scale": "percentile:60"}, "weights", "are cut at the end of the grid"),
    ],
)
def test_what_is_held_coarsely(trained, change, lowering, problem, evidence) -> None:
    found = diagnose(trained.source(change), trained.x, trained.y, trained.x_train, QUICK | lowering)
    told = [f for f in found.findings if (f.layer, f.problem, f.severity) == ("lif2", problem, "warning")]
    assert any(evidence in f.evidence for f in told)
    assert all(f.cause and f.remedy for f in told)


def test_thresholds_of_few_steps_and_floored_sums(trained) -> None:
    """Where both arise, neurons mostly die as well, which is told instead; so a layer that works is changed by hand."""
    found = report(trained)
    layer = next(row for row in found.layers if row.name == "lif2")
    grid = replace(layer.grids[0], floor=0.2)
    seen = Evidence(found.layers, found.ports, (), None, {})
    few = replace(layer, grids=(grid,), threshold=(5, 5), rounding=replace(layer.rounding, threshold=0.08))
    assert list(coarse(layer, seen)) == []
    assert [(f.problem, f.evidence) for f in coarse(few, seen)] == [
        ("threshold", "off by 8.0% of it"),
        ("sums", "steps of 0.2 thresholds"),
    ]


def test_silent_and_clipped_input(trained) -> None:
    source = trained.source()
    found = diagnose(source, 0 * trained.x, trained.y, trained.x_train, QUICK)
    assert ("input", "input") in {(f.layer, f.problem) for f in found.findings if f.severity == "error"}
    grey = trained.x.astype("float32")
    found = diagnose(source, 3 * grey, trained.y, 0.5 * grey, QUICK)
    clipped = next(f for f in found.findings if f.problem == "input")
    assert "exceeds what the calibration data held" in clipped.cause
