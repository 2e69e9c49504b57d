"""Memory that this process can still get, as the operating system and its control groups say."""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path

PROC, GROUPS = Path("/proc"), Path("/sys/fs/cgroup")
UNLIMITED = 1 << 60
"""Limits above it are none: version 1 of control groups writes the largest number there is."""


def available_memory(proc: Path = PROC, groups: Path = GROUPS) -> int | None:
    """Bytes that can be allocated without swapping and without passing the limit of a control group; None if unknown.

    Pages of files that can be dropped at any time count as available.
    """
    found = [free for free in (_of_machine(proc), *_of_groups(proc, groups)) if free is not None]
    return max(0, min(found)) if found else None


def _of_machine(proc: Path) -> int | None:
    try:
        lines = (proc / "meminfo").read_text().splitlines()
        return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable:"))
    except (OSError, StopIteration, ValueError, IndexError):
        pass
    try:  # free pages alone, less than what could be had
        return os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):
        return None


def _of_groups(proc: Path, groups: Path) -> list[int | None]:
    """What every control group around this process leaves, of both versions."""
    try:
        told = (proc / "self" / "cgroup").read_text()
    except OSError:
        return []
    return [_left(*files) for files in _files(told, groups)]


@cache
def _files(told: str, groups: Path) -> list[tuple[Path, Path, Path, str]]:
    """Files that tell of the control groups that a process is `told` of, and the name of what is dropped."""
    found = []
    for _, controllers, path in (line.split(":", 2) for line in told.splitlines() if line.count(":") >= 2):
        limit, usage, dropped, root = "memory.max", "memory.current", "inactive_file", groups
        if controllers:
            if "memory" not in controllers.split(","):
                continue
            limit, usage, dropped = "memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"
            root = groups / "memory"
        folder = root / path.lstrip("/")
        # Inside a container its own group may be mounted at the root, whatever its path outside.
        places = [place for place in {root, folder, *folder.parents} if place.is_relative_to(root)]
        found += [(place / limit, place / usage, place / "memory.stat", dropped) for place in places]
    return found


def _left(limit: Path, usage: Path, stat: Path, dropped: str) -> int | None:
    try:
        most = int(limit.read_text())
        if most >= UNLIMITED:
            return None
        kept = dict(line.split() for line in stat.read_text().splitlines())
        return most - int(usage.read_text()) + int(kept.get(dropped, 0))
    except (OSError, ValueError):  # no such group, or "max"
        return None
