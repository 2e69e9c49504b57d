"""Threads that share a sample: how many a program is worth, and running them together."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from itertools import count
from math import prod
from threading import Event
from typing import TYPE_CHECKING, TypeVar
from weakref import WeakKeyDictionary

from ...exporters.program.program import Program, Projection
from .blocks import block_of, blocks, waits
from .cutting import is_divisible

if TYPE_CHECKING:
    from ..placement import Placement

SYNAPSES = 100
"""Synapses that make as much work in a row as one neuron, about a nanosecond: few of them are reached by an event."""
WORTH = 3000
"""Neurons that each runner has to have, or as much work, between two places where all wait for each other: with 2000,
two take as long as one alone, with 3000 four fifths of it."""
WORTH_RUN = 1 << 20
"""The same for all rows of a sample: some tenths of a millisecond pass until all runners are there."""


def processors() -> int:
    """Processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def runners_of(program: Program, steps: int, samples: int, threads: int, place: Placement | None) -> int:
    """Threads of several that are to share each sample; 1 where every thread has a sample of its own."""
    if samples >= threads or place is not None:
        return 1
    work = _known.get(program)
    if work is None:
        work = _known[program] = _work(program)
    if work * steps < WORTH_RUN:
        return 1
    most = min(threads, processors()) // samples  # who has no processor is waited for
    return max(1, min(most, work // WORTH))


_known: WeakKeyDictionary[Program, int] = WeakKeyDictionary()


def _work(program: Program) -> int:
    """Work between two waits of a row, in neurons; none if most of the program stays whole."""
    work = {
        p.name: p.size * (1 + sum(_fan_in(program, q) for q in program.into(p.name)) / SYNAPSES)
        for p in program.populations
    }
    shared = sum(work[p.name] for p in program.populations if is_divisible(program, p))
    rows = len(blocks(program)) - 1 + sum(waits(program).values())
    return int(shared / rows) if shared > sum(work.values()) / 2 else 0


def _fan_in(program: Program, q: Projection) -> float:
    """Synapses of a neuron of the target that make work row by row; dense ones that are summed ahead make little."""
    block = block_of(program)
    if q.kind == "dense" and block.get(q.source) != block[q.target]:
        return 0
    if q.kind == "pooling":
        return prod(q.kernel)
    if q.kind == "sparse":
        return q.weights.size / program.source(q.target).size
    return prod(q.weights.shape[1:])


Task = TypeVar("Task")


def run_together(run: Callable[[Task], None], tasks: list[Task]) -> None:
    """Run each of `tasks` on a thread of its own, all at the same time: they wait for each other.

    None begins before all threads are there, so that none waits for one that cannot be started.
    """
    decided, complete = Event(), False

    def start(task: Task) -> None:
        decided.wait()
        if complete:
            _go_apart()
            run(task)

    with ThreadPoolExecutor(len(tasks)) as pool:
        try:
            started = [pool.submit(start, task) for task in tasks]
            complete = True
        finally:
            decided.set()
    for one in started:
        one.result()


_turns = count()


def _go_apart() -> None:
    """Move this thread to a processor that the ones before it did not take; from then on the system places it.

    New threads may find themselves on one processor, and the system takes as long to notice as many a run.
    """
    if not hasattr(os, "sched_setaffinity"):
        return
    with suppress(OSError):  # the others count on this thread
        allowed = os.sched_getaffinity(0)
        os.sched_setaffinity(0, {sorted(allowed)[next(_turns) % len(allowed)]})
        os.sched_setaffinity(0, allowed)
