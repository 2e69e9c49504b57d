"""``python -m benchmarks.interop``: write the fixtures in every framework's own environment, and let everybody read."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from spikewright.models.files import atomic_file

from ..conditions import ROOT, conditions
from ..ours import PACKAGES
from ..worker import versions
from . import ours
from .environments import FRAMEWORKS, cache_folder, make
from .table import page

HERE = Path(__file__).parent
FIXTURES = ROOT / "tests" / "fixtures" / "nir"
RESULTS = ROOT / "benchmarks" / "results"
READERS = {
    "snntorch": "snntorch",
    "nirtorch": "snntorch",
    "nirtorch_affine": "snntorch",
    "spikingjelly": "spikingjelly",
}
"""Reader to the environment that it runs in."""
GENERATE_S, READ_S = 300, 120


def main() -> None:
    """Make the environments, write, read, tell."""
    options = _parser().parse_args()
    frameworks = [f for f in FRAMEWORKS if f.name in options.only]
    pythons, missing = {}, {}
    for framework in frameworks:
        try:
            pythons[framework.name] = make(framework, options.cache)
            if not options.keep:
                _generate(framework.name, pythons[framework.name], options.fixtures)
        except (RuntimeError, OSError, subprocess.SubprocessError) as error:
            missing[framework.name] = str(error)[-400:]
        _tell(f"{framework.name}: {missing.get(framework.name, 'ready')}")
    result = _read_all(options.fixtures, pythons)
    result["not_installed"] = missing
    options.results.mkdir(parents=True, exist_ok=True)
    _write(options.results / "interop.json", json.dumps(result, indent=1) + "\n")
    _write(options.results / "INTEROP.md", page(result))
    _tell(f"wrote {options.results / 'INTEROP.md'}")


def _generate(name: str, python: Path, fixtures: Path) -> None:
    """Replace what the generator writes; what a person wrote beside it stays."""
    folder = fixtures / name
    for old in [*folder.glob("*.nir"), *folder.glob("*.npz")]:
        old.unlink()
    folder.mkdir(parents=True, exist_ok=True)
    done = _run([str(python), str(HERE / f"{name}_nets.py"), str(folder)], GENERATE_S)
    if done.returncode:
        raise RuntimeError(f"{name}_nets.py failed: {(done.stderr.strip().splitlines() or ['no message'])[-1]}")


def _read_all(fixtures: Path, pythons: dict[str, Path]) -> dict[str, Any]:
    files = sorted(fixtures.glob("*/*.nir"))
    jobs = [(path, reader) for path in files for reader in READERS]
    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(lambda job: _foreign(*job, pythons), jobs))
    by_file: dict[Path, dict[str, Any]] = {path: {} for path in files}
    for (path, reader), answer in zip(jobs, answers, strict=True):
        by_file[path][reader] = answer
    rows = [
        {"framework": path.parent.name, "network": path.stem, "what": ours.about(path)["what"]}
        | {"readers": {"spikewright": ours.judge(path), **by_file[path]}, "stated": stated(path)}
        for path in files
    ]
    writers = {p.parent.name: json.loads(p.read_text()) for p in sorted(fixtures.glob("*/about.json"))}
    return {
        "schema_version": 1,
        "kind": "measured",
        "files": rows,
        "not_exported": {name: writer["not_exported"] for name, writer in writers.items() if writer["not_exported"]},
        "versions": {"spikewright": versions([*PACKAGES, "nir", "h5py"])}
        | {name: w["versions"] for name, w in writers.items()},
        "conditions": conditions() | {"load_average_at_end": [round(load, 2) for load in os.getloadavg()]},
    }


def stated(path: Path) -> dict[str, Any] | None:
    """What a person wrote on spikes that stay different."""
    beside = path.parent / ours.BORDERLINE
    return json.loads(beside.read_text()).get(path.stem) if beside.is_file() else None


def _foreign(path: Path, reader: str, pythons: dict[str, Path]) -> dict[str, Any]:
    python = pythons.get(READERS[reader])
    if python is None:
        return {"not_run": "its environment is missing"}
    words = [str(python), str(HERE / "foreign.py"), reader, str(path), str(path.with_suffix(".npz"))]
    try:
        done = _run(words, READ_S)
        return json.loads(done.stdout.splitlines()[-1])
    except subprocess.TimeoutExpired:
        return {"loads": False, "error": f"no answer within {READ_S} s"}
    except (IndexError, json.JSONDecodeError):
        return {"loads": False, "error": f"the process died: {done.stderr.strip()[-200:]}"}


def _run(command: list[str], limit_s: int) -> subprocess.CompletedProcess[str]:
    environment = {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "VIRTUAL_ENV")}
    environment |= {"OMP_NUM_THREADS": "1", "JAX_PLATFORMS": "cpu"}
    return subprocess.run(command, capture_output=True, text=True, timeout=limit_s, env=environment)


def _parser() -> argparse.ArgumentParser:
    names = [framework.name for framework in FRAMEWORKS]
    parser = argparse.ArgumentParser(prog="python -m benchmarks.interop", description=__doc__)
    parser.add_argument("--only", nargs="+", choices=names, default=names, metavar="FRAMEWORK")
    parser.add_argument("--keep", action="store_true", help="read the fixtures that are there, write none")
    parser.add_argument("--cache", type=Path, default=cache_folder(), help="folder of the environments")
    parser.add_argument("--fixtures", type=Path, default=FIXTURES)
    parser.add_argument("--results", type=Path, default=RESULTS)
    return parser


def _write(path: Path, text: str) -> None:
    with atomic_file(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def _tell(text: str) -> None:
    print(text, file=sys.stderr)


if __name__ == "__main__":
    main()
