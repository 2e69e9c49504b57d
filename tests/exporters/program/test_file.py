"""One file per program: what is written comes back, and nothing else is believed."""

import json
import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from safetensors.numpy import save_file

from samples import a_program
from spikewright.exporters.program.file import load_program
from spikewright.exporters.program.layout import FORMAT, FORMAT_VERSION, describe, named_arrays
from spikewright.exporters.program.losses import Loss
from spikewright.exporters.program.program import Program
from spikewright.models.errors import InputError
from strategies import programs


@given(programs())
def test_round_trip(drawn: tuple) -> None:
    program = drawn[0]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "network.program"
        program.save(path)
        again = load_program(path)
    assert again.content_hash == program.content_hash
    assert describe(again) == describe(program)
    for name, array in named_arrays(program).items():
        np.testing.assert_array_equal(named_arrays(again)[name], array)


def written(program: Program, path: Path, **changes: object) -> Path:
    parts = describe(program) | changes
    header = {"format": FORMAT, "version": FORMAT_VERSION, "program": json.dumps(parts)}
    save_file(named_arrays(program), path, metadata=header)
    return path


def test_missing_file(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no file"):
        load_program(tmp_path / "nothing")


@pytest.mark.parametrize("keep", [0, 7, 100, 0.5, 0.99])
def test_truncated_file(tmp_path: Path, keep: float) -> None:
    path = tmp_path / "network.program"
    a_program().save(path)
    data = path.read_bytes()
    path.write_bytes(data[: keep if isinstance(keep, int) else int(len(data) * keep)])
    with pytest.raises(InputError):
        load_program(path)


def test_other_safetensors_file(tmp_path: Path) -> None:
    save_file({"w": np.zeros(3)}, tmp_path / "w.safetensors")
    with pytest.raises(InputError, match="no spikewright program"):
        load_program(tmp_path / "w.safetensors")


def test_newer_version(tmp_path: Path) -> None:
    program = a_program()
    header = {"format": FORMAT, "version": "99", "program": json.dumps(describe(program))}
    save_file(named_arrays(program), tmp_path / "p", metadata=header)
    with pytest.raises(InputError, match="format 99"):
        load_program(tmp_path / "p")


@pytest.mark.parametrize(
    "changes",
    [
        {"populations": []},
        {"populations": [{"name": "a"}]},
        {"projections": "none"},
        {"inputs": None},
        {"outputs": [{"name": "o", "population": "a", "readout": "membrane", "extra": 1}]},
        {"settings": {"dt_s": 3}},
    ],
)
def test_description_that_means_nothing(tmp_path: Path, changes: dict) -> None:
    with pytest.raises(InputError):
        load_program(written(a_program(), tmp_path / "p", **changes))


def test_registers_out_of_range_are_refused(tmp_path: Path) -> None:
    populations = describe(a_program())["populations"]
    populations[0]["du"] = 5000
    with pytest.raises(InputError, match="du = 5000"):
        load_program(written(a_program(), tmp_path / "p", populations=populations))


def test_losses_come_back_with_their_kind_and_those_of_older_files_without(tmp_path: Path) -> None:
    losses = (Loss("a", "threshold became 10", "threshold"), Loss("in-a", "weights on 8 bits"))
    a_program(losses=losses).save(tmp_path / "p")
    assert load_program(tmp_path / "p").losses == losses
    older = [{"node": "a", "what": "threshold became 10"}]
    assert load_program(written(a_program(), tmp_path / "old", losses=older)).losses == (Loss(**older[0]),)


def test_nothing_half_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "network.program"
    a_program().save(path)
    before = path.read_bytes()
    monkeypatch.setattr(Path, "write_bytes", lambda self, data: (_ for _ in ()).throw(OSError("disk full")))
    with pytest.raises(OSError, match="disk full"):
        a_program().save(path)
    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["network.program"]
