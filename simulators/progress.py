"""Telling how far a run is."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext

Tell = Callable[[int], None]
Progress = bool | Tell | None


def telling(progress: Progress, samples: int) -> AbstractContextManager[Tell | None]:
    """Give what is to be told how many of the samples are done: a callable as it is, a bar on stderr for True."""
    return _bar(samples) if progress is True else nullcontext(progress or None)


@contextmanager
def _bar(samples: int) -> Iterator[Tell]:
    # 0.1 s, which a run without a bar does not need
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    console = Console(stderr=True)
    columns = (TextColumn("samples"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=console.is_terminal) as bar:
        task = bar.add_task("", total=samples)
        yield lambda done: bar.update(task, completed=done)
