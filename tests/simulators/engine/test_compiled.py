"""Kernels are kept where the user's caches are, and never outlive the source that they were made of."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from spikewright.simulators.engine import compiled

RUN = """
import numpy as np
from spikewright.simulators.engine.sums import shifted
print(shifted(np.int64(3), np.int64(1), False))
"""
"""The smallest kernel: compiling all of them takes half a minute."""


def run(cache: Path) -> str:
    environment = {**os.environ, compiled.CACHE_VARIABLE: str(cache)}
    done = subprocess.run([sys.executable, "-c", RUN], env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_kernels_are_kept_in_the_named_folder(tmp_path: Path) -> None:
    assert run(tmp_path) == "6"
    (folder,) = (tmp_path / "kernels").iterdir()
    assert folder.name == compiled.source_digest() and list(folder.rglob("*.nbc"))


def test_without_a_place_to_write_they_are_compiled_each_time(tmp_path: Path) -> None:
    (tmp_path / "kernels").write_text("")
    assert run(tmp_path) == "6"


@pytest.mark.parametrize("file", ["sums.py", "vectors.py", "tables.py", "kernels.py"])
def test_every_source_file_counts(tmp_path: Path, file: str) -> None:
    """Numba's own cache would look at the file of the outermost function only."""
    folder = tmp_path / "engine"
    shutil.copytree(Path(compiled.__file__).parent, folder, ignore=shutil.ignore_patterns("__pycache__"))
    assert compiled.source_digest(folder) == compiled.source_digest()
    (folder / file).write_text((folder / file).read_text() + "\n")
    compiled.source_digest.cache_clear()
    assert compiled.source_digest(folder) != compiled.source_digest()


def test_a_users_own_cache_is_left_alone() -> None:
    import numba

    import spikewright.simulators.engine.kernels

    assert spikewright.simulators.engine.kernels.run_samples
    assert str(compiled.source_digest()) not in str(numba.config.CACHE_DIR)
