"""Kernels are kept where the user's caches are, loaded without Numba, and never outlive what they were made of."""

import shutil
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from time import perf_counter, sleep

import pytest

from spikewright.models.errors import InputError
from spikewright.models.files import CACHE_VARIABLE
from spikewright.simulators.engine import entries, keeping

RUN = """
import sys
import numpy as np
from spikewright.simulators.engine.entries import entries
from spikewright.simulators.engine.laying import lay
from spikewright.simulators.engine.tables import Counted
counted = Counted(*(np.array(x, np.int64) for x in ([0, 0], [1, 2])), np.array([3, -4], np.int32),
                  *(np.zeros(n, np.int64) for n in (3, 1, 1)))
told = lay(counted)
entries().count_synapses(told.address)
print(counted.fan_out.tolist(), counted.fan_in.tolist(), counted.reach.tolist(), "numba" in sys.modules)
"""


@pytest.fixture
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """File of the kernels in a cache of its own, with those that this session runs on."""
    kernels = keeping.read_kernels(keeping.kernel_file()) or _built()
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path))
    path = keeping.kernel_file()
    assert keeping.write_kernels(path, kernels)
    yield path


def _built() -> keeping.Kernels:
    entries.entries()
    found = keeping.read_kernels(keeping.kernel_file())
    assert found is not None
    return found


def run(code: str = RUN) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)


def test_a_second_start_loads_them_without_numba_and_without_a_word(kept: Path) -> None:
    done = run()
    assert done.stdout.split("\n")[0] == "[0, 1, 1] [2] [7] False" and not done.stderr


def test_a_damaged_file_is_made_again_with_a_message(kept: Path) -> None:
    whole = kept.read_bytes()
    kept.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    assert keeping.read_kernels(kept) is None
    done = run()
    assert done.stdout.startswith("[0, 1, 1] [2] [7] True") and str(kept) in done.stderr and "once" in done.stderr
    assert keeping.read_kernels(kept) is not None


@pytest.mark.parametrize("content", [b"", b"\n", b"{}\n", b"[]\n", b'{"sha256": 1}\n', b"\xff\n"])
def test_what_is_no_file_of_kernels_is_not_read(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "file").write_bytes(content)
    assert keeping.read_kernels(tmp_path / "file") is None


def test_without_a_place_to_write_they_are_not_kept(tmp_path: Path) -> None:
    (tmp_path / "kernels").write_text("")
    assert not keeping.write_kernels(
        tmp_path / "kernels" / "digest" / "x.kernels", {"run_samples": ("symbol", b"code")}
    )


def test_warm_up_says_when_they_cannot_be_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "kernels").write_text("")
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path))
    monkeypatch.setattr(entries, "_compile", lambda: keeping.write_kernels(keeping.kernel_file(), {}))
    with pytest.raises(InputError, match=r"cannot be written.*SPIKEWRIGHT_CACHE_DIR"):
        entries.warm_up()


def test_threads_that_start_together_compile_once(monkeypatch: pytest.MonkeyPatch) -> None:
    loads: list[float] = []

    def load(kernels: object) -> None:
        loads.append(perf_counter())
        sleep(0.05)

    entries._entries.cache_clear()
    monkeypatch.setattr(entries, "_load", load)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: entries.entries(), range(4)))
    entries._entries.cache_clear()
    assert len(loads) == 1


def test_they_are_read_as_they_were_written(tmp_path: Path) -> None:
    kernels = {"run_samples": ("symbol", b"code\n\0"), "count_synapses": ("other", b"")}
    assert keeping.write_kernels(tmp_path / "deep" / "x.kernels", kernels)
    assert keeping.read_kernels(tmp_path / "deep" / "x.kernels") == kernels


def test_processes_that_write_together_leave_a_whole_file(tmp_path: Path) -> None:
    """Each writes other code, of megabytes; what is read at any time is one of them."""
    code = """
import sys
from pathlib import Path
from spikewright.simulators.engine import keeping
code = sys.argv[2].encode() * 2_000_000
for _ in range(20):
    assert keeping.write_kernels(Path(sys.argv[1]), {"run_samples": (sys.argv[2], code)})
"""
    path = tmp_path / "x.kernels"
    writers = [subprocess.Popen([sys.executable, "-c", code, str(path), name]) for name in ("ab", "cde", "f")]
    seen = 0
    while any(writer.poll() is None for writer in writers):
        if path.exists():
            kernels = keeping.read_kernels(path)
            assert kernels is not None
            symbol, machine_code = kernels["run_samples"]
            assert machine_code == symbol.encode() * 2_000_000
            seen += 1
    assert seen > 0 and [writer.wait() for writer in writers] == [0, 0, 0]
    assert [file.name for file in tmp_path.iterdir()] == ["x.kernels"]


@pytest.mark.parametrize("file", ["sums.py", "vectors.py", "tables.py", "kernels.py"])
def test_every_source_file_counts(tmp_path: Path, file: str) -> None:
    folder = tmp_path / "engine"
    shutil.copytree(Path(keeping.__file__).parent, folder, ignore=shutil.ignore_patterns("__pycache__"))
    assert keeping.source_digest(folder) == keeping.source_digest()
    (folder / file).write_text((folder / file).read_text() + "\n")
    keeping.source_digest.cache_clear()
    assert keeping.source_digest(folder) != keeping.source_digest()


def test_another_processor_has_kernels_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    before = keeping.kernel_file()
    keeping.processor_digest.cache_clear()
    monkeypatch.setattr(keeping, "features", lambda: {"another": True})
    try:
        assert keeping.kernel_file() != before and keeping.kernel_file().parent == before.parent
    finally:
        keeping.processor_digest.cache_clear()


def test_numba_is_left_as_it_was() -> None:
    """A user's own functions are compiled, and callable, after the engine has been."""
    code = """
from spikewright.simulators.engine.building import _parts_left_to_their_callers
with _parts_left_to_their_callers():
    pass
import numba
print(numba.njit(lambda x: x + 1)(2))
"""
    assert run(code).stdout.strip() == "3"


def test_no_byte_of_the_file_may_change(tmp_path: Path) -> None:
    """A symbol or a size that is not the one written would be run."""
    path = tmp_path / "x.kernels"
    assert keeping.write_kernels(path, {"run_samples": ("symbol", b"code\n\0"), "count_synapses": ("other", b"")})
    whole = path.read_bytes()
    for place in range(len(whole)):
        path.write_bytes(whole[:place])
        assert keeping.read_kernels(path) is None, f"cut at byte {place}"
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        assert keeping.read_kernels(path) is None, f"byte {place} changed"
