"""The recommendation: what it takes, from what, and why."""

from __future__ import annotations

from spikewright.toolchain.quantisation.advice import lost, recommend
from spikewright.toolchain.quantisation.alternatives import TITLES
from spikewright.toolchain.quantisation.scores import GainRow, Score

NEURONS = ("input 'x' sends values of 8 bits",)


def row(name: str, clean: float, dimmed: float, *needs: str, host: bool = False, misfits: tuple = ()) -> GainRow:
    scores = [Score(accuracy, accuracy, 0.0, 0.0) for accuracy in (clean, dimmed)]
    bits = int(name[-1]) if name.startswith("dynamic") else None
    return GainRow(name, TITLES.get(name, "exact"), *scores, needs, host, misfits, reciprocal_bits=bits)


EXACT = row("exact", 0.98, 0.98)
STATIC = row("static", 0.98, 0.74, "graded_input")
DYNAMIC = row("dynamic-3", 0.98, 0.978, "graded_input", "divided_input")
HOSTED = row("host-static", 0.977, 0.977, "graded_input", host=True)


def test_the_loss_is_the_larger_of_both() -> None:
    assert abs(lost(STATIC, EXACT) - 0.24) < 1e-12
    assert abs(lost(row("static", 0.96, 0.97), EXACT) - 0.02) < 1e-12
    assert lost(row("static", 0.99, 0.99), EXACT) < 0


def test_the_best_of_those_that_ask_least() -> None:
    """Dividing and a host are one wish each; who can do without a host does."""
    name, sentence = recommend(EXACT, [STATIC, HOSTED, DYNAMIC])
    assert name == "dynamic-3"
    assert sentence == (
        "For no chip in particular take dynamic, 3 bits: it is within 0.5 points of the exact circuit "
        "and asks least (graded input and neurons that divide); a static gain loses 24.0 points on "
        "dimmed images."
    )
    spared = row("static", 0.979, 0.976, "graded_input")
    assert recommend(EXACT, [DYNAMIC, HOSTED, spared])[0] == "static"


def test_among_equals_the_usual_look_up_then_the_smallest_that_is_good_enough() -> None:
    needs = ("graded_input", "divided_input")
    coarse, small = row("dynamic-0", 0.974, 0.98, *needs), row("dynamic-2", 0.975, 0.975, *needs)
    large = row("dynamic-4", 0.981, 0.981, *needs)
    assert recommend(EXACT, [coarse, small, DYNAMIC, large])[0] == "dynamic-3"
    name, sentence = recommend(EXACT, [coarse, small, large])
    assert name == "dynamic-2", "half a point is not more than half a point"
    assert sentence.endswith(
        '; in Python lower(..., ei="dynamic", reciprocal_bits=2) makes it, where `spikewright export` takes 3 bits.'
    )


def test_only_what_fits_the_chip() -> None:
    unfit = row("dynamic-3", 0.98, 0.978, "graded_input", "divided_input", misfits=NEURONS)
    name, sentence = recommend(EXACT, [unfit, STATIC, HOSTED], "loihi9")
    assert name == "host-static" and sentence.startswith("For loihi9 take host, then static: ")
    assert "(graded input and a host for the first layer)" in sentence
    assert sentence.endswith(
        "; a static gain loses 24.0 points on dimmed images; a dynamic gain, which needs graded input and neurons that "
        "divide, does not fit."
    )
    name, sentence = recommend(EXACT, [unfit], "loihi9")
    assert name == "" and sentence == f"For loihi9 there is no alternative: {NEURONS[0]}"


def test_where_none_is_as_good_the_smallest_loss_is_told() -> None:
    name, sentence = recommend(EXACT, [STATIC, row("host-static", 0.97, 0.975, host=True)])
    assert name == "host-static"
    assert "it loses least, 1.0 points on clean images, and asks for a host for the first layer" in sentence
