"""Shared memory under a name of this run's own, so that what Lava leaves behind can be told apart and removed."""

from __future__ import annotations

import multiprocessing.shared_memory as shared_memory
from pathlib import Path

SHARED_MEMORY = Path("/dev/shm")
"""Where Linux shows POSIX shared memory; elsewhere it cannot be listed."""


def use_prefix(prefix: str) -> None:
    """Let all shared memory that is created from here on start with `prefix` (at most 9 characters).

    The standard library cuts names to 14 characters, the slash included, and fills what the prefix leaves over with
    random digits, at least four.
    """
    if not 1 <= len(prefix) <= 9 or "/" in prefix:
        raise ValueError(f"shared memory prefix {prefix!r} must have 1 to 9 characters and no slash")
    shared_memory._SHM_NAME_PREFIX = "/" + prefix


def unlink_all() -> None:
    """Remove every segment of this run."""
    prefix = shared_memory._SHM_NAME_PREFIX.lstrip("/")
    for segment in SHARED_MEMORY.glob(prefix + "*"):
        segment.unlink(missing_ok=True)
