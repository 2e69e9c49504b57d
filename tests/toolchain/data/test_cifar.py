"""CIFAR-10 from the authors' archive, from its folder and from mosaics: the same images, or the reason why not."""

from __future__ import annotations

import gzip
import hashlib
import io
import sys
import tarfile
import tracemalloc
from pathlib import Path

import numpy as np
import pytest

from spikewright.models.errors import BackendUnavailable, InputError
from spikewright.toolchain.data import cifar_archive
from spikewright.toolchain.data.images import load_images, read_images
from spikewright.toolchain.data.known import Batch, CifarSet, Published
from spikewright.toolchain.data.records import RECORD_BYTES

COUNT = 4
RECORDS = np.random.default_rng(0).integers(0, 256, (3, COUNT, RECORD_BYTES), np.uint8)
RECORDS[:, :, 0] %= 10
NAMES = ("data_batch_1", "data_batch_2", "test_batch")
_BATCHES = [
    Batch(name, hashlib.sha256(rows.tobytes()).hexdigest(), row, COUNT)
    for row, (name, rows) in enumerate(zip(NAMES, RECORDS, strict=True))
]
TINY = CifarSet(
    "tiny", Published("cifar-10-binary.tar.gz", 0, "", ""), (), {"train": tuple(_BATCHES[:2]), "test": (_BATCHES[2],)}
)


def _archive(path: Path, files: dict[str, bytes]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(path, "w:gz") as archive:
        for name, content in files.items():
            member = tarfile.TarInfo(f"cifar-10-batches-bin/{name}")
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))


def _files() -> dict[str, bytes]:
    return {"readme.html": b"read me"} | {
        f"{name}.bin": rows.tobytes() for name, rows in zip(NAMES, RECORDS, strict=True)
    }


def _folder(path: Path) -> None:
    path.mkdir(parents=True)
    for name, content in _files().items():
        (path / name).write_bytes(content)


def _mosaics(folder: Path) -> None:
    image = pytest.importorskip("PIL.Image", reason="Pillow is not installed (pip install 'spikewright[images]')")
    folder.mkdir(parents=True)
    np.savez(folder / "cifar10_index.npz", label=RECORDS[:, :, 0])
    for name, rows in zip(NAMES, RECORDS, strict=True):
        tiles = rows[:, 1:].reshape(2, 2, 3, 32, 32).transpose(0, 3, 1, 4, 2)
        image.fromarray(tiles.reshape(64, 64, 3)).save(folder / f"{name}.webp", lossless=True)


def _write(form: str, data: Path) -> Path:
    if form == "archive":
        _archive(data / "tiny" / "cifar-10-binary.tar.gz", _files())
        return data / "tiny" / "cifar-10-binary.tar.gz"
    if form == "folder":
        _folder(data / "tiny" / "cifar-10-batches-bin")
        return data / "tiny" / "cifar-10-batches-bin"
    _mosaics(data / "tiny")
    return data / "tiny" / "cifar10_index.npz"


@pytest.mark.parametrize("form", ["archive", "folder", "mosaics"])
def test_all_forms_give_the_same_images(data: Path, form: str) -> None:
    path = _write(form, data)
    for part, rows in (("train", RECORDS[:2].reshape(-1, RECORD_BYTES)), ("test", RECORDS[2])):
        images = read_images(TINY, part, fetch=False)
        assert np.array_equal(images.x, rows[:, 1:].reshape(-1, 3, 32, 32))
        assert np.array_equal(images.y, rows[:, 0])
        assert images.provenance.files == (str(path),)
        assert images.provenance.sha256 == tuple(batch.sha256 for batch in TINY.parts[part])


def test_decoded_images_are_kept_and_checked(data: Path) -> None:
    source = _write("archive", data)
    first = read_images(TINY, "test", fetch=False)
    source.unlink()
    again = read_images(TINY, "test", fetch=False)
    cache = data.parent / "cache" / "spikewright" / "data" / "tiny" / "test-records.npy"
    assert again.provenance.files == (str(cache),)
    assert np.array_equal(again.x, first.x)
    for damaged in (cache.read_bytes()[:-1] + b"x", cache.read_bytes()[:-1], b""):
        cache.write_bytes(damaged)
        with pytest.raises(InputError, match="is in none of"):  # back to the source, which is gone
            read_images(TINY, "test", fetch=False)


def test_a_cache_that_cannot_be_written_costs_nothing(data: Path) -> None:
    _write("archive", data)
    (data.parent / "cache").write_text("a file")
    assert len(read_images(TINY, "test", fetch=False).y) == COUNT


def test_an_archive_that_lacks_a_batch(data: Path) -> None:
    files = _files()
    del files["data_batch_2.bin"]
    _archive(data / "tiny" / "cifar-10-binary.tar.gz", files)
    with pytest.raises(InputError, match="lacks data_batch_2"):
        read_images(TINY, "train", fetch=False)


