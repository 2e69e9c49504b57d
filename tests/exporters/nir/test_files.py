"""NIR files: what cannot mean anything is refused with all reasons, and nothing is half-written."""

from pathlib import Path

import h5py
import nir
import numpy as np
import pytest

from graphs import chain, replaced
from spikewright.exporters.nir.files import read_nir, write_nir
from spikewright.models.errors import InputError


def test_written_file_is_read_by_the_strict_reader(tmp_path: Path) -> None:
    graph = chain([np.random.default_rng(0).normal(size=(4, 3))], dt_s=1e-3, reset="zero")
    write_nir(graph, tmp_path / "a.nir")
    again = nir.read(tmp_path / "a.nir")
    np.testing.assert_array_equal(again.nodes["fc1"].weight, graph.nodes["fc1"].weight)
    assert again.metadata["spikewright"]["dt_s"] == 1e-3
    assert sorted(read_nir(tmp_path / "a.nir").edges) == sorted(graph.edges)


def test_all_meaningless_values_are_told_at_once(tmp_path: Path) -> None:
    graph = chain([np.eye(3)])
    node = graph.nodes["n1"]
    weight = np.eye(3)
    weight[0, 1] = np.nan
    broken = replaced(
        graph,
        fc1=nir.Affine(weight, np.zeros(2)),
        n1=nir.LIF(-node.tau, node.r, node.v_leak, -node.v_threshold, v_reset=node.v_reset),
    )
    with pytest.raises(InputError) as caught:
        write_nir(broken, tmp_path / "a.nir")
    assert len(caught.value.violations) == 4
    assert not list(tmp_path.iterdir())
    nir.write(tmp_path / "b.nir", broken)
    with pytest.raises(InputError, match="v_threshold has a minimum of -1"):
        read_nir(tmp_path / "b.nir")


def no_hdf5(path: Path) -> None:
    path.write_text("not a NIR file")


def truncated(path: Path) -> None:
    write_nir(chain([np.eye(3)]), path)
    path.write_bytes(path.read_bytes()[:600])


def other_hdf5(path: Path) -> None:
    with h5py.File(path, "w") as file:
        file["data"] = np.zeros(3)


def unknown_node(path: Path) -> None:
    write_nir(chain([np.eye(3)]), path)
    with h5py.File(path, "a") as file:
        del file["node/nodes/n1/type"]
        file["node/nodes/n1/type"] = "Telepathy"


def single_node(path: Path) -> None:
    nir.write(path, nir.Linear(np.eye(2)))


def missing(path: Path) -> None:
    pass


@pytest.mark.parametrize("make", [no_hdf5, truncated, other_hdf5, unknown_node, single_node, missing])
def test_what_is_no_nir_graph_is_refused(tmp_path: Path, make: object) -> None:
    make(tmp_path / "a.nir")
    with pytest.raises(InputError, match=r"a\.nir"):
        read_nir(tmp_path / "a.nir")


def test_slash_in_a_name_is_refused(tmp_path: Path) -> None:
    nodes = {
        "input": nir.Input({"input": np.array([2])}),
        "a/b": nir.Linear(np.eye(2)),
        "output": nir.Output({"output": np.array([2])}),
    }
    graph = nir.NIRGraph(nodes, [("input", "a/b"), ("a/b", "output")])
    with pytest.raises(InputError, match="HDF5 takes for a folder"):
        write_nir(graph, tmp_path / "a.nir")
    assert not list(tmp_path.iterdir())
