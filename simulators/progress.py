"""Telling how far a run is."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

Tell = Callable[[int], None]
Progress = bool | Tell | None


@contextmanager
def bar(samples: int) -> Iterator[Tell]:
    """Draw a bar on stderr; give what is to be told how many of the samples are done."""
    # 0.1 s, which a run without a bar does not need
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    console = Console(stderr=True)
    columns = (TextColumn("samples"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=console.is_terminal) as drawn:
        task = drawn.add_task("", total=samples)
        yield lambda done: drawn.update(task, completed=done)
