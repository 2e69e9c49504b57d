"""Broken files: a typed error each, soon, and without the memory that they ask for."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

# Pytest's importlib mode leaves the path alone.
sys.path.insert(0, str(Path(__file__).parent))
from malformed import MALFORMED, sound

from spikewright.exporters.nir.files import read_nir

SECONDS, GROWTH_KB = 1.0, 200 * 1024

RUN = """
import json, resource, sys, time
from pathlib import Path
from spikewright.exporters.nir.files import read_nir
from spikewright.models.errors import InputError, UnsupportedOp

folder = Path(sys.argv[1])
read_nir(folder / "sound.nir")
start = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
found = {}
for path in sorted(folder.glob("broken*.nir")):
    begin = time.perf_counter()
    try:
        read_nir(path)
        kind, text = "read", ""
    except (InputError, UnsupportedOp) as error:
        kind, text = type(error).__name__, str(error)
    growth = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - start
    found[path.name] = [kind, text, time.perf_counter() - begin, growth]
print(json.dumps(found))
"""


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list]:
    """Error, text, seconds and growth of peak memory so far, of every file; all read in one process."""
    folder = tmp_path_factory.mktemp("malformed")
    sound(folder / "sound.nir")
    names = {name: f"broken{i:03}.nir" for i, name in enumerate(MALFORMED)}
    for name, make in MALFORMED.items():
        make(folder / names[name])
    run = subprocess.run([sys.executable, "-c", RUN, str(folder)], capture_output=True, text=True, timeout=120)
    assert run.returncode == 0, run.stderr
    found = json.loads(run.stdout)
    return {name: found[file] for name, file in names.items()}


def test_the_file_that_they_are_made_from_is_read(tmp_path: Path) -> None:
    sound(tmp_path / "a.nir")
    assert read_nir(tmp_path / "a.nir").metadata["spikewright"]["repairs"] == []
    assert len(MALFORMED) >= 40


@pytest.mark.parametrize("name", list(MALFORMED))
def test_a_broken_file_is_refused_with_its_reason(outcomes: dict[str, list], name: str) -> None:
    kind, text, seconds, growth = outcomes[name]
    assert kind in ("InputError", "UnsupportedOp")
    assert ".nir" in text
    assert seconds < SECONDS
    assert growth < GROWTH_KB


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("compressed bomb", "200-fold"),
        ("huge dataset", "limit 2147483648"),
        ("huge shape behind a scalar", "of parameters, limit"),
        ("hard link to its parent", "loop of links"),
        ("link to another file", "link to another file"),
        ("weight transposed", "write weight.T"),
        ("cycle without neurons", "loop -> loop"),
        ("no type", "Node 'lif' has no type"),
        ("nested 200 deep", "limit 32"),
        ("sub-graph with two inputs", "write 'sub.<node>'"),
    ],
)
def test_the_reason_is_the_right_one(outcomes: dict[str, list], name: str, reason: str) -> None:
    assert reason in outcomes[name][1]
