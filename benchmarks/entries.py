"""Who takes part in a case, and the ratios of their times."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from .measure import Contestant, Worker, clock_for, ratio
from .ours import BY_CORE

OURS = "spikewright"
MANY, SHARE = 100, 2
"""Of more samples than that, a short run has half."""
ONE, BEST = "one sample", "best batch"
"""What a row or a ratio belongs to: samples handed over one by one, or all of them."""


@dataclass(frozen=True)
class Entry:
    """A contestant with what it is measured against.

    Attributes
    ----------
    against : {"one sample", "best batch"}
    contestant : Contestant
    clock : {"cpu", "wall"}
        What it is compared by on one thread.
    """

    against: str
    contestant: Contestant
    clock: str

    @property
    def ours(self) -> bool:
        """Whether it is ours."""
        return self.contestant.name == OURS

    @property
    def threads(self) -> int:
        """Its number of threads."""
        return self.contestant.options["threads"]

    @property
    def by_core(self) -> bool:
        """Whether it counts by core as well, and is compared with ours alone."""
        return self.contestant.options["form"].endswith(BY_CORE)

    def in_short(self) -> Contestant:
        """The same without times, on fewer samples."""
        known = self.contestant
        samples = known.options["samples"]
        samples = samples // SHARE if samples > MANY else samples
        return Contestant(known.name, known.worker, known.options | {"samples": samples, "batch": samples})

    def row(self, events_per_sample: float) -> dict[str, Any]:
        """Its line of the results."""
        return {"against": self.against, **self.contestant.row(events_per_sample)}


@dataclass
class Field:
    """The entries of a case, in the order in which they take turns."""

    entries: list[Entry] = field(default_factory=list)

    def add(
        self,
        against: str,
        name: str,
        worker: Worker,
        form: str,
        batch: int,
        samples: int,
        threads: int,
        clock: str = "cpu",
    ) -> None:
        """Let one more take part."""
        options = {"form": form, "batch": batch, "samples": samples, "threads": threads}
        self.entries.append(Entry(against, Contestant(name, worker, options), clock))


def ratios(entries: list[Entry]) -> list[dict[str, Any]]:
    """Every peer's time over that of every variant of ours, round by round."""
    ours = [e for e in entries if e.ours and not e.by_core]
    return [
        {"against": e.against, **ratio(e.contestant, own.contestant, _clock(e))}
        for e in entries
        for own in ours
        if not e.ours and (own.against, own.threads) == (e.against, e.threads)
    ]


def among_ours(entries: list[Entry], rounds: int) -> dict[str, Any]:
    """Compare ours with itself, two at a time: small differences can be told of runs that are short and many.

    Returns
    -------
    dict
        "scaling": ours on the fewest threads over ours on the most, by wall time; "counting": ours with counts by core
        over ours without. All round by round.
    """
    whole = [e for e in entries if e.ours and e.against == BEST]
    threads = sorted({e.threads for e in whole})
    plain = [e for e in whole if not e.by_core]
    scaling = [
        _between(one, many, "wall", rounds)
        for one in plain
        for many in plain
        if one.contestant.options["form"] == many.contestant.options["form"]
        and (one.threads, many.threads) == (threads[0], threads[-1])
        and one is not many
    ]
    return {"scaling": scaling, "counting": [_between(e, plain[0], "cpu", rounds) for e in whole if e.by_core]}


def _between(above: Entry, below: Entry, clock: str, rounds: int) -> dict[str, Any]:
    """Ratio of two of ours that take turns; who is first changes, as a machine grows slower and faster.

    Runs follow each other at once, with nobody else's between them.
    """
    first, second = above.in_short(), below.in_short()
    for turn in range(rounds):
        for contestant in (second, first) if turn % 2 else (first, second):
            contestant.time(again=True)
    full = ratio(first, second, clock)
    return {
        "form": full["form"],
        "over": full["ours"],
        "threads": above.threads,
        "over_threads": below.threads,
        **{key: full[key] for key in ("clock", "median", "min", "max", "n")},
    }


def _clock(entry: Entry) -> str:
    return entry.clock if entry.threads == 1 else clock_for(entry.threads)
