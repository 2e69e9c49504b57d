"""Looking for a peer's best: form, batch size, modifiers and, on more threads, what of these gains most from them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import combinations
from typing import Any

from .measure import CLOCKS, Contestant, Worker, clock_for, interleave
from .peers import Peer

WORSE = 1.3
"""A form is not tried in larger batches once they take so many times as long as its best."""
LEADERS = 3
"""So many of the best on one thread are tried on more."""
Tried = dict[str, Any]


@dataclass
class Search:
    """All that was tried of one peer on one case.

    Attributes
    ----------
    peer : Peer
    worker : Worker
    batches : sequence of int
        Sizes to try, ascending.
    least : int
        Samples on which a batch size is tried, at least.
    modifiers : sequence of str
        What may be added to a form here.
    tried : list of dict
        "form", "batch", "threads" and the fastest of two times after a warm-up.
    """

    peer: Peer
    worker: Worker
    batches: Sequence[int]
    least: int
    modifiers: Sequence[str]
    tried: list[Tried] = field(default_factory=list)

    def on_one_thread(self) -> None:
        """Try every form in growing batches; then modifiers, and other batches with them, on the best and on B = 1."""
        for form in self.peer.forms:
            best = None
            for batch in self.batches:
                now = self._try(form, batch)[_key(1)]
                if best is not None and now > WORSE * best:
                    break
                best = min(now, best or now)
        for leader in (self.best(), self.best(batch=1)):
            for form in self._modified(leader["form"]):
                self._try(form, leader["batch"])
        leader = self.best()
        if "," in leader["form"]:
            for batch in self._beside(leader["batch"]):
                self._try(leader["form"], batch)

    def on(self, threads: int) -> None:
        """Try those that are best on one thread, and larger batches of the very best, on more."""
        if threads == 1:
            return self.on_one_thread()
        leaders = self._sorted(1)[:LEADERS]
        chosen = [(x["form"], x["batch"]) for x in leaders]
        chosen += [(leaders[0]["form"], batch) for batch in self._beside(leaders[0]["batch"])]
        for form, batch in dict.fromkeys(chosen):
            self._try(form, batch, threads)
        return None

    def best(self, threads: int = 1, batch: int | None = None) -> Tried:
        """The fastest found, of any batch size or of one."""
        return next(x for x in self._sorted(threads) if batch in (None, x["batch"]))

    def _sorted(self, threads: int) -> list[Tried]:
        return sorted((x for x in self.tried if x["threads"] == threads), key=lambda x: x[_key(threads)])

    def _try(self, form: str, batch: int, threads: int = 1) -> Tried:
        for x in self.tried:
            if (x["form"], x["batch"], x["threads"]) == (form, batch, threads):
                return x
        options = {"form": form, "batch": batch, "samples": max(batch, self.least), "threads": threads}
        candidate = Contestant(self.peer.name, self.worker, options)
        interleave([candidate], 2)
        fastest = {f"{clock}_ms_per_sample": min(candidate.ms_per_sample(clock)) for clock in CLOCKS}
        self.tried.append({"peer": self.peer.name, "form": form, "batch": batch, "threads": threads, **fastest})
        return self.tried[-1]

    def _modified(self, form: str) -> list[str]:
        counts = range(1, len(self.modifiers) + 1)
        return [form + "".join(chosen) for n in counts for chosen in combinations(self.modifiers, n)]

    def _beside(self, batch: int) -> list[int]:
        """The next smaller and larger batch."""
        at = list(self.batches).index(batch)
        return [self.batches[i] for i in (at - 1, at + 1) if 0 <= i < len(self.batches)]


def _key(threads: int) -> str:
    return f"{clock_for(threads)}_ms_per_sample"
