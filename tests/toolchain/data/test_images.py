"""MNIST's format: found, read, and refused with the reason when a file is not what it should be."""

from __future__ import annotations

import gzip
import hashlib
import tracemalloc
from pathlib import Path

import numpy as np
import pytest

from spikewright.models.errors import InputError
from spikewright.toolchain.data.idx import read_idx
from spikewright.toolchain.data.images import intensities, load_images, read_images
from spikewright.toolchain.data.known import IdxFile, IdxSet, Published
from spikewright.toolchain.data.places import cache_folder, data_folders

X = np.random.default_rng(0).integers(0, 256, (3, 28, 28), np.uint8)
Y = np.array([7, 2, 1], np.uint8)


def _content(array: np.ndarray) -> bytes:
    sides = b"".join(int(side).to_bytes(4, "big") for side in array.shape)
    return bytes([0, 0, 8, array.ndim]) + sides + array.tobytes()


def _file(name: str, array: np.ndarray) -> IdxFile:
    content = _content(array)
    return IdxFile(Published(name, 0, "", ""), array.shape, hashlib.sha256(content).hexdigest())


PIXELS, CLASSES = _file("images.gz", X), _file("labels.gz", Y)
TINY = IdxSet("tiny", (), {"test": (PIXELS, CLASSES)})


def _write(folder: Path, packed: bool = True) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for file, array in ((PIXELS, X), (CLASSES, Y)):
        content = _content(array)
        name = file.packed.name if packed else file.packed.name.removesuffix(".gz")
        (folder / name).write_bytes(gzip.compress(content) if packed else content)


@pytest.mark.parametrize("packed", [True, False])
def test_images_and_where_they_came_from(data: Path, packed: bool) -> None:
    _write(data / "tiny", packed)
    images = read_images(TINY, "test", fetch=False)
    assert (images.name, images.part) == ("tiny", "test")
    assert np.array_equal(images.x, X[:, None])
    assert images.x.dtype == np.uint8
    assert np.array_equal(images.y, Y)
    assert images.y.dtype == np.int64
    assert images.provenance.files[0] == str(data / "tiny" / ("images.gz" if packed else "images"))
    assert images.provenance.sha256 == (PIXELS.content_sha256, CLASSES.content_sha256)
    levels = images.intensities(1, 3)
    assert levels.dtype == np.float32
    assert np.array_equal(levels, (X[1:, None] / 255).astype(np.float32))


def test_intensities_span_zero_to_one() -> None:
    levels = intensities(np.arange(256, dtype=np.uint8))
    assert (levels[0], levels[255]) == (0, 1)
    assert (np.diff(levels) > 0).all()


def test_folders_are_looked_through_in_order(data: Path) -> None:
    assert data_folders()[0] == data
    assert data_folders()[-1] == cache_folder() == data.parent / "cache" / "spikewright" / "data"
    _write(cache_folder() / "tiny")
    assert read_images(TINY, "test", fetch=False).provenance.files[0].startswith(str(cache_folder()))
    _write(data / "tiny")
    assert read_images(TINY, "test", fetch=False).provenance.files[0].startswith(str(data))


def test_a_relative_cache_is_ignored(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", "here")
    assert cache_folder() == Path.home() / ".cache" / "spikewright" / "data"


def test_a_set_that_is_nowhere(data: Path) -> None:
    with pytest.raises(InputError, match=r"images\.gz is in none of") as error:
        read_images(TINY, "test", fetch=False)
    assert str(data / "tiny") in str(error.value)


def test_unknown_names() -> None:
    with pytest.raises(InputError, match="known are mnist, fashion-mnist, cifar10"):
        load_images("mnits", "test")
    with pytest.raises(InputError, match="it has train, test"):
        load_images("mnist", "validation")


OTHER = X.copy()
OTHER[0, 0, 0] ^= 1
DAMAGED = {
    "truncated": (gzip.compress(_content(X))[:-40], "cannot be unpacked"),
    "checksum": (gzip.compress(_content(X))[:-8] + bytes(8), "cannot be unpacked"),
    "garbage": (b"\x1f\x8bgarbage", "cannot be unpacked"),
    "empty": (b"", "does not start as an idx file"),
    "floats": (gzip.compress(bytes([0, 0, 13]) + _content(X)[3:]), "does not start as an idx file"),
    "page": (b"<html>not found</html>", "does not start as an idx file"),
    "counts": (gzip.compress(_content(X[:2])), "does not start as an idx file"),
    "short": (gzip.compress(_content(X)[:-1]), "holds 2367 bytes"),
    "long": (gzip.compress(_content(X) + b"x"), "holds more than 2368 bytes"),
    "other": (gzip.compress(_content(OTHER)), "not the published data"),
}


@pytest.mark.parametrize("name", DAMAGED)
def test_a_damaged_file_is_named(tmp_path: Path, name: str) -> None:
    content, reason = DAMAGED[name]
    path = tmp_path / "images.gz"
    path.write_bytes(content)
    with pytest.raises(InputError, match=reason) as error:
        read_idx(path, PIXELS)
    assert str(path) in str(error.value)


def test_a_folder_in_place_of_a_file(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be unpacked"):
        read_idx(tmp_path, PIXELS)


def test_no_more_than_the_known_size_is_unpacked(tmp_path: Path) -> None:
    path = tmp_path / "images.gz"
    path.write_bytes(gzip.compress(_content(X) + bytes(20_000_000)))
    tracemalloc.start()
    with pytest.raises(InputError, match="holds more than 2368 bytes"):
        read_idx(path, PIXELS)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 1_000_000


@pytest.mark.parametrize("name", ["mnist", "fashion-mnist"])
def test_the_real_sets(real, name: str) -> None:
    real(name)
    test = load_images(name, "test", fetch=False)
    assert test.x.shape == (10_000, 1, 28, 28)
    counts = np.bincount(test.y)
    assert counts.sum() == 10_000
    assert list(counts) == ([980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009] if name == "mnist" else [1000] * 10)
