"""``python -m benchmarks``: measure, write ``results/*.json``, and make the page of all results."""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path
from time import perf_counter
from typing import Any

from spikewright.models.files import atomic_file

from . import startup, w1, w5
from .conditions import conditions
from .contest import OURS, Effort
from .ours import PACKAGES
from .tables import page
from .worker import versions

WORKLOADS = ("w1", "w5", "startup")
RESULTS = Path(__file__).with_name("results")


def main(arguments: list[str] | None = None) -> None:
    """Run the chosen workloads."""
    options = _parser().parse_args(arguments)
    options.results.mkdir(parents=True, exist_ok=True)
    effort = Effort(rounds=2, single_rows=40, batches=(1, 4), least=4) if options.quick else Effort()
    for name in options.only:
        begin = perf_counter()
        print(f"{name} ...", file=sys.stderr)
        content = json.dumps(_measure(name, effort, options), indent=1)
        _write(options.results / f"{name}.json", content + "\n")
        print(f"{name}: {perf_counter() - begin:.0f} s", file=sys.stderr)
    found = {n: options.results / f"{n}.json" for n in WORKLOADS}
    results = {n: json.loads(path.read_text()) for n, path in found.items() if path.exists()}
    _write(options.results / "README.md", page(results))
    print(f"wrote {options.results}")


def _measure(name: str, effort: Effort, options: argparse.Namespace) -> dict[str, Any]:
    """One workload's result, with the conditions under which it was measured."""
    around = conditions()
    if name == "startup":
        result = startup.run(1 if options.quick else 5, options.backend, options.program)
    else:
        result = {"w1": w1, "w5": w5}[name].run(effort, options.backend, options.quick)
    # All cases of a workload ran with the same software.
    used = [case.pop("versions") for case in result.get("cases", [])]
    around["versions"] = used[0] if used else {OURS: versions(list(PACKAGES))}
    around["load_average_at_end"] = [round(load, 2) for load in os.getloadavg()]
    return {"schema_version": 1, **result, "conditions": around}


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--only", nargs="+", choices=WORKLOADS, default=WORKLOADS, metavar="WORKLOAD")
    parser.add_argument("--results", type=Path, default=RESULTS, help="folder to write to")
    parser.add_argument("--backend", default="engine", help="backend of simulate to measure")
    parser.add_argument("--program", type=Path, help="program file for the start-up, instead of a random one")
    parser.add_argument(
        "--quick", action="store_true", help="tiny sizes, to see that it runs; the numbers mean nothing"
    )
    return parser


def _write(path: Path, text: str) -> None:
    with atomic_file(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
