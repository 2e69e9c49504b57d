"""Other frameworks' files: read as the strict reader does where it can, flat, typed, with every repair told."""

from __future__ import annotations

import gzip
import os
import time
from itertools import pairwise
from pathlib import Path

import h5py
import nir
import numpy as np
import pytest

from graphs import chain
from spikewright.exporters.nir.execute import run_graph
from spikewright.exporters.nir.files import read_nir, write_nir
from spikewright.exporters.nir.flatten import flatten
from spikewright.exporters.nir.limits import Limits
from spikewright.models.errors import InputError

FIXTURES = Path(__file__).parents[2] / "fixtures" / "nir"
FILES = sorted(
    path.relative_to(FIXTURES).as_posix() for path in [*FIXTURES.glob("*/*.nir"), *FIXTURES.glob("*.nir.gz")]
)
DATA = Path(os.environ.get("SPIKEWRIGHT_DATA", Path(__file__).parents[4] / "shared" / "data")) / "nir"


def unpacked(name: str, folder: Path) -> Path:
    path = FIXTURES / name
    if path.suffix == ".gz":
        (folder / "a.nir").write_bytes(gzip.decompress(path.read_bytes()))
        return folder / "a.nir"
    return path


@pytest.mark.parametrize("name", FILES)
def test_every_framework_file_is_read_and_written_for_the_strict_reader(name: str, tmp_path: Path) -> None:
    graph = read_nir(unpacked(name, tmp_path))
    assert not any(isinstance(node, nir.NIRGraph) for node in graph.nodes.values())
    for node in graph.nodes.values():
        assert all(shape is not None for shape in (*node.input_type.values(), *node.output_type.values()))
    write_nir(graph, tmp_path / "b.nir")
    assert set(nir.read(tmp_path / "b.nir").edges) == set(graph.edges)
    again = read_nir(tmp_path / "b.nir")
    assert again.metadata["spikewright"]["repairs"] == graph.metadata["spikewright"]["repairs"]


@pytest.mark.parametrize("name", FILES)
def test_values_are_those_of_the_strict_reader_where_it_reads(name: str, tmp_path: Path) -> None:
    path = unpacked(name, tmp_path)
    try:
        strict = flatten(read_nir(path, strict=True))
    except InputError:
        assert name.split("/")[0] in ("rockpool", "sinabs")  # batch axes and scalars, which nir.read refuses
        return
    graph = read_nir(path)
    assert sorted(graph.edges) == sorted(strict.edges)
    assert graph.nodes.keys() == strict.nodes.keys()
    for key, node in strict.nodes.items():
        for field, value in vars(node).items():
            if isinstance(value, np.ndarray):
                np.testing.assert_array_equal(getattr(graph.nodes[key], field), value)


@pytest.mark.skipif(not DATA.is_dir(), reason=f"no NIR files at {DATA}")
def test_files_of_the_nir_paper() -> None:
    paths = sorted(DATA.glob("*.nir"))
    assert paths
    for path in paths:
        graph = read_nir(path)
        repairs = graph.metadata["spikewright"]["repairs"]
        assert all("v_reset is missing" in repair for repair in repairs)


def test_the_dialect_is_noted_and_survives_the_file(tmp_path: Path) -> None:
    write_nir(chain([np.eye(3)]), tmp_path / "a.nir")
    graph = read_nir(tmp_path / "a.nir", dialect="snntorch")
    assert graph.metadata["spikewright"]["dialect"] == "snntorch"
    write_nir(graph, tmp_path / "b.nir")
    assert read_nir(tmp_path / "b.nir").metadata["spikewright"]["dialect"] == "snntorch"
    assert "dialect" not in read_nir(tmp_path / "a.nir").metadata["spikewright"]


def test_strict_reads_what_nir_reads_and_no_more(tmp_path: Path) -> None:
    write_nir(chain([np.eye(3)]), tmp_path / "a.nir")
    with h5py.File(tmp_path / "a.nir", "a") as file:
        file["node/nodes/fc1/spare"] = 1.0
    assert len(read_nir(tmp_path / "a.nir").metadata["spikewright"]["repairs"]) == 1
    with pytest.raises(InputError, match="strict=False"):
        read_nir(tmp_path / "a.nir", strict=True)


