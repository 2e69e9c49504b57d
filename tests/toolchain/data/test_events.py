"""Event recordings: the authors' records and the packed part, whole and damaged."""

from __future__ import annotations

from pathlib import Path
from zipfile import ZIP_DEFLATED, ZIP_LZMA, ZipFile

import numpy as np
import pytest

from spikewright.models.errors import InputError
from spikewright.toolchain.data.arrays import read_entry
from spikewright.toolchain.data.events import load_events
from spikewright.toolchain.data.frames import events_to_frames
from spikewright.toolchain.data.nmnist import read_recording


def _record(x: int, y: int, t: int, p: int) -> bytes:
    return bytes([x, y, p << 7 | t >> 16, t >> 8 & 255, t & 255])


def test_a_recording_is_read_bit_by_bit(tmp_path: Path) -> None:
    path = tmp_path / "1.bin"
    path.write_bytes(_record(33, 0, (1 << 23) - 1, 1) + _record(1, 2, 256, 0))
    assert read_recording(path).tolist() == [(33, 0, (1 << 23) - 1, 1), (1, 2, 256, 0)]


def test_a_clock_that_runs_over_goes_on(tmp_path: Path) -> None:
    path = tmp_path / "1.bin"
    over = _record(0, 240, 0, 0)
    path.write_bytes(_record(1, 1, 5, 1) + over + _record(2, 2, 6, 1) + over + _record(3, 3, 7, 0))
    assert list(read_recording(path)["t"]) == [5, 6 + 8192, 7 + 2 * 8192]


@pytest.mark.parametrize("content", [b"1234", b"123456", bytes(5 * (1 << 20) + 5)])
def test_a_recording_of_another_size(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "1.bin"
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"1\.bin has \d+ bytes or more"):
        read_recording(path)


def test_the_folders_of_nmnist_are_in_the_order_of_mnist(data: Path) -> None:
    for number, kind in ((1, 5), (2, 0), (10, 4), (3, 5)):
        folder = data / "nmnist" / "Train" / str(kind)
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{number}.bin").write_bytes(_record(number, kind, number, 1) * number)
    events = load_events("nmnist", "train")
    assert list(events.y) == [5, 0, 5, 4]
    assert [len(sample) for sample in events] == [1, 2, 3, 10]
    assert events.sensor == (2, 34, 34)
    with pytest.raises(InputError, match=r"Unpack the authors' Test\.zip"):
        load_events("nmnist", "test")
    (data / "nmnist" / "Train" / "0" / "2.bin").unlink()
    with pytest.raises(InputError, match=r"2\.bin cannot be read"):
        events[1]
    with pytest.raises(IndexError):
        events[4]


def test_a_folder_without_recordings(data: Path) -> None:
    (data / "nmnist" / "Test").mkdir(parents=True)
    with pytest.raises(InputError, match="has no recordings"):
        load_events("nmnist", "test")


def _pack(data: Path, **changes: np.ndarray) -> Path:
    arrays = {
        "x": np.array([1, 2, 3], np.uint8),
        "y": np.array([4, 5, 6], np.uint8),
        "t": np.array([0, 9, 2], np.uint32),
        "p": np.array([1, 0, 1], np.uint8),
        "offset": np.array([0, 2, 3]),
        "label": np.array([7, 8], np.uint8),
    }
    path = data / "nmnist-small" / "nmnist_small_test.npz"
    path.parent.mkdir(exist_ok=True)
    np.savez(path, **(arrays | changes))
    return path


def test_the_packed_part(data: Path) -> None:
    path = _pack(data)
    events = load_events("nmnist-small", "test")
    assert (len(events), list(events.y), events.source) == (2, [7, 8], str(path))
    assert events[0].tolist() == [(1, 4, 0, 1), (2, 5, 9, 0)]
    assert events[1].tolist() == [(3, 6, 2, 1)]


@pytest.mark.parametrize(
    "changes",
    [
        {"x": np.zeros(4, np.uint8)},
        {"offset": np.array([0, 3])},
        {"offset": np.array([0, 4, 3])},
        {"offset": np.array([1, 2, 3])},
        {"label": np.zeros((2, 1), np.uint8)},
        {"label": np.zeros(0, np.uint8), "offset": np.zeros(0, np.int64)},
        {"t": np.zeros((3, 1), np.uint32)},
    ],
)
def test_packed_arrays_that_do_not_fit(data: Path, changes: dict[str, np.ndarray]) -> None:
    _pack(data, **changes)
    with pytest.raises(InputError, match="offset must rise"):
        load_events("nmnist-small", "test")


