"""Heaps on which libhdf5 would loop for ever are told in a sentence instead."""

import struct
import subprocess
import sys
from pathlib import Path

import nir
import numpy as np
import pytest

from graphs import chain
from spikewright.exporters.nir.files import read_nir
from spikewright.models.errors import InputError

FUZZ = """
import sys
from pathlib import Path
import numpy as np
from spikewright.exporters.nir.files import read_nir
from spikewright.models.errors import SpikewrightError
sound, rng, target = Path(sys.argv[1]).read_bytes(), np.random.default_rng(0), Path(sys.argv[1] + ".damaged")
for _ in range(int(sys.argv[2])):
    data = bytearray(sound)
    for at in rng.integers(0, len(data), rng.integers(1, 9)):
        data[at] = rng.choice([0, 255, rng.integers(256)])
    target.write_bytes(data)
    try:
        read_nir(target)
    except SpikewrightError:
        pass
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    rng = np.random.default_rng(0)
    nir.write(tmp_path / "net.nir", chain([rng.normal(size=(5, 4)), rng.normal(size=(3, 5))]))
    return tmp_path / "net.nir"


def last_object(data: bytes) -> int:
    """Where the free space of the file's only heap begins."""
    at = data.index(b"GCOL") + 16
    while (index_and_size := struct.unpack_from("<HHIQ", data, at))[0]:
        at += 16 + (index_and_size[3] + 7) // 8 * 8
    return at


def test_sound_files_pass(file: Path) -> None:
    assert set(read_nir(file).nodes) == set(nir.read(file).nodes)


@pytest.mark.parametrize("size", [0, 15, 2**40])
@pytest.mark.parametrize("strict", [False, True])
def test_a_free_space_of_impossible_size_is_told(file: Path, size: int, strict: bool) -> None:
    data = bytearray(file.read_bytes())
    struct.pack_into("<Q", data, last_object(bytes(data)) + 8, size)
    file.write_bytes(data)
    with pytest.raises(InputError, match="heap of strings at byte"):
        read_nir(file, strict=strict)


def test_a_second_free_space_of_no_size_is_told(file: Path) -> None:
    data = bytearray(file.read_bytes())
    at = last_object(bytes(data))
    (size,) = struct.unpack_from("<Q", data, at + 8)
    struct.pack_into("<Q", data, at + 8, size - 32)
    file.write_bytes(data)
    with pytest.raises(InputError, match="heap of strings at byte"):
        read_nir(file)


def test_a_heap_with_damage_behind_its_version_is_looked_at(file: Path) -> None:
    data = bytearray(file.read_bytes())
    data[data.index(b"GCOL") + 5] = 7
    struct.pack_into("<Q", data, last_object(bytes(data)) + 8, 0)
    file.write_bytes(data)
    with pytest.raises(InputError, match="heap of strings at byte"):
        read_nir(file)


def test_randomly_damaged_files_end_in_time_with_a_typed_error_or_a_graph(file: Path) -> None:
    done = subprocess.run([sys.executable, "-c", FUZZ, str(file), "150"], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr[-2000:]
