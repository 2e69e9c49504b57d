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
    seconds = []
    while len(seconds) < 3 and min(seconds, default=1.0) > 0.3:  # once more where the machine may have been busy
        begin = time.process_time()
        try:
            read_nir(path, strict=sys.argv[2] == "strict")
            kind, text = "read", ""
        except (InputError, UnsupportedOp) as error:
            kind, text = type(error).__name__, str(error)
        seconds.append(time.process_time() - begin)
    growth = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - start
    found[path.name] = [kind, text, min(seconds), growth]
print(json.dumps(found))
"""


NIR_READS = {"cycle without neurons", "no way in"}
"""What ``nir.read`` takes for a graph, and the strict mode with it."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All files."""
    folder = tmp_path_factory.mktemp("malformed")
    sound(folder / "sound.nir")
    for i, make in enumerate(MALFORMED.values()):
        make(folder / f"broken{i:03}.nir")
    return folder


def read_all(folder: Path, mode: str) -> dict[str, list]:
    """Error, text, seconds of CPU and growth of peak memory so far, of every file; all read in one process."""
    run = subprocess.run([sys.executable, "-c", RUN, str(folder), mode], capture_output=True, text=True, timeout=120)
    assert run.returncode == 0, run.stderr
    found = json.loads(run.stdout)
    return {name: found[f"broken{i:03}.nir"] for i, name in enumerate(MALFORMED)}


@pytest.fixture(scope="module")
def outcomes(folder: Path) -> dict[str, list]:
    return read_all(folder, "mending")


@pytest.fixture(scope="module")
def strict_outcomes(folder: Path) -> dict[str, list]:
    return read_all(folder, "strict")


def test_the_file_that_they_are_made_from_is_read(tmp_path: Path) -> None:
    sound(tmp_path / "a.nir")
    assert read_nir(tmp_path / "a.nir").metadata["spikewright"]["repairs"] == []
    assert len(MALFORMED) >= 40


@pytest.mark.parametrize("name", list(MALFORMED))
def test_a_broken_file_is_refused_with_its_reason(outcomes: dict[str, list], name: str) -> None:
    require_refusal(outcomes[name])


@pytest.mark.parametrize("name", [name for name in MALFORMED if name not in NIR_READS])
def test_the_strict_mode_refuses_as_soon(strict_outcomes: dict[str, list], name: str) -> None:
    require_refusal(strict_outcomes[name])


def require_refusal(outcome: list) -> None:
    kind, text, seconds, growth = outcome
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
        ("edge to nowhere", "The edge 'fc' -> 'lfi' names 'lfi', which is missing"),
        ("edge to a name of 30,000 characters", "an edge to a name of 30000 characters, limit 1024"),
        ("spikewright's metadata are text", "must be a mapping"),
    ],
)
def test_the_reason_is_the_right_one(outcomes: dict[str, list], name: str, reason: str) -> None:
    assert reason in outcomes[name][1]


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("compressed bomb", "200-fold"),
        ("many small datasets never written", "limit 67108864"),
        ("length of a type", "/node/nodes/lif/type holds a string of 21307064"),
        ("length of an edge", "/node/edges holds a string of 21307064"),
        ("length in a chunk", "/node/metadata/notes holds a string of 21307064"),
        ("compact text", "compact layout"),
        ("text filled with text", "fill value"),
        ("one text for many", "brings the strings to 600000"),
        ("600,000 edges", "holds 1200000 strings"),
    ],
)
def test_limits_are_those_of_both_modes(
    outcomes: dict[str, list], strict_outcomes: dict[str, list], name: str, reason: str
) -> None:
    assert reason in outcomes[name][1]
    assert reason in strict_outcomes[name][1]
