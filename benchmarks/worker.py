"""One contestant in a process of its own: ``python -m benchmarks.worker MODULE FOLDER`` answers orders on its stdin.

A contestant is a module with two functions: ``prepare(case, options)`` returns a function of no arguments that runs
the first ``options["samples"]`` samples of the case, ``options["batch"]`` at a time, on ``options["threads"]`` threads;
``count(case, options)`` runs them once and returns the spikes of every layer in all. It may have ``describe()``, more
versions; ``cpu_s()``, its clock if it starts processes; ``close()``, to end them. Needs numpy and the contestant.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import platform
import sys
from collections.abc import Callable
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version
from time import perf_counter, process_time
from typing import Any

import numpy as np

from .casefile import read_case

FETCHED = 1 << 27
"""Bytes of memory that are touched before a run."""
SHORT_S = 0.5
"""Longer runs lose next to nothing by memory that has to be fetched."""
PREPARED = 4
"""So many prepared inputs are kept in memory."""


def main(module: str, folder: str) -> None:
    """Answer one JSON object a line until stdin ends."""
    channel = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # whatever a library prints must not stand between the answers
    contestant, case = importlib.import_module(module), read_case(folder)

    @lru_cache(PREPARED)
    def ready(options: str) -> Callable[[], object]:
        run = contestant.prepare(case, json.loads(options))
        run()  # the first run compiles, allocates and fills the caches
        return run

    def timed(options: dict[str, Any], time: Callable[..., dict[str, float]]) -> dict[str, float]:
        return time(ready(json.dumps(options, sort_keys=True)), getattr(contestant, "cpu_s", process_time))

    orders: dict[str, Callable[[dict[str, Any]], Any]] = {
        "time": lambda options: timed(options, time_once),
        "time again": lambda options: timed(options, time_again),
        "count": lambda options: contestant.count(case, options),
        "versions": lambda options: versions(options["packages"]) | getattr(contestant, "describe", dict)(),
    }
    for line in sys.stdin:
        order = json.loads(line)
        print(json.dumps(orders[order["do"]](order["options"])), file=channel, flush=True)
    getattr(contestant, "close", lambda: None)()


def time_once(run: Callable[[], object], cpu_s: Callable[[], float]) -> dict[str, float]:
    """CPU time of the whole process, all its threads, and wall time of one run, in seconds.

    A virtual machine may give memory that nobody uses back to its host within seconds, and what is allocated next then
    takes ten times as long. Others have just run, so everybody's is fetched first; that of a short run, inputs and all,
    by a run that is not counted.
    """
    gc.collect()
    np.ones(FETCHED, np.uint8)
    first = time_again(run, cpu_s)
    return first if first["wall_s"] > SHORT_S else time_again(run, cpu_s)


def time_again(run: Callable[[], object], cpu_s: Callable[[], float]) -> dict[str, float]:
    """The same right behind a run of the same process, after which all memory is still there."""
    cpu, wall = cpu_s(), perf_counter()
    run()
    wall = perf_counter() - wall
    return {"cpu_s": cpu_s() - cpu, "wall_s": wall}


def versions(packages: list[str]) -> dict[str, str]:
    """Versions of Python and of the named packages, as far as they are installed here."""
    found = {"python": platform.python_version()}
    for name in packages:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


if __name__ == "__main__":
    main(*sys.argv[1:])
