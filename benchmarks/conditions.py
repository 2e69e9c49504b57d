"""Under which conditions a number was measured."""

from __future__ import annotations

import os
import platform
import subprocess
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
SLOWING = (
    "PYTHONDONTWRITEBYTECODE",
    "OPENBLAS_CORETYPE",
    "MKL_DEBUG_CPU_TYPE",
    "MKL_ENABLE_INSTRUCTIONS",
    "ATEN_CPU_CAPABILITY",
    "ONEDNN_MAX_CPU_ISA",
    "DNNL_MAX_CPU_ISA",
    "NUMBA_CPU_NAME",
    "NUMBA_CPU_FEATURES",
    "NUMBA_OPT",
    "OMP_NUM_THREADS",
    "MKL_NUM_THREADS",
    "NUMBA_NUM_THREADS",
)
"""Variables that would keep a contestant from its best; contestants run without them, and the results name them."""
FEATURES = ("avx2", "avx512f", "avx512_vnni", "avx512_bf16", "amx_int8", "amx_bf16")
"""Instruction sets that decide how fast a contestant can be."""


def environment(**changes: str) -> dict[str, str]:
    """The environment of a contestant: ours without `SLOWING`, with `changes`."""
    return {k: v for k, v in os.environ.items() if k not in SLOWING} | changes


def conditions() -> dict[str, Any]:
    """Machine, load, commit and date at this moment."""
    return {
        "date": datetime.now(timezone.utc).isoformat(timespec="seconds"),
        "processor": _processor(),
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "memory_gib": _memory_gib(),
        "system": f"{_distribution()}, {platform.system()} {platform.machine()}",
        "load_average_at_start": [round(load, 2) for load in os.getloadavg()],
        "unset_variables": sorted(name for name in SLOWING if name in os.environ),
        "commit": _git("rev-parse", "HEAD"),
        "uncommitted_changes": bool(_git("status", "--porcelain", "--", ".", ":!benchmarks/results")),
    }


def has_matrix_unit() -> bool:
    """Whether the processor multiplies matrices of int8 in a unit of its own."""
    return "amx_int8" in _flags()


def _processor() -> str:
    names = _cpuinfo("model name")
    if not names:
        return platform.processor()
    return f"{names[0]} ({', '.join(name for name in FEATURES if name in _flags())})"


def _flags() -> list[str]:
    return next((line.split() for line in _cpuinfo("flags")), [])


def _cpuinfo(field: str) -> list[str]:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return []
    return [line.split(":", 1)[1].strip() for line in lines if line.startswith(field)]


def _memory_gib() -> float | None:
    try:
        return round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1)
    except (AttributeError, ValueError, OSError):
        return None


def _distribution() -> str:
    try:
        return platform.freedesktop_os_release()["PRETTY_NAME"]
    except (OSError, KeyError):
        return platform.system()


def _git(*words: str) -> str | None:
    try:
        done = subprocess.run(("git", *words), cwd=ROOT, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    return done.stdout.strip()