def test_packed_events_outside_of_the_sensor(data: Path) -> None:
    _pack(data, x=np.array([1, 34, 3], np.uint8))
    with pytest.raises(InputError, match=r"Sample 0 in .* has events with x from 1 to 34; the sensor has 0 to 33"):
        load_events("nmnist-small", "test")[0]
    _pack(data, x=np.array([1, 2 + (1 << 16), 3]))
    with pytest.raises(InputError, match="has events with x from 1 to 65538"):
        load_events("nmnist-small", "test")[0]


def test_damaged_packs(data: Path) -> None:
    path = _pack(data)
    whole = path.read_bytes()
    for damaged in (b"", b"PK", whole[:100], whole[:-30]):
        path.write_bytes(damaged)
        with pytest.raises(InputError, match=r"cannot be read as \.npz"):
            load_events("nmnist-small", "test")
    _pack(data, t=np.array([0.5, 1, 2]))
    with pytest.raises(InputError, match="t says float64"):
        load_events("nmnist-small", "test")
    np.savez(path, x=np.zeros(3, np.uint8))
    with pytest.raises(InputError, match="has no array 'y'"):
        load_events("nmnist-small", "test")


def test_every_damaged_byte_is_an_error_or_the_same_array(tmp_path: Path) -> None:
    path, array = tmp_path / "a.npz", np.arange(5)
    np.savez(path, a=array)
    whole = path.read_bytes()
    for place in range(len(whole)):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 0xFF]) + whole[place + 1 :])
        try:
            found = read_entry(path, "a", "iu", 1000)
        except InputError:
            continue
        assert np.array_equal(found, array), place


@pytest.mark.parametrize(
    "header",
    [
        "{'descr': '<i8', 'fortran_order': False, 'shape': (1000000000000,), }",
        "{'descr': '<i8', 'fortran_order': False, 'shape': (-1, -1), }",
        "{'descr': '|O', 'fortran_order': False, 'shape': (1,), }",
        "{'descr': '<i8', 'fortran_order': False, 'shape': 'x', }",
        "{'descr': 'nonsense', 'fortran_order': False, 'shape': (1,), }",
        "(" * 200,
        "__import__('os')",
    ],
)
def test_a_header_is_not_believed(tmp_path: Path, header: str) -> None:
    path = tmp_path / "a.npz"
    content = b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header.encode() + bytes(8)
    with ZipFile(path, "w") as archive:
        archive.writestr("a.npy", content)
    with pytest.raises(InputError, match=r"a\.npz: a (says|is no)"):
        read_entry(path, "a", "iu", 1000)


def test_an_array_that_unpacks_to_too_much(tmp_path: Path) -> None:
    path = tmp_path / "a.npz"
    with ZipFile(path, "w", ZIP_DEFLATED) as archive:
        archive.writestr("a.npy", bytes(10_000_000))
    with pytest.raises(
        InputError,
        match=r"a\.npz cannot be read as \.npz: a unpacks to 10,000,000 bytes, at most 1,000 are read\. Fetch",
    ):
        read_entry(path, "a", "iu", 1000)


def test_an_array_packed_otherwise_than_numpy_does(tmp_path: Path) -> None:
    path = tmp_path / "a.npz"
    with ZipFile(path, "w", ZIP_LZMA) as archive:
        archive.writestr("a.npy", b"numbers")
    with pytest.raises(InputError, match=r"a\.npz cannot be read as \.npz: a is packed by method 14\. Fetch"):
        read_entry(path, "a", "iu", 1000)


def test_unknown_names() -> None:
    with pytest.raises(InputError, match="known are nmnist, nmnist-small and tonic:NAME"):
        load_events("dvs", "test")
    with pytest.raises(InputError, match="it has train and test"):
        load_events("nmnist", "all")


def test_the_real_events(real) -> None:
    real("nmnist-small")
    test = load_events("nmnist-small", "test")
    assert list(test.y[:5]) == [7, 2, 1, 0, 4]  # as MNIST's
    assert sum(map(len, test)) == 385_596
    frames = events_to_frames(test, test.sensor, dt_us=10_000, count=True)
    assert frames.sum() == 385_596
    assert frames.shape[1:] == (100, 2, 34, 34)


def test_the_real_recording(real) -> None:
    real("event-samples")
    from spikewright.toolchain.data.places import data_folders

    paths = [folder / "event-samples" / "sample_nmnist.bin" for folder in data_folders()]
    events = read_recording(next(path for path in paths if path.exists()))
    assert len(events) == 4325
    assert events["x"].max() < 34
    assert (np.diff(events["t"]) >= 0).all()
