"""The report as JSON: it follows its schema whatever it is made of, and refuses what does not belong together."""

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import jsonschema
import numpy as np
import pytest

from samples import layered
from spikewright.models.errors import BackendUnavailable, InputError
from spikewright.toolchain.reporting import report
from spikewright.toolchain.reporting.schema import json_schema

PUBLISHED = Path(__file__).parents[3] / "docs/report.schema.json"


def valid(content: str) -> dict:
    """Content of a report's JSON after it was checked against the published schema."""
    loaded = json.loads(content)
    jsonschema.Draft202012Validator(json.loads(PUBLISHED.read_text())).validate(loaded)
    return loaded


def test_published_schema_is_the_one_of_the_code() -> None:
    """After a change: write ``json.dumps(json_schema(), indent=2)`` to the file."""
    assert json.loads(PUBLISHED.read_text()) == json_schema()


def test_everything_together_follows_the_schema(demo_sized: tuple) -> None:
    trace, cost, result = demo_sized
    content = valid(report(trace, cost, result, data="random", labels=np.zeros(20, int)).to_json())
    assert content["provenance"]["program_hash"] == trace.program_hash == content["network"]["program_hash"]
    assert content["cost"]["total_pj"] == pytest.approx(cost.total_pj)
    assert sum(sum(row.values()) for row in content["cost"]["by_population_pj"].values()) == pytest.approx(
        cost.total_pj
    )
    assert content["activity"]["synaptic_ops_per_sample"]["to layer1"] == trace.synaptic_ops["to layer1"].sum() / 20
    assert content["accuracy"]["engine"]["share"] == np.mean(trace.predict() == 0)
    assert list(content["activity"]["synaptic_ops_per_sample"]) == ["to layer1", "to layer2", "to layer3"]
    for name, rate in content["rates"].items():
        assert sum(rate["neurons"]) == trace.counts[name].shape[1], name
        assert rate["silent"] == (trace.counts[name].sum(0) == 0).sum()
    for name, weights in content["weights"].items():
        assert sum(weights["synapses"]) == demo_sized[2].program.projections[int(name[-1]) - 1].weights.size


def test_accuracy_is_that_of_the_whole_run_where_the_comparison_took_a_part(everything) -> None:
    trace, cost, _ = everything(layered((5, 40, 3)), samples=40)
    part = everything(layered((5, 40, 3)), samples=10)[2]
    labels = np.where(np.arange(40) < 10, trace.predict(), -1)
    accuracy = report(trace, cost, part, labels=labels).content["accuracy"]
    assert accuracy["engine"] == {"share": 0.25, "samples": 40} and accuracy["oracle"]["samples"] == 10


def test_a_trace_alone_is_a_report(demo_sized: tuple) -> None:
    content = valid(report(demo_sized[0]).to_json())
    assert content["cost"] is content["comparison"] is content["network"] is None
    assert content["command"] == 'sw.report(trace).save("report.html")'


def test_the_call_that_regenerates_the_page_names_what_was_given(demo_sized: tuple) -> None:
    trace, cost, result = demo_sized
    assert report(trace, cost, result).content["command"] == 'sw.report(trace, cost, result).save("report.html")'
    assert report(trace, None, result).content["command"] == 'sw.report(trace, result=result).save("report.html")'
    assert report(trace, command="spikewright report a").content["command"] == "spikewright report a"


def test_a_float_backend_has_no_synaptic_operations(demo_sized: tuple) -> None:
    trace = replace(demo_sized[0], backend="torch", program_hash=None, synaptic_ops={}, updates={})
    content = valid(report(trace, result=demo_sized[2]).to_json())
    assert content["activity"]["synaptic_ops_per_sample"] == {}


@pytest.mark.parametrize("chip", ["loihi1-davies2018", "loihi1-nahuku-fit", "horowitz-45nm"])
def test_every_profile_that_ships_follows_the_schema(everything, chip: str) -> None:
    content = valid(report(*everything(layered((5, 4, 3)), chip=chip)).to_json())
    assert content["cost"]["chip"] == chip
    assert (content["cost"]["placement"]["mesh"] is None) == (chip == "horowitz-45nm")


def test_a_silent_network_has_an_undefined_energy_per_operation(everything) -> None:
    trace, cost, result = everything(layered((5, 4, 3)), rate=0.0)
    content = valid(report(trace, cost, result).to_json())
    assert content["cost"]["energy_per_synaptic_op_pj"]["all_in"] is None
    assert content["activity"]["sparsity"] == 1.0
    assert "undefined" in report(trace, cost, result).to_html()


def test_results_of_different_programs_are_refused_all_at_once(everything) -> None:
    one, two, three = (everything(layered((5, 4, 3), vth=vth)) for vth in (100, 200, 300))
    with pytest.raises(InputError, match="different ones") as refused:
        report(one[0], two[1], three[2])
    assert [sentence.split(":")[0] for sentence in refused.value.violations] == ["trace", "cost", "comparison"]


@pytest.mark.parametrize("labels", [np.zeros(2, int), np.zeros((3, 1), int)])
def test_labels_are_one_class_for_every_sample(everything, labels: np.ndarray) -> None:
    with pytest.raises(InputError, match="one class for every sample"):
        report(everything(layered((5, 4, 3)))[0], labels=labels)


def test_json_needs_no_drawing_library(tmp_path: Path) -> None:
    layered((5, 4, 3)).save(tmp_path / "p")
    code = (
        "import sys, numpy, spikewright.toolchain as sw;"
        "program = sw.load_program('p'); trace = sw.simulate(program, numpy.ones((2, 1, 5), int), backend='oracle');"
        "sw.report(trace).to_json();"
        "sys.exit(str({'matplotlib', 'jinja2', 'torch'} & set(sys.modules) or ''))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True)
    assert done.stderr.strip() == ""


def test_without_matplotlib_the_page_says_what_to_install(demo_sized, tmp_path: Path, monkeypatch) -> None:
    for name in [name for name in sys.modules if name.startswith("spikewright.toolchain.reporting.")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(BackendUnavailable, match=r"matplotlib.*spikewright\[report\]"):
        report(demo_sized[0]).save(tmp_path / "report.html")
    assert not list(tmp_path.iterdir())


def test_a_page_is_written_whole_or_not_at_all(demo_sized, tmp_path: Path) -> None:
    made = report(*demo_sized)
    with pytest.raises(InputError, match="does not exist"):
        made.save(tmp_path / "missing/report.html")
    made.save(tmp_path / "report.html")
    assert [path.name for path in tmp_path.iterdir()] == ["report.html"]
    assert (tmp_path / "report.html").read_text(encoding="utf-8").rstrip().endswith("</html>")
