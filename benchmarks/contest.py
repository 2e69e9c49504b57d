"""One case from end to end: build it, check that everybody computes the same, search the peer's best, measure."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import spikewright.toolchain as sw
from spikewright.exporters.program.program import Program

from . import ours
from .casefile import Case
from .measure import Contestant, Worker, clock_for, interleave, ratio, search
from .peers import Peer
from .workloads import Spec, build

OURS = "spikewright"
ONE, BEST = "one sample", "best batch"
"""What a row or a ratio belongs to: samples handed over one by one, or all of them."""
TOLERANCE = 0.01
"""Largest relative difference of a layer's spikes: a float peer does not truncate, so a few fall differently."""


@dataclass(frozen=True)
class Effort:
    """How much is measured.

    Attributes
    ----------
    rounds : int
    single_rows : int
        Rows of the samples that are run one by one in a round: enough for caches and branch prediction to settle.
    batches : tuple of int
        Batch sizes tried for a peer; those above the case's samples are left out.
    least : int
        Samples on which a batch size is tried, at least.
    """

    rounds: int = 7
    single_rows: int = 3000
    batches: tuple[int, ...] = (1, 10, 100, 200, 500, 1000)
    least: int = 40

    def single(self, spec: Spec) -> int:
        """Samples of one round that are run one by one."""
        return min(spec.samples, max(1, self.single_rows // spec.steps))


def contest(spec: Spec, peer: Peer, effort: Effort, backend: str, threads: tuple[int, ...] = (1,)) -> dict[str, Any]:
    """Measure one case.

    Raises
    ------
    RuntimeError
        If a backend differs from the oracle, a peer from us by more than `TOLERANCE`, or a contestant died.
    """
    with TemporaryDirectory() as folder:
        case, program = build(spec, Path(folder))
        with Worker(ours.__name__, case.folder) as we, Worker(peer.module, case.folder, peer.python) as they:
            about = describe(spec, case, program, effort.single(spec))
            agreement = agree(case, program, we, they, peer, effort.single(spec), backend)
            parts = [_measure(spec, peer, effort, backend, n, we, they, about) for n in threads]
            versions = {
                OURS: we.ask("versions", packages=ours.PACKAGES),
                peer.name: they.ask("versions", packages=peer.packages),
            }
    merged: dict[str, list] = {
        key: [line for part in parts for line in part[key]] for key in ("rows", "ratios", "search")
    }
    return {**about, "agreement": agreement, **merged, "versions": versions}


def describe(spec: Spec, case: Case, program: Program, samples: int) -> dict[str, Any]:
    """What the case is, with its measured firing rates and exact synaptic operations over some samples."""
    x = case.x[:, :samples]
    trace = sw.simulate(program, x, backend="oracle")
    return {
        "case": spec.name,
        "network": "-".join(map(str, spec.sizes)),
        "steps": spec.steps,
        "samples": spec.samples,
        "input_rate": float(x.mean()),
        "firing_rates": {p.name: trace.rate(p.name) for p in program.populations},
        "vth": list(case.vth),
        "synaptic_ops_per_sample": float(sum(rows.sum() for rows in trace.synaptic_ops.values()) / trace.samples),
        "program_hash": program.content_hash,
    }


def agree(
    case: Case, program: Program, we: Worker, they: Worker, peer: Peer, samples: int, backend: str
) -> dict[str, Any]:
    """Compare the spikes of every layer: ours with the oracle's exactly, every form of the peer's with ours."""
    options = {"samples": samples, "batch": samples, "threads": 1}
    mine = we.ask("count", form=backend, **options)
    trace = sw.simulate(program, case.x[:, :samples], backend="oracle")
    exact = [int(trace.counts[p.name].sum()) for p in program.populations]
    if mine != exact:
        raise RuntimeError(f"{OURS} {backend} gives {mine} spikes per layer, the oracle {exact}.")
    theirs = {form: they.ask("count", form=form, **options) for form in peer.forms}
    for form, counts in theirs.items():
        worst = max(abs(a - b) / max(b, 1) for a, b in zip(counts, exact, strict=True))
        if worst > TOLERANCE:
            raise RuntimeError(f"{peer.name} {form} gives {counts} spikes per layer, we {exact}: not the same network.")
    return {"samples": samples, "tolerance": TOLERANCE, "spikes_per_layer": {OURS: mine, peer.name: theirs}}


def _measure(
    spec: Spec, peer: Peer, effort: Effort, backend: str, threads: int, we: Worker, they: Worker, about: dict[str, Any]
) -> dict[str, list]:
    """One sample against one sample, and all samples in one call against the peer's best form and batch."""
    batches = [b for b in effort.batches if b <= spec.samples]
    tried = search(peer.name, they, list(peer.forms), batches, min(effort.least, spec.samples), threads=threads)
    best, documented = tried[0], next(iter(peer.forms))
    lone = next(t for t in tried if t["batch"] == 1)

    def one(name: str, worker: Worker, form: str) -> Contestant:
        return Contestant(name, worker, {"form": form, "batch": 1, "samples": effort.single(spec), "threads": threads})

    everything = {"samples": spec.samples, "threads": threads}
    one_of_ours = one(OURS, we, backend)
    all_of_ours = Contestant(OURS, we, {"form": backend, "batch": spec.samples, **everything})
    forms = dict.fromkeys([documented, lone["form"]])
    # A single sample gives a second thread nothing to do.
    singles = [one(peer.name, they, form) for form in forms] if threads == 1 else []
    batched = Contestant(peer.name, they, {"form": best["form"], "batch": best["batch"], **everything})
    alone, together = [one_of_ours, *singles] if singles else [], [all_of_ours, batched]
    interleave([*alone, *together], effort.rounds)
    clock = clock_for(threads)
    print(f"  {spec.name}, {threads} thread(s): best of {peer.name} is {best}", file=sys.stderr)
    return {
        "rows": [
            {"against": against, **c.row(about["synaptic_ops_per_sample"])}
            for against, group in ((ONE, alone), (BEST, together))
            for c in group
        ],
        "ratios": [
            *({"against": ONE, **ratio(c, one_of_ours, clock)} for c in singles),
            {"against": BEST, **ratio(batched, all_of_ours, clock)},
        ],
        "search": [t | {"peer": peer.name, "threads": threads} for t in tried],
    }
