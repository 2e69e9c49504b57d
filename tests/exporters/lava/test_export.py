"""The exported folder: whole, self-contained, and refused where Lava cannot follow."""

from __future__ import annotations

import ast
import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from spikewright.exporters.lava.export import REQUIREMENTS, RUNNER, export_lava
from spikewright.exporters.program.make import make_program
from spikewright.exporters.program.program import Input, Output, Population, Program, Projection
from spikewright.exporters.program.synapses import out_shape
from spikewright.models.errors import InputError, UnsupportedOp


def lif(name: str, size: int, level: int) -> Population:
    return Population(name, (size,), 4095, 100, 50, np.arange(size, dtype=np.int32) - 1, level, bias_exp=2)


@pytest.fixture
def program() -> Program:
    weights = {s: np.full(s, 64, np.int16) for s in ((3, 2), (3, 3), (2, 3), (2, 2))}
    projections = (
        Projection("up", "grey", "a", weights[3, 2], weight_exp=-2, weight_bits=6),
        Projection("loop", "a", "a", weights[3, 3], delay=1),
        Projection("next", "a", "b", weights[2, 3], sign_mode="excitatory"),
        Projection("skip", "grey", "b", weights[2, 2]),
    )
    inputs = (Input("grey", (2,), kind="graded", scale=255.0, bits=8),)
    return make_program(inputs, (lif("a", 3, 1), lif("b", 2, 2)), projections, (Output("out", "b", "spike_count"),))


def test_the_folder_holds_everything_a_run_needs(program, tmp_path):
    folder = export_lava(program, tmp_path / "net")
    files = {str(f.relative_to(folder)) for f in folder.rglob("*") if f.is_file()}
    assert files >= {"network.json", "arrays.npz", "run.py", "requirements.txt", "README.txt"}
    assert "spikewright_lava/__init__.py" in files
    assert not any("__pycache__" in f for f in files)
    assert len((folder / "README.txt").read_text().splitlines()) == 3
    assert list(tmp_path.iterdir()) == [folder]


def test_the_description_holds_registers_levels_and_delays(program, tmp_path):
    folder = export_lava(program, tmp_path / "net")
    network = json.loads((folder / "network.json").read_text())
    arrays = np.load(folder / "arrays.npz", allow_pickle=False)
    assert network["schema_version"] == 1
    assert network["program_hash"] == program.content_hash
    assert network["depth"] == 2
    a = network["populations"][0]
    assert (a["name"], a["du"], a["dv"], a["vth"], a["bias_exp"], a["level"]) == ("a", 4095, 100, 50, 2, 1)
    assert np.array_equal(arrays[a["bias_mant"]["array"]], program.populations[0].bias_mant)
    by_name = {p["name"]: p for p in network["projections"]}
    assert {n: p["message_bits"] for n, p in by_name.items()} == {"up": 8, "loop": 0, "next": 0, "skip": 8}
    assert by_name["loop"]["delay"] == 1
    assert (by_name["up"]["weight_exp"], by_name["up"]["weight_bits"]) == (-2, 6)
    assert by_name["next"]["sign_mode"] == "excitatory"
    assert np.array_equal(arrays[by_name["next"]["weights"]["array"]], np.full((2, 3), 64))


def test_an_earlier_export_is_replaced_and_a_foreign_folder_is_not(program, tmp_path):
    folder = export_lava(program, tmp_path / "net")
    (folder / "results.npz").touch()
    export_lava(program, folder)
    assert not (folder / "results.npz").exists()
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").touch()
    with pytest.raises(InputError, match="mine"):
        export_lava(program, tmp_path / "mine")
    with pytest.raises(InputError, match="does not exist"):
        export_lava(program, tmp_path / "missing" / "net")


