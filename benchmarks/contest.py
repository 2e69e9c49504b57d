"""One case from end to end: build it, check that everybody computes the same, search the peers' best, measure."""

from __future__ import annotations

import sys
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Protocol

from spikewright.exporters.program.program import Program

from . import ours
from .casefile import Case
from .conditions import has_matrix_unit
from .entries import BEST, ONE, OURS, Entry, Field, among_ours, ratios
from .measure import Worker, interleave
from .peers import Peer
from .reference import Reference, run_reference
from .rivals import Rival, agreement, open_rivals


class Subject(Protocol):
    """What a case is made from: drawn (`workloads.Spec`) or trained (`trained.spec.Spec`).

    Attributes
    ----------
    name : str
    network : str
        The network in words.
    steps, samples : int
        T, and the number of samples.
    rate : float or None
        Firing rate to which thresholds were calibrated, if they were.
    """

    name: str
    network: str
    steps: int
    samples: int
    rate: float | None

    def build(self, folder: Path) -> tuple[Case, Program]:
        """Make the case and its program, write both to `folder` and return them."""
        ...


OWN_ROUNDS = 40
"""So many times as many rounds in which ours is compared with itself."""


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
    search_rows : int
        Rows of the samples on which a batch size is tried, at least.
    local : bool
        Only peers that are installed here: no environment is made.
    """

    rounds: int = 5
    single_rows: int = 3000
    batches: tuple[int, ...] = (1, 10, 100, 200, 500, 1000)
    search_rows: int = 1000
    local: bool = False

    def single(self, spec: Subject) -> int:
        """Samples of one round that are run one by one."""
        return min(spec.samples, max(1, self.single_rows // spec.steps))


@dataclass(frozen=True)
class Rules:
    """What a case is measured for.

    Attributes
    ----------
    threads : tuple of int
        Numbers of threads; the ratio of ours on the last to ours on the first is the scaling.
    by_core : bool
        Whether the cost of counting by core is measured.
    """

    threads: tuple[int, ...] = (1,)
    by_core: bool = False


def contest(
    spec: Subject, peers: tuple[Peer, ...], effort: Effort, backend: str, rules: Rules | None = None
) -> dict[str, Any]:
    """Measure one case.

    Raises
    ------
    RuntimeError
        If a variant of ours differs from the reference. A peer that cannot be run is told of in "not_run".
    """
    rules = rules or Rules()
    _tell(f"{spec.name}: building")
    with TemporaryDirectory() as name, ExitStack() as stack:
        case, program = spec.build(Path(name))
        reference = run_reference(case, program.populations, effort.single(spec))
        we = open_ours(case, backend, reference, effort.single(spec), stack)
        rivals, not_run = open_rivals(peers, case, effort, spec, reference, rules.threads, stack)
        field = _enter(spec, effort, rules, we, rivals)
        _tell(f"{spec.name}: {effort.rounds} rounds of {len(field)}")
        interleave([entry.contestant for entry in field], effort.rounds)
        versions = {OURS: next(iter(we.values())).ask("versions", packages=ours.PACKAGES)}
        versions |= {r.peer.name: r.worker.ask("versions", packages=r.peer.packages) for r in rivals}
        return {
            **describe(spec, case, reference, program.content_hash),
            "agreement": agreement(effort.single(spec), reference, list(we), rivals),
            "rows": [entry.row(reference.synaptic_ops) for entry in field],
            "ratios": ratios(field),
            **among_ours(field, OWN_ROUNDS * effort.rounds),
            "search": [x for rival in rivals for x in rival.search.tried],
            "not_run": not_run,
            "versions": versions,
        }


def describe(spec: Subject, case: Case, reference: Reference, program_hash: str) -> dict[str, Any]:
    """What the case is, with the reference's firing rates and exact synaptic operations over some samples."""
    return {
        "case": spec.name,
        "network": spec.network,
        "steps": spec.steps,
        "samples": spec.samples,
        "input_rate": float(case.x.mean()),
        "calibrated_rate": spec.rate,
        "firing_rates": {f"layer{n}": rate for n, rate in enumerate(reference.rates, 1)},
        "vth": [layer.vth for layer in case.layers],
        "synaptic_ops_per_sample": reference.synaptic_ops,
        "program_hash": program_hash,
    }


def open_ours(case: Case, backend: str, reference: Reference, samples: int, stack: ExitStack) -> dict[str, Worker]:
    """A process for each variant of ours that makes a difference here, once its spikes equal the reference's.

    Raises
    ------
    RuntimeError
        If they do not.
    """
    chosen = ours.VARIANTS if backend == "engine" and has_matrix_unit() else {"": ours.VARIANTS[""]}
    found = {}
    for suffix, variables in chosen.items():
        worker = stack.enter_context(Worker(ours.__name__, case.folder, **variables))
        spikes = worker.ask("count", form=backend + suffix, samples=samples, batch=samples, threads=1)
        if spikes != reference.spikes:
            raise RuntimeError(
                f"{OURS} {backend}{suffix} gives {spikes} spikes per layer, the reference {reference.spikes}."
            )
        found[backend + suffix] = worker
    return found


def _enter(spec: Subject, effort: Effort, rules: Rules, we: dict[str, Worker], rivals: list[Rival]) -> list[Entry]:
    """All that takes turns; the runs of one comparison lie next to each other."""
    single, everything = effort.single(spec), spec.samples
    # Ours is over so soon that it runs more samples for a time that can be measured.
    more = min(everything, 10 * single)
    field = Field()
    for form, worker in we.items():
        field.add(ONE, OURS, worker, form, 1, more, 1)
    for rival in rivals:
        for form in rival.lone_forms():
            field.add(ONE, rival.peer.name, rival.worker, form, 1, single, 1, rival.peer.clock)
    for threads in rules.threads:
        for form, worker in we.items():
            field.add(BEST, OURS, worker, form, everything, everything, threads)
        for rival in rivals:
            for form, batch in rival.batched(threads):
                field.add(BEST, rival.peer.name, rival.worker, form, batch, everything, threads, rival.peer.clock)
    if rules.by_core:
        form, worker = next(iter(we.items()))
        field.add(BEST, OURS, worker, form + ours.BY_CORE, everything, everything, 1)
    return field.entries


def _tell(text: str) -> None:
    print(f"  {text}", file=sys.stderr, flush=True)
