"""Run folders: what a run leaves is what comes back, folders from before an option too."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

from spikewright.models.networks import EIMLPConfig
from spikewright.toolchain.config import TrainConfig
from spikewright.toolchain.data.digits import load_digits
from spikewright.toolchain.runs import load_run, save_run
from spikewright.toolchain.sources import resolve_source
from spikewright.toolchain.training import evaluate, train

pytestmark = pytest.mark.torch

CONFIG = TrainConfig(
    network=EIMLPConfig(sizes=(64, 16, 10), steps=4), epochs=2, finetune_epochs=0, encoder="direct", anneal_epochs=1
)


def test_an_annealed_run_of_direct_input_comes_back(tmp_path: Path) -> None:
    result = train(CONFIG, progress=False)
    save_run(result, CONFIG, tmp_path / "run")
    run = load_run(tmp_path / "run")
    assert run.config == CONFIG and run.exact.annealed
    digits = load_digits()
    accuracy = evaluate(run.exact, digits.x_test, digits.y_test, run.config.encoder)
    assert accuracy == run.metrics["accuracy"] == result.metrics["accuracy"]
    source = resolve_source(tmp_path / "run")
    assert (source.encoder, source.steps, source.data) == ("direct", 4, "digits:stratified:0")


def test_evaluate_feeds_a_run_as_it_was_trained(run, tmp_path: Path) -> None:
    config = CONFIG.model_copy(update={"anneal_epochs": 0})
    result = train(config, progress=False)
    save_run(result, config, tmp_path / "made")
    code, out, err = run("evaluate", "made", "--targets", "torch,frozen,engine", "--json", "--quiet")
    assert code == 0, err
    accuracy = json.loads(out)["accuracy"]
    assert accuracy["torch"] == pytest.approx(result.metrics["accuracy"], abs=0.01)
    assert accuracy["frozen"] == pytest.approx(result.metrics["frozen_accuracy"], abs=0.01)
    assert accuracy["engine"] == pytest.approx(accuracy["frozen"], abs=0.03)


def test_a_run_from_before_the_encoder_was_a_choice_is_rate_coded(tmp_path: Path) -> None:
    config = CONFIG.model_copy(update={"encoder": "rate", "anneal_epochs": 0})
    result = train(config, progress=False)
    save_run(result, config, tmp_path / "run")
    marker = tmp_path / "run" / "run.json"
    content = json.loads(marker.read_text())
    for name in ("encoder", "anneal_epochs"):
        del content["config"][name]
    marker.write_text(json.dumps(content))
    run = load_run(tmp_path / "run")
    assert run.config == config and not run.exact.annealed
    assert all(torch.equal(t, run.exact.state_dict()[n]) for n, t in result.model.state_dict().items())
    assert resolve_source(tmp_path / "run").encoder == "rate"
