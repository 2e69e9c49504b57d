"""Printing: results on stdout, as tables or as one JSON object; progress and errors on stderr."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any, NoReturn

import typer

from ...models.errors import SpikewrightError


def emit(content: dict[str, Any], as_json: bool, render: Callable[[dict[str, Any]], None], out: str = "") -> None:
    """Print `content` as JSON, or hand it to `render`; write it to the file `out` too, if one is named."""
    if out:
        from ..exporting import write_json

        write_json(content, out)
    if as_json:
        from ..exporting import to_json

        typer.echo(to_json(content))
    else:
        render(content)


def teller(quiet: bool) -> Callable[[str], None]:
    """Return a function that tells the user on stderr what happens now."""
    return (lambda text: None) if quiet else (lambda text: typer.echo(f"... {text}", err=True))


def fail(error: SpikewrightError, as_json: bool) -> None:
    """Print an error: a paragraph on stderr, and with ``--json`` an object on stdout."""
    sys.stderr.write(f"error: {error}\n")
    if as_json:
        from ..exporting import to_json

        reason = {"type": type(error).__name__, "message": str(error), "violations": list(error.violations)}
        typer.echo(to_json({"schema_version": 1, "error": reason, "exit_code": error.exit_code}))


def stop(error: SpikewrightError) -> NoReturn:
    """End a command whose result is printed already, so that with ``--json`` stdout holds that one object only."""
    fail(error, as_json=False)
    raise typer.Exit(error.exit_code)


def table(title: str, columns: list[str], rows: list[list[str]]) -> None:
    """Print a table; the first column is text, the others are numbers."""
    from rich.console import Console
    from rich.table import Table

    drawn = Table(title=title, title_justify="left", title_style="bold")
    for number, column in enumerate(columns):
        drawn.add_column(column, justify="right" if number else "left", overflow="fold")
    for row in rows:
        drawn.add_row(*row)
    # Names and sources are the user's: no part of them is markup, a number to colour or an emoji.
    plain = {"markup": False, "highlight": False, "emoji": False}
    console = Console(**plain)
    # A pipe has no width of its own; Rich would squeeze the table into 80 columns.
    (console if console.is_terminal else Console(width=160, **plain)).print(drawn)


def say(text: str) -> None:
    """Print one line."""
    typer.echo(text)
