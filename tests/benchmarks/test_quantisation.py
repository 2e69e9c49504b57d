"""The benchmark of quantisation: its training, its networks and its page, without the hours of the real run."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

import spikewright.toolchain as sw
from benchmarks.quantisation import train
from benchmarks.quantisation.data import images
from benchmarks.quantisation.nets import CNN, MLP, ei_digits
from benchmarks.quantisation.plain import AFTER, whole
from benchmarks.quantisation.recipes import RECIPES
from benchmarks.quantisation.table import page
from spikewright.models.encoders import direct_code

pytestmark = pytest.mark.torch

SHORT = replace(RECIPES["ei_digits"], steps=(4, 4))


def test_the_first_circuit_of_a_constant_input_is_computed_once() -> None:
    torch.manual_seed(0)
    model, x = ei_digits().eval(), images("digits").train[0][:20]
    expected = model(direct_code(x, 4))  # initialises the circuits
    torch.testing.assert_close(train.logits(model, x, "direct", 4), expected)


def test_an_interrupted_training_ends_as_if_it_never_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole_run = train.trained("ei_digits", 1, SHORT, tmp_path / "whole")
    epoch = train._epoch

    def stops(*args: Any) -> float:
        if args[3] == 1:
            raise KeyboardInterrupt
        return epoch(*args)

    monkeypatch.setattr(train, "_epoch", stops)
    with pytest.raises(KeyboardInterrupt):
        train.trained("ei_digits", 1, SHORT, tmp_path / "parts")
    monkeypatch.setattr(train, "_epoch", epoch)
    resumed = train.trained("ei_digits", 1, SHORT, tmp_path / "parts")
    expected = whole_run.state_dict()
    assert all(torch.equal(tensor, expected[name]) for name, tensor in resumed.state_dict().items())


def test_training_learns_and_the_cache_is_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model = train.trained("ei_digits", 0, SHORT, tmp_path)
    assert train.accuracy(model, images("digits").validation, "direct") > 0.5
    monkeypatch.setattr(train, "_epoch", lambda *_: pytest.fail("trained again"))
    again = train.trained("ei_digits", 0, SHORT, tmp_path)
    assert train.accuracy(again, images("digits").validation, "direct") == train.accuracy(
        model, images("digits").validation, "direct"
    )


@pytest.mark.parametrize(("network", "kind"), [(MLP, "spikes"), (CNN, "images")])
def test_the_networks_lower_in_the_ways_of_the_benchmark(network: type[torch.nn.Module], kind: str) -> None:
    torch.manual_seed(0)
    rows = train.encoded(torch.rand(2, 784), kind, 4)
    graph, _ = sw.to_nir(network().eval(), rows[:, :1])
    program = sw.lower(graph, whole(rows), **AFTER["8 bits, max"])
    assert program.settings["weight_bits"][0] == 8 and program.settings["scale"][0] == "max"
    assert sw.simulate(program, whole(rows), backend="engine").output["output"].shape == (2, 10)


def test_the_page_tells_means_and_differences() -> None:
    around = {"date": "today", "commit": "abc", "uncommitted_changes": False, "versions": {"torch": "2"}}
    row = {"agreement": 1.0, "bits_per_weight": 4.0, "synaptic_operations": 10.0}
    plain = {"network": "mlp", "trained_on": "CPU", "conditions": around, "oracle_images": 500}
    module = {"samples": 50, "compared": 1000, "differ": 3}
    runs = [
        plain | {"seed": 0, "float": 0.99, "ways": {"4 bits": row | {"accuracy": 0.98, "module": module}}},
        plain | {"seed": 1, "float": 0.97, "ways": {"4 bits": row | {"accuracy": 0.97, "outputs_that_differ": 2}}},
    ]
    score = {"accuracy": 0.9, "agreement": 0.95, "logit_error": None, "spikes_different": None}
    exact = {"title": "exact, float", "clean": score, "dimmed": score}
    static = {"title": "static", "clean": score, "dimmed": score | {"accuracy": 0.6}}
    lava = {"samples": 50, "compared": 77, "differ": 5}
    divisive = {"network": "ei_digits", "seed": 0, "divisor_cv": {"hidden1": 0.25}, "lava": lava}
    divisive |= {"trained_on": "CPU", "conditions": around}
    text = page({"runs": [*runs, divisive | {"ways": {"exact": exact, "static": static}}]})
    assert "| 4 bits | 97.50 (98.00 / 97.00) | -0.50 (-1.00 / +0.00) | 100.00 | 4.00 | 10 |" in text
    assert "1,000 spikes, currents and membranes compared, 3 differ" in text and "2 output values differ" in text
    assert "| static | 90.00 | +0.00 | 60.00 | -30.00 | 95.00 | 95.00 |  |  |" in text
    assert "hidden1 0.25" in text and "77 possible spikes compared, 5 differ" in text
