"""The peers of a case: started, compared with the reference, and brought to their best."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from math import sqrt
from subprocess import SubprocessError
from typing import TYPE_CHECKING, Any

from spikewright.models.errors import SpikewrightError

from .casefile import Case
from .entries import OURS
from .measure import Worker
from .peers import FORMAT, Peer, interpreter
from .reference import Reference
from .search import Search

if TYPE_CHECKING:
    from .contest import Effort, Subject

TOLERANCE = 0.01
"""Largest relative difference of a layer's spikes: a float peer does not truncate, so a few fall differently."""
DEVIATIONS = 3
"""Or so many times the square root of the spikes, where they are few."""


@dataclass
class Rival:
    """A peer whose process runs.

    Attributes
    ----------
    peer : Peer
    worker : Worker
    search : Search
    spikes : dict of str to list of int
        Of every layer, form by form.
    matched : bool
        Whether they are those of the reference, within the tolerance.
    """

    peer: Peer
    worker: Worker
    search: Search
    spikes: dict[str, list[int]]
    matched: bool

    def look(self, threads: Sequence[int]) -> None:
        """Search the best; Lava has one form, and no batches."""
        for n in threads if self.peer.on_torch else ():
            self.search.on(n)
            _tell(f"best of {self.peer.name} on {n} thread(s): {self.search.best(n)}")

    def lone_forms(self) -> list[str]:
        """Forms for one sample: the documented one and the best."""
        documented = next(iter(self.peer.forms))
        best = [self.search.best(batch=1)["form"]] if self.peer.on_torch else []
        return list(dict.fromkeys([documented, *best]))

    def batched(self, threads: int) -> list[tuple[str, int]]:
        """Form and batch for many samples."""
        if not self.peer.on_torch:
            return []
        best = self.search.best(threads)
        return [(best["form"], best["batch"])]


def open_rivals(
    peers: tuple[Peer, ...],
    case: Case,
    effort: Effort,
    spec: Subject,
    reference: Reference,
    threads: Sequence[int],
    stack: ExitStack,
) -> tuple[list[Rival], dict[str, str]]:
    """Start every peer, count its spikes and search its best; those that cannot be run come back with the reason."""
    rivals, not_run = [], {}
    for peer in peers:
        _tell(f"{peer.name}: environment and spikes")
        try:
            worker = stack.enter_context(Worker(peer.module, case.folder, interpreter(peer, effort.local)))
            rival = _rival(peer, worker, case, effort, spec, reference)
            rival.look(threads)
            rivals.append(rival)
        except (RuntimeError, OSError, SubprocessError, SpikewrightError) as error:
            not_run[peer.name] = str(error)[-400:]
            _tell(f"{peer.name} is not run: {not_run[peer.name]}")
    return rivals, not_run


def matches(spikes: Sequence[int], reference: Sequence[int]) -> bool:
    """Whether the spikes of every layer are near enough to be those of the same network."""
    pairs = zip(spikes, reference, strict=True)
    return all(abs(a - b) <= max(TOLERANCE * b, DEVIATIONS * sqrt(b)) for a, b in pairs)


def agreement(samples: int, reference: Reference, ours: list[str], rivals: list[Rival]) -> dict[str, Any]:
    """Spikes of every layer as everybody computes them."""
    return {
        "samples": samples,
        "tolerance": TOLERANCE,
        "deviations": DEVIATIONS,
        "matched": {rival.peer.name: rival.matched for rival in rivals},
        "spikes_per_layer": {
            "reference": reference.spikes,
            OURS: dict.fromkeys(ours, reference.spikes),
            **{rival.peer.name: rival.spikes for rival in rivals},
        },
    }


def _rival(peer: Peer, worker: Worker, case: Case, effort: Effort, spec: Subject, reference: Reference) -> Rival:
    samples = effort.single(spec)
    convolutions = any(layer.kind == "convolution" for layer in case.layers)
    modifiers = [m for m in peer.modifiers if m != FORMAT or convolutions]
    forms = [*peer.forms, *(next(iter(peer.forms)) + m for m in modifiers)]
    spikes = {f: worker.ask("count", form=f, samples=samples, batch=samples, threads=1) for f in forms}
    batches = [b for b in effort.batches if b <= spec.samples]
    least = min(spec.samples, max(1, effort.search_rows // spec.steps))
    search = Search(peer, worker, batches, least, modifiers)
    return Rival(peer, worker, search, spikes, all(matches(s, reference.spikes) for s in spikes.values()))


def _tell(text: str) -> None:
    print(f"  {text}", file=sys.stderr, flush=True)
