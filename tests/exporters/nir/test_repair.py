"""Each repair by itself: what it makes of the file, and the sentence that tells it."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import h5py
import nir
import numpy as np
import pytest

from spikewright.exporters.nir.files import read_nir
from spikewright.models.errors import InputError

TEXT = h5py.string_dtype()
Read = Callable[..., tuple[nir.NIRGraph, str]]


def lif(n: tuple[int, ...] = (3,)) -> dict[str, Any]:
    return {"type": "LIF", **{f: np.ones(n) for f in ("tau", "r", "v_leak", "v_threshold")}, "v_reset": np.zeros(n)}


def linear(out: int, into: int) -> dict[str, Any]:
    return {"type": "Linear", "weight": np.arange(1.0, out * into + 1).reshape(out, into)}


def port(kind: str, *shape: int) -> dict[str, Any]:
    return {"type": kind, "shape": np.array(shape)} if shape else {"type": kind}


def conv(weight: np.ndarray, **fields: Any) -> dict[str, Any]:
    return {
        "type": "Conv2d",
        "weight": weight,
        "stride": 1,
        "padding": 0,
        "dilation": 1,
        "groups": 1,
        "bias": np.zeros(len(weight)),
        **fields,
    }


def plain() -> dict[str, dict[str, Any]]:
    return {"input": port("Input", 4), "fc": linear(3, 4), "lif": lif(), "output": port("Output", 3)}


def chained(nodes: dict[str, Any]) -> list[tuple[str, str]]:
    names = list(nodes)
    return list(pairwise(names))


def graph(nodes: dict[str, Any], edges: list[tuple[str, str]] | None = None) -> dict[str, Any]:
    pairs = chained(nodes) if edges is None else edges
    return {"type": "NIRGraph", "nodes": nodes, "edges": np.array(pairs, TEXT)}


@pytest.fixture
def read(tmp_path: Path) -> Read:
    """Write nodes and edges as raw HDF5, read them, return the graph and all repairs as one text."""

    def fill(group: h5py.Group, content: dict[str, Any]) -> None:
        for name, value in content.items():
            if isinstance(value, dict):
                fill(group.require_group(name), value)
            else:
                group[name] = value

    def do(nodes: dict[str, Any], edges: list[tuple[str, str]] | None = None) -> tuple[nir.NIRGraph, str]:
        with h5py.File(tmp_path / "a.nir", "w") as file:
            fill(file.create_group("node"), graph(nodes, edges))
        found = read_nir(tmp_path / "a.nir")
        return found, "\n".join(found.metadata["spikewright"]["repairs"])

    return do


@pytest.mark.parametrize("value", [np.array(0.5), np.array([0.5])])
def test_one_value_holds_for_all_neurons(read: Read, value: np.ndarray) -> None:
    fields = dict.fromkeys(("tau", "r", "v_leak", "v_threshold", "v_reset"), value)
    found, told = read(plain() | {"lif": {"type": "LIF", **fields}})
    np.testing.assert_array_equal(found.nodes["lif"].tau, [0.5, 0.5, 0.5])
    assert told == "LIF 'lif': one value of tau, r, v_leak, v_threshold, v_reset was taken for all of (3,)."


def test_missing_reset_is_zero_and_missing_input_weight_one(read: Read) -> None:
    fields = ("tau_syn", "tau_mem", "r", "v_leak", "v_threshold")
    found, told = read(plain() | {"lif": {"type": "CubaLIF", **{f: np.ones(3) for f in fields}}})
    np.testing.assert_array_equal(found.nodes["lif"].v_reset, np.zeros(3))
    np.testing.assert_array_equal(found.nodes["lif"].w_in, np.ones(3))
    assert "v_reset is missing and was taken as 0" in told
    assert "w_in is missing and was taken as 1" in told


@pytest.mark.parametrize(
    ("input_shape", "output_shape", "sentence"),
    [
        ((), (3,), "Input 'input' states no shape"),
        ((1, 4), (3,), "Input 'input' states (1, 4); what it feeds takes (4,)"),
        ((16, 4), (16, 3), "Output 'output' states (16, 3); (3,) arrives"),
        ((4,), (), ""),
    ],
)
def test_shapes_of_inputs_and_outputs(read: Read, input_shape: Any, output_shape: Any, sentence: str) -> None:
    nodes = plain() | {"input": port("Input", *input_shape), "output": port("Output", *output_shape)}
    found, told = read(nodes)
    assert tuple(found.nodes["input"].input_type["input"]) == (4,)
    assert tuple(found.nodes["output"].output_type["output"]) == (3,)
    assert sentence in told


@pytest.mark.parametrize("stated", [(1, 6, 8), (5, 1, 6, 8)])
def test_a_convolution_takes_what_arrives(read: Read, stated: tuple[int, ...]) -> None:
    nodes = {"input": port("Input", *stated), "conv": conv(np.ones((2, 1, 3, 5))), "output": port("Output")}
    found, told = read(nodes)
    assert found.nodes["conv"].input_shape == (6, 8)
    assert tuple(found.nodes["conv"].output_type["output"]) == (2, 4, 4)
    assert "input_shape is missing; (6, 8) arrives" in told


@pytest.mark.parametrize("padding", [1, np.array([1]), np.array([1, 1]), "1", np.bytes_(b"1"), "(1, 1)"])
def test_windows_in_any_notation(read: Read, padding: Any) -> None:
    node = conv(np.ones((2, 1, 3, 3)), padding=padding, stride=padding, dilation=padding)
    found, _ = read({"input": port("Input", 1, 6, 8), "conv": node, "output": port("Output")})
    assert found.nodes["conv"].padding == (1, 1)
    assert tuple(found.nodes["conv"].output_type["output"]) == (2, 6, 8)


def test_padding_same_as_bytes(read: Read) -> None:
    node = conv(np.ones((2, 1, 3, 3)), padding=np.bytes_(b"same"))
    found, _ = read({"input": port("Input", 1, 6, 8), "conv": node, "output": port("Output")})
    assert found.nodes["conv"].padding == "same"
    assert tuple(found.nodes["conv"].output_type["output"]) == (2, 6, 8)


def test_flatten_that_counts_a_batch_axis(read: Read) -> None:
    flat = {"type": "Flatten", "start_dim": 1, "end_dim": -1}
    nodes = {"input": port("Input", 2, 3, 4), "flat": flat, "fc": linear(5, 24), "output": port("Output", 5)}
    found, told = read(nodes)
    assert found.nodes["flat"].start_dim == 0
    assert "start_dim 1 counts a batch axis" in told


def test_a_slash_in_a_name_becomes_a_dot(read: Read) -> None:
    nodes = {"input": port("Input", 4), "a": {"fc": linear(3, 4), "lif": lif()}, "output": port("Output", 3)}
    found, told = read(nodes, [("input", "a/fc"), ("a/fc", "a/lif"), ("a/lif", "output")])
    assert sorted(found.edges) == [("a.fc", "a.lif"), ("a.lif", "output"), ("input", "a.fc")]
    assert "Node 'a/fc' was renamed 'a.fc'" in told


def test_a_slash_below_a_node(read: Read) -> None:
    nodes = {"input": port("Input", 4), "a": {**linear(3, 4), "lif": lif()}, "output": port("Output", 3)}
    found, _ = read(nodes, [("input", "a"), ("a", "a/lif"), ("a/lif", "output")])
    assert sorted(found.nodes) == ["a", "a.lif", "input", "output"]


def test_edges_twice_and_nodes_without_any(read: Read) -> None:
    nodes = plain()
    edges = [*chained(nodes), ("fc", "lif")]
    found, told = read(nodes | {"spare": linear(9, 9)}, edges)
    assert sorted(found.edges) == sorted(chained(nodes))
    assert "spare" not in found.nodes
    assert "names 1 edge(s) twice" in told
    assert "Linear 'spare' has no edge; left out." in told


def test_edges_to_nowhere_are_refused_all_at_once(read: Read) -> None:
    with pytest.raises(InputError, match="The edge 'fc' -> 'lfi' names 'lfi', which is missing") as caught:
        read(plain(), [*chained(plain()), ("fc", "lfi"), ("gone", "lif")])
    assert len(caught.value.violations) == 2


@pytest.mark.parametrize(("source", "target"), [("lif", "gone"), ("gone", "lif")])
def test_inside_a_sub_graph_an_edge_to_nowhere_is_left_out_where_another_edge_stays(
    read: Read, source: str, target: str
) -> None:
    nodes = {"input": port("Input", 3), "rec": recurrent(""), "output": port("Output", 3)}
    inner = nodes["rec"]["edges"].tolist()
    nodes["rec"]["edges"] = np.array([*inner, (source, target)], TEXT)
    found, told = read(nodes)
    assert sorted(found.edges) == sorted(read(nodes | {"rec": recurrent("")})[0].edges)
    assert f"The edge {source!r} -> {target!r} inside 'rec' names 'gone', which is missing; left out." in told


def test_inside_a_sub_graph_no_node_comes_loose(read: Read) -> None:
    nodes = {"input": port("Input", 3), "rec": recurrent(""), "output": port("Output", 3)}
    nodes["rec"]["edges"] = np.array([("input", "lif"), ("lif", "w_rec"), ("w_rec", "lfi"), ("lif", "output")], TEXT)
    with pytest.raises(InputError, match="'w_rec' -> 'lfi' inside 'rec' names 'lfi'"):
        read(nodes)


def test_ends_without_input_and_output_get_them(read: Read) -> None:
    found, told = read({"fc": linear(3, 4), "lif": lif()})
    assert sorted(found.edges) == [("fc", "lif"), ("input_fc", "fc"), ("lif", "output_lif")]
    assert tuple(found.nodes["input_fc"].input_type["input"]) == (4,)
    assert "Nothing feeds 'fc'" in told
    assert "'lif' feeds nothing" in told


def recurrent(prefix: str) -> dict[str, Any]:
    inner = {"input": port("Input", 3), "lif": lif(), "w_rec": linear(3, 3), "output": port("Output", 3)}
    pairs = [("input", "lif"), ("lif", "w_rec"), ("w_rec", "lif"), ("lif", "output")]
    return graph(inner, [(prefix + a, prefix + b) for a, b in pairs])


@pytest.mark.parametrize("prefix", ["", "rec."])
def test_a_sub_graph_whose_edges_name_its_nodes_from_outside(read: Read, prefix: str) -> None:
    nodes = {"input": port("Input", 4), "fc": linear(3, 4), "rec": recurrent(prefix), "output": port("Output", 3)}
    found, told = read(nodes)
    inside = [("rec.lif", "rec.w_rec"), ("rec.w_rec", "rec.lif")]
    assert sorted(found.edges) == sorted([("input", "fc"), ("fc", "rec.lif"), ("rec.lif", "output"), *inside])
    assert ("An edge inside 'rec'" in told) == bool(prefix)


def test_edges_to_a_node_inside_a_sub_graph(read: Read) -> None:
    nodes = {"input": port("Input", 4), "fc": linear(3, 4), "rec": recurrent(""), "output": port("Output", 3)}
    found, _ = read(nodes, [("input", "fc"), ("fc", "rec.lif"), ("rec.output", "output")])
    assert ("fc", "rec.lif") in found.edges
    assert ("rec.lif", "output") in found.edges


def test_two_paths_between_two_nodes_stay_two(read: Read) -> None:
    around = graph({"input": port("Input", 3), "output": port("Output", 3)})
    nodes = {"input": port("Input", 3), "sub": around, "lif": lif(), "output": port("Output", 3)}
    found, _ = read(nodes, [("input", "sub"), ("sub", "lif"), ("input", "lif"), ("lif", "output")])
    assert sum(target == "lif" for _, target in found.edges) == 2
    np.testing.assert_array_equal(next(n for n in found.nodes.values() if isinstance(n, nir.Scale)).scale, np.ones(3))


@pytest.mark.parametrize("have", [(1, 3), (3,)])
def test_parameters_with_a_batch_axis(read: Read, have: tuple[int, ...]) -> None:
    found, told = read(plain() | {"lif": lif(have)})
    assert found.nodes["lif"].tau.shape == (3,)
    assert ("tau of shape (1, 3) was taken as (3,)" in told) == (have == (1, 3))


def test_one_value_per_channel(read: Read) -> None:
    nodes = {"input": port("Input", 2, 4, 5), "lif": lif((2, 1, 1)), "output": port("Output")}
    pool = {"type": "AvgPool2d", "kernel_size": 1, "stride": 1, "padding": 0}
    found, told = read({"input": nodes["input"], "pool": pool, "lif": nodes["lif"], "output": nodes["output"]})
    assert found.nodes["lif"].tau.shape == (2, 4, 5)
    assert "tau of shape (2, 1, 1) was taken as (2, 4, 5)" in told


def test_transposed_weights_are_told_never_turned(read: Read) -> None:
    with pytest.raises(InputError, match=r"looks transposed: NIR stores \(out, in\)"):
        read(plain() | {"fc": linear(4, 3)})


def test_an_unknown_field_is_ignored_and_told(read: Read) -> None:
    _, told = read(plain() | {"lif": {**lif(), "refractory": 2.0}})
    assert told == "LIF 'lif': the unknown field 'refractory' was ignored."
