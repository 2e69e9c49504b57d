"""Timing contestants in turn, and what is made of the times."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any

from .conditions import ROOT, environment

CLOCKS = {"cpu": "cpu_s", "wall": "wall_s"}


class Worker:
    """A contestant's process (see `worker`), started at once and ended with the ``with`` block.

    Parameters
    ----------
    module : str
    folder : Path
        Of the case.
    python : str
        Interpreter of the contestant's environment.
    **variables
        Of the process, besides ours.
    """

    def __init__(self, module: str, folder: Path, python: str = sys.executable, **variables: str) -> None:
        self.module = module
        self._process = subprocess.Popen(
            (python, "-m", "benchmarks.worker", module, str(folder)),
            cwd=ROOT,
            env=environment(**variables),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def ask(self, do: str, **options: Any) -> Any:
        """Send one order and wait for the answer.

        Raises
        ------
        RuntimeError
            If the process ended; its own message is on stderr.
        """
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin is not None and stdout is not None
        try:
            stdin.write(json.dumps({"do": do, "options": options}) + "\n")
            stdin.flush()
            answer = stdout.readline()
        except BrokenPipeError:
            answer = ""
        if not answer:
            raise RuntimeError(f"{self.module} ended with code {self._process.wait()} at {do} {options}; see above.")
        return json.loads(answer)

    def __enter__(self) -> Worker:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self._process.stdin is not None:
            self._process.stdin.close()
        if kind is not None:
            self._process.kill()
        self._process.wait()


@dataclass
class Contestant:
    """One way to run one case, and its times.

    Attributes
    ----------
    name : str
    worker : Worker
    options : dict
        "form", "batch", "samples" and "threads".
    times : list of dict
        One per round, as `worker.time_once` gives them.
    """

    name: str
    worker: Worker
    options: dict[str, Any]
    times: list[dict[str, float]] = field(default_factory=list)

    def time(self, again: bool = False) -> None:
        """Run once more; `again` if nobody but its own process has just run."""
        self.times.append(self.worker.ask("time again" if again else "time", **self.options))

    def ms_per_sample(self, clock: str) -> list[float]:
        """CPU or wall time of every round in ms per sample."""
        return [1e3 * t[CLOCKS[clock]] / self.options["samples"] for t in self.times]

    def row(self, events_per_sample: float) -> dict[str, Any]:
        """The contestant's line of the results."""
        times = {f"{clock}_ms_per_sample": spread(self.ms_per_sample(clock)) for clock in CLOCKS}
        rate = events_per_sample / (times["cpu_ms_per_sample"]["median"] / 1e3)
        return {"contestant": self.name, **self.options, **times, "events_per_cpu_s": rate, "kind": "measured"}


def interleave(contestants: Sequence[Contestant], rounds: int) -> None:
    """Time all of them in turn, `rounds` times over, so that what disturbs the machine disturbs everybody."""
    for _ in range(rounds):
        for contestant in contestants:
            contestant.time()


def spread(values: Sequence[float]) -> dict[str, float]:
    """Median, smallest and largest value."""
    return {"median": statistics.median(values), "min": min(values), "max": max(values), "n": len(values)}


def ratio(theirs: Contestant, ours: Contestant, clock: str) -> dict[str, Any]:
    """How many times as long the peer takes: median and range of the rounds' ratios.

    Times are compared round by round; the two runs of a round lie next to each other.
    """
    pairs = zip(theirs.ms_per_sample(clock), ours.ms_per_sample(clock), strict=True)
    return {
        "peer": theirs.name,
        "form": theirs.options["form"],
        "peer_batch": theirs.options["batch"],
        "ours": ours.options["form"],
        "our_batch": ours.options["batch"],
        "threads": ours.options["threads"],
        "clock": clock,
        **spread([a / b for a, b in pairs]),
    }


def clock_for(threads: int) -> str:
    """CPU time on one thread, which other processes hardly disturb; wall time on more, which is what they are for."""
    return "cpu" if threads == 1 else "wall"
