"""``python -m benchmarks``: measure, write ``results/*.json``, and make the page of all results.

Every workload is a module with ``run(effort, backend, tiny) -> dict``; one whose result is no table of cases has
``section(result)``, which yields the lines of its part of the page, and perhaps ``pictures(result)``, which yields
the names and contents of what these lines show.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from dataclasses import replace
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from time import perf_counter
from typing import Any

from spikewright.models.files import atomic_file

from .conditions import conditions
from .contest import Effort
from .entries import OURS
from .ours import PACKAGES
from .tables import cases, page
from .worker import versions

WORKLOADS = tuple(
    name
    for name in ("w1", "w2", "w3", "w4", "w5", "startup", "scale", "plots", "trained")
    if find_spec(f"{__package__}.{name}")
)
"""In the order in which they are run and shown."""
SCHEMA_VERSION = 2
RESULTS = Path(__file__).with_name("results")
TINY = Effort(rounds=2, single_rows=40, batches=(1, 4), search_rows=24, local=True)


def main(arguments: list[str] | None = None) -> None:
    """Run the chosen workloads; each result is written at once, so that an interrupted run keeps what it has."""
    options = _options(arguments)
    options.results.mkdir(parents=True, exist_ok=True)
    effort = TINY if options.tiny else Effort()
    effort = replace(effort, rounds=options.rounds or effort.rounds, local=effort.local or options.local)
    for name in () if options.tables else options.workloads or WORKLOADS:
        begin = perf_counter()
        _tell(f"{name} ...")
        content = json.dumps(_measure(name, effort, options), indent=1)
        _write(options.results / f"{name}.json", content + "\n")
        _write_page(options.results)
        _tell(f"{name}: {perf_counter() - begin:.0f} s")
    _write_page(options.results)
    print(f"wrote {options.results}")


def _measure(name: str, effort: Effort, options: argparse.Namespace) -> dict[str, Any]:
    """One workload's result, with the conditions under which it was measured."""
    around = conditions()
    result = _module(name).run(effort, options.backend, options.tiny)
    used: dict[str, Any] = result.pop("versions", {OURS: versions(list(PACKAGES))})
    for case in result.get("cases", []):
        used |= case.pop("versions", {})
    around["versions"] = used
    around["load_average_at_end"] = [round(load, 2) for load in os.getloadavg()]
    return {"schema_version": SCHEMA_VERSION, **result, "conditions": around}


def _write_page(results: Path) -> None:
    """Make the page and its pictures from the JSON files alone; files of another schema wait for their next run."""
    written = {name: results / f"{name}.json" for name in WORKLOADS}
    found = {name: json.loads(path.read_text()) for name, path in written.items() if path.exists()}
    found = {name: result for name, result in found.items() if result["schema_version"] == SCHEMA_VERSION}
    sections = {name: getattr(_module(name), "section", cases)(result) for name, result in found.items()}
    for name, result in found.items():
        if pictures := getattr(_module(name), "pictures", None):
            for file, content in pictures(result):
                _write(results / file, content)
    _write(results / "README.md", page(found, sections))


def _module(name: str) -> Any:
    return import_module(f"{__package__}.{name}")


def _options(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("workloads", nargs="*", help=f"of {', '.join(WORKLOADS)}; all by default")
    parser.add_argument("--tables", action="store_true", help="measure nothing, make the page from the JSON files")
    parser.add_argument("--results", type=Path, default=RESULTS, help="folder to write to")
    parser.add_argument("--backend", default="engine", help="backend of simulate to measure")
    parser.add_argument("--rounds", type=int, help="rounds in which the contestants take turns")
    parser.add_argument("--local", action="store_true", help="make no environments: only peers that are installed here")
    parser.add_argument(
        "--tiny", action="store_true", help="tiny networks and peers of this environment, to see that it runs"
    )
    options = parser.parse_args(arguments)
    if unknown := set(options.workloads).difference(WORKLOADS):
        parser.error(f"unknown workloads: {', '.join(sorted(unknown))}")
    return options


def _write(path: Path, text: str) -> None:
    with atomic_file(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def _tell(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
