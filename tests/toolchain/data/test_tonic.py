"""The sets of tonic, where it is installed, and the way to it where it is not."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from spikewright.models.errors import BackendUnavailable, InputError
from spikewright.toolchain.data.events import Events, load_events
from spikewright.toolchain.data.tonic_sets import load_tonic


def test_tonic_is_asked_for_where_it_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "tonic", None)  # what Python itself does for a module that cannot be imported
    with pytest.raises(BackendUnavailable, match=r"pip install 'spikewright\[events\]'"):
        load_events("tonic:POKERDVS", "test")


def _poker_cards(data: Path) -> Path:
    """Write as many recordings as tonic wants to see before it believes that the set is there."""
    root = data / "tonic" / "POKERDVS"
    for kind, suit in enumerate(("cl", "he", "di", "sp")):
        folder = root / "pips_test" / suit
        folder.mkdir(parents=True)
        for number in range(5):
            np.save(folder / f"{number}.npy", np.array([(70_000 + number, kind, number, 1)]))  # t, x, y, p
    (root / "pips_test.tar.gz").write_bytes(b"not read")
    return root / "pips_test"


def test_a_set_of_tonic(data: Path) -> None:
    pytest.importorskip("tonic", reason="tonic is not installed (pip install 'spikewright[events]')")
    np.save(_poker_cards(data) / "di" / "3.npy", np.zeros((1, 3), int))
    events: Events = load_tonic("POKERDVS", "test")
    assert (len(events), events.sensor) == (20, (2, 35, 35))
    assert list(events.y) == [0, 1, 2, 3] * 5
    assert events[9].tolist() == [(1, 2, 70_002, 1)]
    with pytest.raises(InputError, match=r"Sample \d+ of POKERDVS in .* cannot be read by tonic"):
        events[4 * 3 + 2]


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
