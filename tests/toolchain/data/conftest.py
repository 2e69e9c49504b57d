"""What the tests of data sets share: a data folder and a cache of their own, and the real sets where they are."""

from __future__ import annotations

from pathlib import Path

import pytest

from spikewright.toolchain.data.places import data_folders


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Empty folder that ``$SPIKEWRIGHT_DATA`` names; the user's cache is empty too."""
    monkeypatch.setenv("SPIKEWRIGHT_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    (tmp_path / "data").mkdir()
    return tmp_path / "data"


@pytest.fixture
def real(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Skip unless the real set of a name is there; decoded images go to a cache of the test."""
    folders = data_folders()

    def require(name: str) -> None:
        if not any((folder / name).is_dir() for folder in folders):
            pytest.skip(f"The data set {name} is in none of {', '.join(map(str, folders))}.")

    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return require