def test_registers_by_neuron_kinds_and_matrices_are_described(tmp_path):
    kinds = replace(lif("a", 3, 1), kind="ternary", vth=np.array([1, 2, 3], np.int32), vth_low=-7)
    sparse = Projection(
        "up",
        "in",
        "a",
        np.array([2, -4], np.int16),
        kind="sparse",
        indptr=np.array([0, 1, 1, 2], np.int32),
        indices=np.array([0, 1], np.int32),
        delay=np.array([0, 2], np.int32),
    )
    inputs = (Input("in", (2,)), Input("one", (1,), "bias"))
    program = make_program(inputs, (kinds,), (sparse,), (Output("out", "a", "spike_count"),))
    folder = export_lava(program, tmp_path / "net")
    network, arrays = json.loads((folder / "network.json").read_text()), np.load(folder / "arrays.npz")
    a, up = network["populations"][0], network["projections"][0]
    assert (a["kind"], a["vth_low"], a["event_bits"], a["signed"]) == ("ternary", -7, 1, True)
    assert arrays[a["vth"]["array"]].tolist() == [1, 2, 3]
    assert [arrays[up[name]["array"]].tolist() for name in ("indptr", "indices", "delay")] == [
        [0, 1, 1, 2],
        [0, 1],
        [0, 2],
    ]
    assert [i["kind"] for i in network["inputs"]] == ["spikes", "bias"]


def windowed(weights: np.ndarray, source: tuple[int, ...], bits: int, **rest: Any) -> Program:
    """Return a program of one convolution or pooling of graded events."""
    port = Input("in", source, "graded", bits=bits)
    q = Projection("up", "in", "a", weights.astype(np.int16), **rest)
    a = lif("a", int(np.prod(out_shape(q, source))), 1)
    return make_program((port,), (a,), (q,), (Output("out", "a", "spike_count"),))


@pytest.mark.parametrize(
    ("program", "kind"),
    [
        (windowed(np.full((2, 3, 3, 3), 2), (3, 8, 8), 1, kind="convolution"), "convolution"),
        (windowed(np.full((8, 9, 1, 1), 2), (9, 2, 2), 1, kind="convolution"), "sparse"),  # slow as a Conv
        (windowed(np.array([64]), (128, 2, 2), 1, kind="pooling", kernel=(2, 2)), "sparse"),  # 128 groups
        (windowed(np.full((8, 9, 1, 1), 2), (9, 2, 2), 24, kind="convolution"), "convolution"),  # may wrap
    ],
)
def test_windows_become_a_matrix_where_a_conv_is_slow_or_too_narrow_and_nothing_can_wrap(program, kind, tmp_path):
    folder = export_lava(program, tmp_path / "net")
    up = json.loads((folder / "network.json").read_text())["projections"][0]
    assert up["kind"] == kind
    if kind == "sparse":
        arrays = np.load(folder / "arrays.npz")
        weights, starts, columns = (arrays[up[name]["array"]] for name in ("weights", "indptr", "indices"))
        listed = program.synapses(program.projections[0])
        assert np.array_equal(np.repeat(np.arange(len(starts) - 1), np.diff(starts)), listed.post)
        assert np.array_equal(columns, listed.pre) and np.array_equal(weights, listed.weight)


def test_all_that_lava_cannot_sum_is_reported_at_once(program, tmp_path):
    wide = Input("wide", (129, 2, 2), "graded", bits=24)
    pool = Projection("pool", "wide", "c", np.array([128], np.int16), kind="pooling", kernel=(2, 2))
    shifted = Projection("shifted", "wide", "c", np.full((129, 516), 128, np.int16), weight_exp=-2)
    bad = make_program(
        (*program.inputs, wide),
        (*program.populations, lif("c", 129, 1)),
        (*program.projections, pool, shifted),
        program.outputs,
    )
    with pytest.raises(UnsupportedOp) as caught:
        export_lava(bad, tmp_path / "net")
    text = " ".join(caught.value.violations)
    assert len(caught.value.violations) == 3
    assert "'pool' has a window" in text and "'pool' can sum" in text and "'shifted' can sum" in text
    assert not (tmp_path / "net").exists()


@pytest.mark.parametrize("file", sorted(RUNNER.rglob("*.py")), ids=lambda f: f.name)
def test_the_runner_needs_only_lava_and_what_it_needs(file: Path):
    modules = set()
    for node in ast.walk(ast.parse(file.read_text(), feature_version=(3, 10))):
        if isinstance(node, ast.Import):
            modules |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            modules.add(str(node.module).split(".")[0])
    assert modules - set(sys.stdlib_module_names) <= {"lava", "numpy", "scipy", "spikewright_lava"}


def test_requirements_are_pinned_exactly():
    lines = [line for line in REQUIREMENTS.read_text().splitlines() if not line.startswith("#")]
    assert all("==" in line for line in lines)
    assert "lava-nc==0.10.0" in lines