@pytest.mark.parametrize("change", [-1, 1])
def test_a_batch_of_another_size(data: Path, change: int) -> None:
    content = _files()["test_batch.bin"]
    content = content[:change] if change < 0 else content + b"x"
    _archive(data / "tiny" / "cifar-10-binary.tar.gz", _files() | {"test_batch.bin": content})
    with pytest.raises(InputError, match=r"test_batch\.bin in .* 4 records of 3073 bytes are 12292"):
        read_images(TINY, "test", fetch=False)


def test_another_content(data: Path) -> None:
    _archive(data / "tiny" / "cifar-10-binary.tar.gz", _files() | {"test_batch.bin": bytes(COUNT * RECORD_BYTES)})
    with pytest.raises(InputError, match="not the published data"):
        read_images(TINY, "test", fetch=False)


@pytest.mark.parametrize("keep", [0, 5, 2000, -100])
def test_a_damaged_archive(data: Path, keep: int) -> None:
    path = _write("archive", data)
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(InputError, match=r"cifar-10-binary\.tar\.gz (cannot be unpacked|is a tar archive, but lacks)"):
        read_images(TINY, "test", fetch=False)


@pytest.mark.parametrize("kind", [tarfile.REGTYPE, tarfile.XHDTYPE, tarfile.GNUTYPE_LONGNAME])
def test_an_archive_that_unpacks_to_too_much(data: Path, kind: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cifar_archive, "UNPACKED_MAX_BYTES", 1_000_000)
    member = tarfile.TarInfo("x")
    member.size, member.type = 20_000_000, kind
    path = data / "tiny" / "cifar-10-binary.tar.gz"
    path.parent.mkdir()
    path.write_bytes(gzip.compress(member.tobuf() + bytes(20_000_000)))
    tracemalloc.start()
    with pytest.raises(InputError, match="unpacks to more than 1,000,000 bytes"):
        read_images(TINY, "test", fetch=False)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 5_000_000


def test_an_archive_of_endless_long_names(data: Path) -> None:
    """Each header of this kind makes tarfile call itself."""
    member = tarfile.TarInfo("x")
    member.size, member.type = 1, tarfile.GNUTYPE_LONGNAME
    path = data / "tiny" / "cifar-10-binary.tar.gz"
    path.parent.mkdir()
    path.write_bytes(gzip.compress((member.tobuf() + bytes(512)) * 2000))
    with pytest.raises(InputError, match="cannot be unpacked: maximum recursion depth"):
        read_images(TINY, "test", fetch=False)


def test_damaged_mosaics(data: Path) -> None:
    path = _write("mosaics", data).with_name("test_batch.webp")
    content = path.read_bytes()
    for damaged in (content[: len(content) // 2], b"", b"RIFF" + content[:100]):
        path.write_bytes(damaged)
        with pytest.raises(InputError, match=r"test_batch\.webp cannot be read"):
            read_images(TINY, "test", fetch=False)
    path.unlink()
    with pytest.raises(InputError, match=r"test_batch\.webp cannot be read"):
        read_images(TINY, "test", fetch=False)


def test_a_mosaic_of_another_size_or_kind(data: Path) -> None:
    path = _write("mosaics", data).with_name("test_batch.webp")
    image = pytest.importorskip("PIL.Image")
    image.new("RGB", (64, 96)).save(path, lossless=True)
    with pytest.raises(InputError, match=r"\(64, 96\) pixels"):
        read_images(TINY, "test", fetch=False)
    image.new("RGB", (64, 64)).save(path, "PNG")
    with pytest.raises(InputError, match="cannot be read as a WebP image"):
        read_images(TINY, "test", fetch=False)


def test_mosaics_need_pillow(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _write("mosaics", data)
    monkeypatch.setitem(sys.modules, "PIL", None)
    with pytest.raises(BackendUnavailable, match=r"pip install 'spikewright\[images\]'"):
        read_images(TINY, "test", fetch=False)


def test_an_index_of_other_classes(data: Path) -> None:
    index = _write("mosaics", data)
    np.savez(index, label=RECORDS[:2, :, 0])
    with pytest.raises(InputError, match=r"label is \(2, 4\), needed is 4 for row 2"):
        read_images(TINY, "test", fetch=False)
    np.savez(index, label=RECORDS[:, ::-1, 0])
    with pytest.raises(InputError, match="not the published data"):
        read_images(TINY, "test", fetch=False)


def test_the_real_set(real) -> None:
    real("cifar10")
    pytest.importorskip("PIL", reason="Pillow is not installed (pip install 'spikewright[images]')")
    test = load_images("cifar10", "test", fetch=False)
    assert test.x.shape == (10_000, 3, 32, 32)
    assert list(np.bincount(test.y)) == [1000] * 10
    assert list(test.y[:4]) == [3, 8, 8, 0]  # cat, ship, ship, airplane
