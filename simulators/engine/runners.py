"""Threads that share a sample: how many a program is worth, and running them together."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from math import prod
from threading import Event
from typing import TYPE_CHECKING, TypeVar
from weakref import WeakKeyDictionary

from ...exporters.program.program import Program, Projection
from .blocks import blocks, waits
from .cutting import is_divisible

if TYPE_CHECKING:
    from ..placement import Placement

SYNAPSES = 16
"""Synapses that make as much work in a row, on average, as one neuron: a few of a hundred events reach them."""
WORTH = 2000
"""Neurons that each runner has to have, or as much work, between two places where all wait for each other."""


def processors() -> int:
    """Processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def runners_of(program: Program, samples: int, threads: int, place: Placement | None) -> int:
    """Threads of several that are to share each sample; 1 where every thread has a sample of its own."""
    if samples >= threads or place is not None:
        return 1
    most = _most.get(program)
    if most is None:
        most = _most[program] = _work(program) // WORTH
    return max(1, min(threads // samples, most))


_most: WeakKeyDictionary[Program, int] = WeakKeyDictionary()


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
    """Synapses of a neuron of the target."""
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
    if len(tasks) == 1:
        run(tasks[0])
        return
    decided, complete = Event(), False

    def start(task: Task) -> None:
        decided.wait()
        if complete:
            run(task)

    with ThreadPoolExecutor(len(tasks)) as pool:
        try:
            started = [pool.submit(start, task) for task in tasks]
            complete = True
        finally:
            decided.set()
    for one in started:
        one.result()
