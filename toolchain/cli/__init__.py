"""The command line: one file per group of commands, every command with ``--json``."""

from .main import main

__all__ = ["main"]
