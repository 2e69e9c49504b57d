"""The sets of tonic, where it is installed, and the way to it where it is not."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from spikewright.models.errors import BackendUnavailable, InputError
from spikewright.toolchain.data.events import Events, load_events
from spikewright.toolchain.data.tonic_sets import load_tonic


def _record(x: int, y: int, t: int, p: int) -> bytes:
    return bytes([x, y, p << 7 | t >> 16, t >> 8 & 255, t & 255])


def test_tonic_is_asked_for_where_it_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "tonic", None)  # what Python itself does for a module that cannot be imported
    with pytest.raises(BackendUnavailable, match=r"pip install 'spikewright\[events\]'"):
        load_events("tonic:NMNIST", "test")


def _tonic_nmnist(data: Path) -> None:
    """Write as many recordings as tonic wants to see before it believes that the set is there."""
    for part in ("Train", "Test"):
        for kind in range(10):
            folder = data / "tonic" / "NMNIST" / part / str(kind)
            folder.mkdir(parents=True)
            for number in range(1000):
                (folder / f"{kind * 1000 + number:05}.bin").write_bytes(_record(kind, number % 34, number, 1))
    for name in ("train.zip", "test.zip"):
        (data / "tonic" / "NMNIST" / name).write_bytes(b"not read")


def test_a_set_of_tonic(data: Path) -> None:
    pytest.importorskip("tonic", reason="tonic is not installed (pip install 'spikewright[events]')")
    _tonic_nmnist(data)
    events: Events = load_tonic("NMNIST", "test")
    assert (len(events), events.sensor) == (10_000, (2, 34, 34))
    assert list(events.y[:12]) == [*range(10), 0, 1]
    assert events[11].tolist() == [(1, 1, 1, 1)]
    (data / "tonic" / "NMNIST" / "Test" / "3" / "03000.bin").write_bytes(b"1234567")
    with pytest.raises(InputError, match=r"Sample 3000 of NMNIST in .* cannot be read by tonic"):
        events[3]


def test_sets_that_tonic_cannot_give(data: Path) -> None:
    pytest.importorskip("tonic", reason="tonic is not installed (pip install 'spikewright[events]')")
    for name, reason in (("NMINST", "no set"), ("CIFAR10DVS", "no published train"), ("NCALTECH101", "no common size")):
        with pytest.raises(InputError, match=reason):
            load_tonic(name, "test")
    (data / "tonic" / "SHD").mkdir(parents=True)
    for name in ("shd_test.h5", "shd_test.h5.zip"):
        (data / "tonic" / "SHD" / name).write_bytes(b"damaged")
    with pytest.raises(InputError, match="tonic cannot open SHD in"):
        load_tonic("SHD", "test")
