"""One file per program: what is written comes back, from the file itself, and stays right."""

import json
import subprocess
import sys
import tempfile
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from safetensors import safe_open

from kinds import programs_of
from samples import a_program, layered
from spikewright.exporters.program import layout
from spikewright.exporters.program.file import load_program
from spikewright.exporters.program.layout import ARRAY_TYPES, describe, named_arrays
from spikewright.exporters.program.losses import Loss
from spikewright.exporters.program.make import make_program
from spikewright.exporters.program.program import Population, Program, Projection
from spikewright.models.errors import InputError
from spikewright.simulators.oracle import run_rows
from strategies import programs

PARTS = ("inputs", "populations", "projections", "outputs")


def stored(program: Program) -> Program:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "network.program"
        program.save(path)
        return load_program(path)


def rebuilt(program: Program, change) -> Program:
    """The same program with every array replaced by ``change(array)``."""
    parts = {}
    for part in PARTS:
        items = getattr(program, part)
        arrays = [{n: change(a) for n, a in vars(i).items() if isinstance(a, np.ndarray)} for i in items]
        parts[part] = tuple(replace(item, **own) for item, own in zip(items, arrays, strict=True))
    return make_program(**parts, losses=program.losses, settings=program.settings)


@settings(max_examples=150)
@given(programs_of())
def test_round_trip_of_every_kind(drawn: tuple) -> None:
    program, x = drawn
    again = stored(program)
    assert again.content_hash == program.content_hash and describe(again) == describe(program)
    for name, array in named_arrays(program).items():
        np.testing.assert_array_equal(named_arrays(again)[name], array)
    fed = x | {
        i.name: np.ones((*next(iter(x.values())).shape[:2], *i.shape)) for i in program.inputs if i.name not in x
    }
    expected, found = run_rows(program, fed), run_rows(again, fed)
    for what, rows in expected.items():
        for name in rows:
            np.testing.assert_array_equal(found[what][name], rows[name])


@settings(max_examples=30)
@given(programs())
def test_round_trip(drawn: tuple) -> None:
    assert stored(drawn[0]).content_hash == drawn[0].content_hash


@settings(max_examples=50)
@given(programs_of())
def test_the_hash_sees_neither_types_nor_the_layout_of_arrays_nor_the_order_of_parts(drawn: tuple) -> None:
    program = drawn[0]
    for change in (lambda a: a.astype(np.int64), lambda a: a.astype(">i4"), np.asfortranarray):
        assert rebuilt(program, change).content_hash == program.content_hash
    turned = make_program(**{part: getattr(program, part)[::-1] for part in PARTS})
    assert turned.content_hash == program.content_hash
    assert stored(rebuilt(program, lambda a: a.astype(np.int64))).content_hash == program.content_hash


def test_every_field_that_can_be_an_array_has_a_type_in_the_file() -> None:
    hints = {f.name: str(f.type) for kind in (Population, Projection) for f in fields(kind)}
    assert {name for name, hint in hints.items() if any(word in hint for word in ("Array", "Register", "Unit"))} == set(
        ARRAY_TYPES
    )


def with_units(program: Program, unit: object) -> Program:
    """The program with a unit for every row: those of a projection, and those of its target."""
    projections = tuple(replace(q, unit=unit) for q in program.projections)
    populations = tuple(replace(p, membrane_unit=unit) for p in program.populations)
    return make_program(program.inputs, populations, projections, program.outputs)


def test_units_of_rows_come_back_and_decide_no_hash() -> None:
    program = layered((9, 8, 8))
    units = np.linspace(0.001, 1.0, 8)
    again = stored(with_units(program, units))
    assert again.content_hash == program.content_hash
    for part in (*(p.membrane_unit for p in again.populations), *(q.unit for q in again.projections)):
        np.testing.assert_array_equal(part, units)


@pytest.mark.parametrize("unit", [-1.0, float("nan"), np.ones(7), np.ones(8, np.float32), np.full(8, np.inf), "1"])
def test_units_must_be_finite_and_one_or_one_for_each_row(unit: object) -> None:
    with pytest.raises(InputError, match=r"membrane_unit(.|\n)*must be a finite number from 0, or float64 \(8,\)"):
        with_units(layered((9, 8, 8)), unit)


