"""Metadata are read as they were written, or refused with the path of what a file cannot hold."""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import Any

import nir
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from graphs import chain
from spikewright.exporters.nir.files import read_nir, write_nir
from spikewright.models.errors import InputError

TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=8)
KEYS = st.text(st.characters(codec="utf-8"), min_size=1, max_size=8).filter(
    lambda key: key.isprintable() and "/" not in key and key not in (".", "metadata", "spikewright")
)
FLOATS = st.floats(allow_nan=False)
INTEGERS = st.integers(-(2**63), 2**63 - 1)
LEAVES = (
    st.none() | st.booleans() | INTEGERS | FLOATS | TEXT | st.lists(TEXT, max_size=3)
    | st.lists(INTEGERS, min_size=1, max_size=3) | st.lists(FLOATS, min_size=1, max_size=3)
    | st.lists(st.booleans(), min_size=1, max_size=3)
)  # fmt: skip
METADATA = st.dictionaries(KEYS, st.recursive(LEAVES, lambda inner: st.dictionaries(KEYS, inner, max_size=3)))


def plain(value: Any) -> Any:
    """Arrays as lists, numpy scalars as Python's."""
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    return value.tolist() if isinstance(value, (np.ndarray, np.generic)) else value


def noted(metadata: dict[str, Any], node: dict[str, Any] | None = None) -> nir.NIRGraph:
    graph = chain([np.eye(3)])
    graph.metadata = metadata
    graph.nodes["n1"].metadata = node or {}
    return graph


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(of_graph=METADATA, of_node=METADATA)
def test_what_is_written_is_read(tmp_path: Path, of_graph: dict[str, Any], of_node: dict[str, Any]) -> None:
    write_nir(noted(of_graph, of_node), tmp_path / "a.nir")
    for strict in (False, True):
        graph = read_nir(tmp_path / "a.nir", strict=strict)
        found = plain({key: value for key, value in graph.metadata.items() if key != "spikewright"})
        assert found == of_graph
        assert plain(graph.nodes["n1"].metadata) == of_node


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (datetime.date(2026, 1, 1), "is date"),
        ({1, 2}, "is set"),
        (1 + 2j, "is complex"),
        (2**70, "is int"),
        ([1, "a"], "several kinds"),
        ([True, 2], "several kinds"),
        ([2**60 + 1, 0.5], "no float beside them"),
        ([["a"], ["b", "c"]], "several lengths"),
        ([None], "several kinds"),
        ("a\0b", "lack"),
        ("\ud800", "no UTF-8"),
        ("x" * 70_000, "at most 65536"),
        ({"a/b": 1}, "has the name 'a/b'"),
        ({3: 1}, "has the name 3"),
        ({"metadata": {}}, "has the name 'metadata'"),
    ],
)
def test_what_a_file_cannot_hold_is_refused_with_its_path(tmp_path: Path, value: Any, reason: str) -> None:
    with pytest.raises(InputError) as caught:
        write_nir(noted({"deep": {"er": value}}, {"here": value}), tmp_path / "a.nir")
    first, second = sorted(caught.value.violations)
    assert first.startswith("metadata['deep']['er']")
    assert "metadata['here']" in second
    assert "of node 'n1'" in second
    assert reason in first
    assert reason in second
    assert not list(tmp_path.iterdir())


def test_our_own_metadata_are_a_mapping(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="must be a mapping"):
        write_nir(noted({"spikewright": "hello"}), tmp_path / "a.nir")
    nir.write(tmp_path / "a.nir", noted({"spikewright": "hello"}))
    for strict in (False, True):
        with pytest.raises(InputError, match=r"a\.nir.*must be a mapping"):
            read_nir(tmp_path / "a.nir", strict=strict)


def test_metadata_of_a_sub_graph_are_kept_and_told(tmp_path: Path) -> None:
    inner = chain([np.eye(3)])
    inner.metadata = {"by": "someone", "spikewright": {"reset": "subtract"}}
    ports = {"input": nir.Input(np.array([3])), "output": nir.Output(np.array([3]))}
    nir.write(tmp_path / "a.nir", nir.NIRGraph({**ports, "sub": inner}, [("input", "sub"), ("sub", "output")]))
    own = read_nir(tmp_path / "a.nir").metadata["spikewright"]
    assert own["sub_graphs"] == {"sub": inner.metadata}
    assert "no longer state how nodes run" in own["repairs"][0]