def test_limits_are_the_callers(tmp_path: Path) -> None:
    write_nir(chain([np.ones((50, 40))]), tmp_path / "a.nir")
    with pytest.raises(InputError, match="limit 1000"):
        read_nir(tmp_path / "a.nir", limits=Limits(bytes=1000))
    with pytest.raises(InputError, match="more than 3 nodes"):
        read_nir(tmp_path / "a.nir", limits=Limits(nodes=3))
    assert read_nir(tmp_path / "a.nir", limits=Limits(bytes=30_000, nodes=4)).nodes


def test_open_shapes_are_written(tmp_path: Path) -> None:
    nodes = {
        "input": nir.Input(np.array([1, 6, 6])),
        "pool": nir.SumPool2d(np.array([2, 2]), np.array([2, 2]), np.array([0, 0])),
        "conv": nir.Conv2d(None, np.ones((2, 1, 2, 2)), 1, 0, 1, 1, np.zeros(2)),
        "flat": nir.Flatten({"input": None}, 0),
        "output": nir.Output(np.array([8])),
    }
    names = list(nodes)
    graph = nir.NIRGraph(nodes, list(pairwise(names)), type_check=False)
    write_nir(graph, tmp_path / "a.nir")
    strict = nir.read(tmp_path / "a.nir")
    assert tuple(strict.nodes["conv"].input_shape) == (3, 3)
    assert tuple(strict.nodes["flat"].input_type["input"]) == (2, 2, 2)


def test_what_strict_readers_mistype_is_refused_with_nothing_written(tmp_path: Path) -> None:
    nodes = {
        "input": nir.Input(np.array([1, 6, 6])),
        "conv": nir.Conv2d((6, 6), np.ones((1, 1, 1, 3)), 1, 0, 1, 1, np.zeros(1)),
        "output": nir.Output(np.array([1, 6, 4])),
    }
    graph = nir.NIRGraph(nodes, [("input", "conv"), ("conv", "output")], type_check=False)
    with pytest.raises(InputError, match="would not read it back"):
        write_nir(graph, tmp_path / "a.nir")
    assert not list(tmp_path.iterdir())


def test_a_sub_graph_runs_as_its_nodes_do(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    inner = chain([rng.normal(0, 1, (4, 3))])
    port = {"input": nir.Input(np.array([3])), "output": nir.Output(np.array([4]))}
    outer = nir.NIRGraph({**port, "sub": inner}, [("input", "sub"), ("sub", "output")])
    nir.write(tmp_path / "a.nir", outer)
    graph = read_nir(tmp_path / "a.nir")
    assert sorted(graph.nodes) == ["input", "output", "sub.fc1", "sub.n1"]
    assert graph.metadata["spikewright"]["repairs"] == ["Sub-graph 'sub' was inlined."]
    x = rng.normal(2, 1, (20, 2, 3))
    expected = run_graph(inner, x).spikes["n1"]
    assert expected.any()
    np.testing.assert_array_equal(run_graph(graph, x).spikes["sub.n1"], expected)


@pytest.mark.parametrize(
    "stored",
    [{}, {"chunks": (2, 2)}, {"chunks": (3, 1), "compression": 9, "shuffle": True}],
)
@pytest.mark.parametrize("strict", [False, True])
def test_text_is_read_however_it_is_stored(tmp_path: Path, stored: dict, strict: bool) -> None:
    graph = chain([np.eye(3), np.eye(3)])
    write_nir(graph, tmp_path / "a.nir")
    with h5py.File(tmp_path / "a.nir", "a") as file:
        del file["node/edges"]
        file["node"].create_dataset("edges", data=np.array(graph.edges, h5py.string_dtype()), **stored)
    assert sorted(read_nir(tmp_path / "a.nir", strict=strict).edges) == sorted(graph.edges)


def test_a_large_network_is_read_in_time_that_grows_with_its_edges(tmp_path: Path) -> None:
    ports = {"input": nir.Input(np.array([2])), "output": nir.Output(np.array([2]))}
    nodes = {f"{side}{n}": nir.Scale(np.ones(2)) for side in "ab" for n in range(141)}
    edges = [(a, b) for a in nodes for b in nodes if a < "b" <= b]
    edges += [("input" if n < "b" else n, n if n < "b" else "output") for n in nodes]
    nir.write(tmp_path / "a.nir", nir.NIRGraph({**ports, **nodes}, edges, type_check=False))
    begin = time.process_time()
    assert len(read_nir(tmp_path / "a.nir").edges) == 141**2 + 282
    assert time.process_time() - begin < 5
