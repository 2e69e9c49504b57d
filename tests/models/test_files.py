"""A reader sees the old file or the whole new one, and what cannot be written is told before the work."""

import os
from pathlib import Path

import pytest

from spikewright.models.errors import InputError
from spikewright.models.files import atomic_file, atomic_folder, writable_file, writable_folder


def test_a_file_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    with atomic_file(tmp_path / "a") as temporary:
        temporary.write_text("old")
    with pytest.raises(ZeroDivisionError), atomic_file(tmp_path / "a") as temporary:
        temporary.write_text("half")
        _ = 1 / 0
    assert (tmp_path / "a").read_text() == "old" and len(list(tmp_path.iterdir())) == 1


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    for ask in (writable_file, lambda path: atomic_file(path).__enter__()):
        with pytest.raises(InputError, match="it is a folder"):
            ask(tmp_path / "folder")
    assert [path.name for path in tmp_path.iterdir()] == ["folder"]


@pytest.mark.parametrize("ask", [writable_file, lambda path: writable_folder(path, "marker")])
def test_the_folder_around_has_to_exist(tmp_path: Path, ask) -> None:
    with pytest.raises(InputError, match="does not exist"):
        ask(tmp_path / "missing/new")
    assert ask(tmp_path / "new") == tmp_path / "new" and not list(tmp_path.iterdir())


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_the_folder_around_has_to_be_writable(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(InputError, match="is not writable"):
        writable_file(tmp_path / "new")


def test_only_a_folder_of_ours_or_an_empty_one_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "theirs").mkdir()
    (tmp_path / "theirs/thesis.tex").write_text("precious")
    (tmp_path / "file").write_text("precious")
    for name in ("theirs", "file"):
        with pytest.raises(InputError, match="was not written by spikewright"):
            writable_folder(tmp_path / name, "marker")
    for made in ("first", "second"):
        with atomic_folder(tmp_path / "ours", "marker") as temporary:
            (temporary / "marker").write_text(made)
    assert (tmp_path / "ours/marker").read_text() == "second"
