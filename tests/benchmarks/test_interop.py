"""The table of readers and files: fixtures, results and page belong together."""

import importlib.util
import json
import sys
from pathlib import Path

import nir
import numpy as np
import pytest

from graphs import chain

sys.path.append(str(Path(__file__).parents[2]))  # the benchmarks are run from the top of the repository

from benchmarks.interop import ours
from benchmarks.interop.__main__ import FIXTURES, HERE, RESULTS
from benchmarks.interop.environments import FRAMEWORKS, cache_folder
from benchmarks.interop.table import equal, page


def recording():
    """The generators' own helper, which lies beside them and is no part of the package."""
    spec = importlib.util.spec_from_file_location("recording", HERE / "recording.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_every_framework_has_a_generator() -> None:
    assert all((HERE / f"{framework.name}_nets.py").is_file() for framework in FRAMEWORKS)


def test_repacking_keeps_every_value_and_makes_the_file_smaller(tmp_path: Path) -> None:
    path = tmp_path / "a.nir"
    graph = chain([np.random.default_rng(0).normal(size=(4, 3))])
    nir.write(path, graph)
    size = path.stat().st_size
    recording().repack(path)
    again = nir.read(path)
    assert path.stat().st_size < size / 2 and list(tmp_path.iterdir()) == [path]
    assert sorted(again.edges) == sorted(graph.edges)
    for name, node in graph.nodes.items():
        arrays = {field: value for field, value in vars(node).items() if isinstance(value, np.ndarray)}
        for field, value in arrays.items():
            np.testing.assert_array_equal(getattr(again.nodes[name], field), value)


def test_a_network_that_a_framework_cannot_write_is_kept_with_its_reason(tmp_path: Path) -> None:
    folder = recording().Folder(str(tmp_path))

    def build(folder, name: str) -> None:
        folder.file(name).write_text("half")
        raise ValueError("no such layer\nand more")

    folder.attempt("broken", build)
    folder.close({"numpy": "2"})
    assert json.loads((tmp_path / "about.json").read_text()) == {
        "networks": {},
        "not_exported": {"broken": "ValueError: no such layer"},
        "versions": {"numpy": "2"},
    }
    assert [path.name for path in tmp_path.iterdir()] == ["about.json"]


def test_environments_lie_outside_the_repository(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SPIKEWRIGHT_CACHE_DIR", str(tmp_path))
    assert cache_folder() == tmp_path / "interop"
    monkeypatch.delenv("SPIKEWRIGHT_CACHE_DIR")
    assert not cache_folder().is_relative_to(HERE.parents[1])


def test_a_recording_is_judged_by_its_spikes(tmp_path: Path) -> None:
    original = FIXTURES / "snntorch" / "mlp_leaky_zero_uniform.nir"
    judged = ours.judge(original)
    assert judged["told"]["differ"] == judged["recognised"]["differ"] == 0 < judged["of"]
    copy = tmp_path / original.name
    copy.write_bytes(original.read_bytes())
    (tmp_path / "about.json").write_bytes((original.parent / "about.json").read_bytes())
    with np.load(original.with_suffix(".npz")) as held:
        arrays = dict(held)
    arrays["spikes:lif2"][3, 0, :2] ^= 1
    np.savez(copy.with_suffix(".npz"), **arrays)
    assert ours.judge(copy)["told"]["differ"] == 2


def test_the_committed_page_is_that_of_the_committed_results_and_these_of_the_fixtures() -> None:
    result = json.loads((RESULTS / "interop.json").read_text())
    files = {(path.parent.name, path.stem) for path in FIXTURES.glob("*/*.nir") if path.with_suffix(".npz").is_file()}
    assert {(row["framework"], row["network"]) for row in result["files"]} == files
    assert (RESULTS / "INTEROP.md").read_text() == page(result)
    assert str(FIXTURES.parents[2]) not in page(result)


def test_equal_means_loaded_and_not_one_spike_off() -> None:
    row = {"readers": {"spikewright": {"loads": True, "recognised": {"differ": 0}}, "nirtorch": {"loads": False}}}
    assert equal(row, "spikewright") and not equal(row, "nirtorch")
    row["readers"]["nirtorch"] = {"loads": True, "runs": True, "differ": 1}
    assert not equal(row, "nirtorch")
