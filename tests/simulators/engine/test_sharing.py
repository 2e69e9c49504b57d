"""Parts of a run on several threads: each runs once, and none after an error."""

from collections.abc import Callable, Iterable, Iterator
from threading import Event, current_thread
from time import sleep

import pytest

from spikewright.simulators.engine.sharing import Part, share_out

CUTS = [0, 3, 4, 10, 11, 20, 30]


def each(run: Callable[[int, int], object]) -> Callable[[Iterable[Part]], Iterator[int]]:
    """Run parts one by one."""

    def run_all(parts: Iterable[Part]) -> Iterator[int]:
        for first, stop in parts:
            run(first, stop)
            yield stop - first

    return run_all


@pytest.mark.parametrize("threads", [1, 2, 3, 50])
def test_every_part_runs_once_and_the_end_is_told(threads: int) -> None:
    ran: list[tuple[int, int]] = []
    told: list[int] = []
    begun: list[object] = []

    def run(parts: Iterable[Part]) -> Iterator[int]:
        begun.append(parts)
        yield from each(lambda first, stop: ran.append((first, stop)))(parts)

    share_out(run, CUTS, threads, told.append)
    assert 1 <= len(begun) <= threads, "a thread begins once"
    assert sorted(ran) == [(0, 3), (3, 4), (4, 10), (10, 11), (11, 20), (20, 30)]
    assert told == sorted(set(told)) and told[-1] == 30


def test_several_threads_run_parts_at_the_same_time() -> None:
    """Each of two waits for the other."""
    here = {0: Event(), 1: Event()}

    def run(first: int, stop: int) -> None:
        here[first].set()
        assert here[1 - first].wait(30)

    share_out(each(run), [0, 1, 2], 2, None)


@pytest.mark.parametrize("in_main", [True, False])
def test_an_error_ends_the_run_with_the_parts_that_have_begun(in_main: bool) -> None:
    main, failed, ran = current_thread(), Event(), []

    def run(first: int, stop: int) -> None:
        if (current_thread() is main) == in_main:
            failed.set()
            raise ZeroDivisionError
        assert failed.wait(30)
        ran.append(first)

    with pytest.raises(ZeroDivisionError):
        share_out(each(run), list(range(100)), 2, None)
    assert len(ran) <= 2


def test_an_interruption_waits_for_the_parts_that_have_begun() -> None:
    main, begun, interrupted, ended = current_thread(), Event(), Event(), []

    def run(first: int, stop: int) -> None:
        if current_thread() is main:
            assert begun.wait(30)
            interrupted.set()
            raise KeyboardInterrupt
        begun.set()
        assert interrupted.wait(30)
        ended.append(first)

    with pytest.raises(KeyboardInterrupt):
        share_out(each(run), list(range(10_000)), 2, None)
    known = len(ended)
    assert 1 <= known < 9_999
    sleep(0.05)
    assert len(ended) == known