def test_arrays_stay_in_the_file_and_cannot_be_written(tmp_path: Path) -> None:
    layered((50, 40, 3)).save(tmp_path / "p")
    program = load_program(tmp_path / "p")
    for part in (*program.populations, *program.projections):
        for array in (a for a in vars(part).values() if isinstance(a, np.ndarray)):
            root = array
            while isinstance(root, np.ndarray):
                assert not root.flags.owndata and not root.flags.writeable
                root = root.base
            assert type(root).__name__ == "mmap"


def test_a_program_outlives_its_file(tmp_path: Path) -> None:
    first, second = layered((9, 8, 3)), layered((9, 8, 3), vth=7)
    first.save(tmp_path / "p")
    kept = load_program(tmp_path / "p")
    second.save(tmp_path / "p")
    assert load_program(tmp_path / "p").content_hash == second.content_hash
    for name, array in named_arrays(first).items():
        np.testing.assert_array_equal(named_arrays(kept)[name], array)
    kept.save(tmp_path / "p")
    (tmp_path / "q").write_bytes((tmp_path / "p").read_bytes())
    (tmp_path / "p").unlink()
    assert load_program(tmp_path / "q").content_hash == layout.content_hash(kept) == first.content_hash


def test_loading_takes_no_memory_for_arrays(tmp_path: Path) -> None:
    """64 MB of weights, which the check of their grid looks at in passing, and nobody keeps."""
    size = 512
    weights = np.zeros((size, size), np.int16)
    a_program(
        inputs=(replace(a_program().inputs[0], shape=(size,)),),
        populations=(Population("a", (size,), 4095, 2048, 10, np.zeros(size, np.int32), level=1),),
        projections=tuple(Projection(f"in-a {n}", "in", "a", weights) for n in range(128)),
    ).save(tmp_path / "p")
    assert (tmp_path / "p").stat().st_size > 64e6
    code = (
        "import resource\nfrom spikewright.exporters.program.file import load_program\n"
        "def data(): return int(next(l for l in open('/proc/self/status') if l.startswith('RssAnon')).split()[1])\n"
        "before = data(); p = load_program('p'); print(data() - before)"
    )
    if not Path("/proc/self/status").exists():
        pytest.skip("needs /proc to tell private memory from the file's")
    grown_kb = int(subprocess.check_output([sys.executable, "-c", code], cwd=tmp_path, text=True))
    assert grown_kb < 16_000


def test_the_file_says_what_it_is(tmp_path: Path) -> None:
    program = a_program()
    program.save(tmp_path / "p")
    with safe_open(tmp_path / "p", framework="numpy") as container:
        metadata = container.metadata()
        assert sorted(container.keys()) == ["populations/a/bias_mant", "projections/in-a/weights"]
    assert metadata["format"] == "spikewright-program" and metadata["version"] == "2"
    assert metadata["hash"] == program.content_hash
    assert json.loads(metadata["program"])["projections"][0]["kind"] == "dense"


def test_losses_and_settings_come_back(tmp_path: Path) -> None:
    losses = (Loss("a", "threshold became 10", "threshold"), Loss("in-a", "weights on 8 bits"))
    chosen = {"dt_s": (2.0**-10, "argument"), "reset": ("zero", "metadata")}
    a_program(losses=losses, settings={**chosen, "dt_s": (np.float32(2.0**-10), "argument")}).save(tmp_path / "p")
    again = load_program(tmp_path / "p")
    assert again.losses == losses and again.settings == chosen


def test_nothing_half_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "network.program"
    a_program().save(path)
    before = path.read_bytes()

    def fail(self: Path, target: Path) -> None:
        assert self.stat().st_size > 0
        raise OSError("disk full")

    monkeypatch.setattr(Path, "replace", fail)
    with pytest.raises(OSError, match="disk full"):
        a_program(settings={"dt_s": (1.0, "argument")}).save(path)
    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["network.program"]
