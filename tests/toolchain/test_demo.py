"""The demo, all of it: trained for real, written whole, and everything it claims is in its folder."""

import json
from pathlib import Path

import numpy as np
import pytest

from spikewright.exporters.program.file import load_program
from spikewright.simulators.chips.profile import list_chips, load_chip
from spikewright.simulators.run import simulate
from spikewright.toolchain.comparison import compare
from spikewright.toolchain.data.samples import load_samples
from spikewright.toolchain.demo import run_demo
from spikewright.toolchain.sources import resolve_source

# The whole demo runs once, in the setup of the first test; a busy machine may need several times its 75 s.
pytestmark = [pytest.mark.torch, pytest.mark.timeout(900)]


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict, Path]:
    out = tmp_path_factory.mktemp("demo") / "out"
    return run_demo(out), out


def test_accuracies(demo: tuple[dict, Path]) -> None:
    assert demo[0]["seeds"] == [0, 1, 2]
    rows = {name: row["mean"] for name, row in demo[0]["accuracy"].items()}
    for stage in ("exact", "frozen", "integer"):
        assert rows[stage] >= 0.965 and min(demo[0]["accuracy"][stage]["each"]) >= 0.955, stage
    assert abs(rows["integer"] - rows["frozen"]) <= 0.005
    assert 0.85 <= rows["writer_disjoint_exact"] <= rows["exact"], "other writers are harder"


def test_chain(demo: tuple[dict, Path]) -> None:
    pairs = {tuple(pair["backends"]): pair for pair in demo[0]["comparison"]["pairs"]}
    assert pairs["frozen", "run_graph"]["mismatches"] == 0
    assert pairs["run_graph", "oracle"]["spike_agreement"] > 0.98
    assert pairs["torch", "frozen"]["first_divergence"] is not None
    assert pairs["oracle", "engine"]["mismatches"] == 0


def test_errors_are_split_and_every_loss_has_its_effect(demo: tuple[dict, Path]) -> None:
    comparison = demo[0]["comparison"]
    pairs = {tuple(pair["backends"]): pair for pair in comparison["pairs"]}
    for pair in pairs.values():
        assert all(p["alone"] is not None for p in pair["populations"])
    first, second = pairs["run_graph", "oracle"]["populations"]
    assert first["alone"] == first["mismatches"] and second["alone"] < second["mismatches"]
    assert [e["loss"] for e in comparison["effects"][:-1]] == demo[0]["losses"]
    assert all(e["mismatches"] is not None or e["reason"] for e in comparison["effects"])
    assert comparison["effects"][-1]["mismatches"] == pairs["run_graph", "oracle"]["mismatches"]


@pytest.mark.lava
def test_lava_agrees_on_every_spike(demo: tuple[dict, Path]) -> None:
    pairs = {tuple(pair["backends"]): pair for pair in demo[0]["comparison"]["pairs"]}
    found = pairs["engine", "lava"]
    assert found["mismatches"] == 0
    slots = {p["population"]: p["slots"] for p in found["populations"]}
    assert all(slots[name] >= 100 * 8 for name in slots if name != "readout.mean") and len(slots) >= 2


def test_numbers_carry_their_recipe(demo: tuple[dict, Path]) -> None:
    content = demo[0]
    for estimate in content["energy"].values():
        assert estimate["kind"] == "estimated" and estimate["unit"] == "pJ per sample" and estimate["not_included"]
        per_op = estimate["energy_per_synaptic_op_pj"]
        if estimate["timing"]:
            assert per_op["all_in"] > per_op["incremental"]
            assert 0 < estimate["latency_ns"] <= estimate["latency_bounds_ns"][1]
    assert (
        set(content["energy"]) == {name for name in list_chips() if load_chip(name).energy}
        and content["not_priced"] == {}
    )
    assert content["activity"]["backend"] == "engine" and 0 < content["activity"]["sparsity"] < 1
    assert content["losses"] and content["provenance"]["torch"]


def test_report_is_of_the_same_run(demo: tuple[dict, Path]) -> None:
    content, out = demo
    report = json.loads((out / "report.json").read_text())
    assert report["provenance"]["program_hash"] == content["program_hash"]
    assert report["activity"] == content["activity"]
    assert report["accuracy"]["engine"] == {"share": content["accuracy"]["integer"]["each"][0], "samples": 397}
    assert report["cost"]["total_pj"] == content["energy"][report["cost"]["chip"]]["total_pj"]
    assert "<svg" in (out / "report.html").read_text(encoding="utf-8")


def test_folder_holds_what_was_reported(demo: tuple[dict, Path]) -> None:
    content, out = demo
    assert json.loads((out / "demo.json").read_text())["program_hash"] == content["program_hash"]
    program = load_program(out / "export/network.program")
    assert program.content_hash == content["program_hash"]
    samples = load_samples(content["data"], 8)
    accuracy = float((simulate(program, samples.x).predict() == samples.y).mean())
    assert accuracy == content["accuracy"]["integer"]["each"][0]
    source = resolve_source(out / "run")
    again = compare(source, samples.x[:, :20], targets=("frozen", "run_graph"), calibration=samples.calibration)
    assert again.pairs[0].mismatches == 0
    assert source.program(samples.calibration).content_hash == program.content_hash
    assert np.isclose(
        content["activity"]["synaptic_ops_per_sample"]["hidden1.circuit"],
        simulate(program, samples.x).synaptic_ops["hidden1.circuit"].sum() / 397,
    )
