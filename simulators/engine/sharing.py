"""Parts of a run shared out among threads, of which the calling one is the first."""

from __future__ import annotations

from _thread import LockType, allocate_lock, start_new_thread
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from itertools import pairwise

Part = tuple[int, int]


def share_out(
    run: Callable[[Iterable[Part]], Iterator[int]], cuts: list[int], threads: int, tell: Callable[[int], None] | None
) -> None:
    """Run all parts of the samples, ``(first, stop)`` between two of `cuts`; who is free takes the next one.

    A part that has not begun when the run is interrupted, or when another one fails, never begins. A pool of threads
    would take longer to set up than a hundred short samples.

    Parameters
    ----------
    run : callable
        Is given the parts that a thread takes, and yields after each how many samples that were.
    cuts : list of int
    threads : int
    tell : callable, optional
        Is told how many samples are done, more every time: after parts of the calling thread and at the end.
    """
    if len(cuts) == 2:  # a single sample is over sooner than what follows
        for count in run(pairwise(cuts)):
            if tell is not None:
                tell(count)
        return
    waiting = deque(pairwise(cuts))
    done: list[int] = []
    failed: list[BaseException] = []

    def help_out(over: LockType) -> None:
        try:
            for count in run(_taken(waiting)):
                done.append(count)
        except BaseException as error:  # raised where the caller sees it
            waiting.clear()
            failed.append(error)
        finally:
            over.release()

    helpers: list[LockType] = []
    last = 0
    try:
        for _ in range(min(threads, len(waiting)) - 1):
            over = allocate_lock()
            over.acquire()
            start_new_thread(help_out, (over,))  # `Thread.start` waits for it: 0.7 ms, if a processor has to wake up
            helpers.append(over)
        for count in run(_taken(waiting)):
            done.append(count)
            if tell is not None:
                last = sum(done)
                tell(last)
    finally:
        waiting.clear()
        for over in helpers:
            over.acquire()
    if failed:
        raise failed[0]
    if tell is not None and last < sum(done):
        tell(sum(done))


def _taken(waiting: deque[Part]) -> Iterator[Part]:
    """Take one part after the other; several threads may do that at once."""
    while True:
        try:
            part = waiting.popleft()
        except IndexError:
            return
        yield part
