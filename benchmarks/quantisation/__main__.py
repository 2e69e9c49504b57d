"""``python -m benchmarks.quantisation``: train or load the networks, make integers in every way, measure."""

from __future__ import annotations

import argparse
import json
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any

from spikewright.models.files import atomic_file

from ..conditions import ROOT, conditions
from .divisive import measure as measure_divisive
from .plain_run import measure as measure_plain
from .recipes import RECIPES
from .table import page
from .train import trained_on

RESULTS = ROOT / "benchmarks" / "results"
THOROUGH = 0
"""The seed whose programs run on the oracle too, and whose bits are searched."""
PACKAGES = ("spikewright", "torch", "numpy", "numba", "nir")


def main(arguments: list[str] | None = None) -> None:
    """Measure what was asked for, keep other runs of the results file, and write it with its page."""
    options = _parser().parse_args(arguments)
    options.results.mkdir(parents=True, exist_ok=True)
    path = options.results / "quantisation.json"
    runs = {_key(run): run for run in json.loads(path.read_text())["runs"]} if path.exists() else {}
    for name in options.only:
        for seed in options.seeds:
            around = conditions() | {"versions": {package: version(package) for package in PACKAGES}}
            run = {"network": name, "seed": seed, **_measure(name, seed, options)}
            run |= {"trained_on": trained_on(name, seed), "conditions": around}
            runs[_key(run)] = run
            order = sorted(runs, key=lambda key: (list(RECIPES).index(key[0]), key[1]))
            content = {"schema_version": 1, "runs": [runs[key] for key in order]}
            _write(path, json.dumps(content, indent=1) + "\n")
            _write(options.results / "QUANTISATION.md", page(content))
    print(f"wrote {options.results / 'QUANTISATION.md'}")


def _measure(name: str, seed: int, options: argparse.Namespace) -> dict[str, Any]:
    if RECIPES[name].input == "direct":
        return measure_divisive(name, seed, options.images, options.lava, _tell)
    # Oracle and search take minutes for a network of convolutions: one seed of each network has them.
    thorough = seed == THOROUGH
    return measure_plain(name, seed, options.images, thorough, thorough and options.search, _tell)


def _key(run: dict[str, Any]) -> tuple[str, int]:
    return run["network"], run["seed"]


def _tell(text: str) -> None:
    print(f"{text} ...", file=sys.stderr)


def _write(path: Path, text: str) -> None:
    with atomic_file(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.quantisation", description=__doc__)
    parser.add_argument("--only", nargs="+", choices=list(RECIPES), default=list(RECIPES))
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2])
    parser.add_argument("--images", type=int, default=10000, help="test images at most")
    parser.add_argument("--no-search", dest="search", action="store_false", help="leave out mixed precision")
    parser.add_argument("--lava", type=int, default=50, help="images that run on Lava too; 0 for none")
    parser.add_argument("--results", type=Path, default=RESULTS, help="folder to write to")
    return parser


if __name__ == "__main__":
    main()
