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


def environment(**changes: str) -> dict[str, str]:
    """The environment of a contestant: ours without `SLOWING`, with `changes`."""
    return {k: v for k, v in os.environ.items() if k not in SLOWING} | changes


def conditions() -> dict[str, Any]:
    """Machine, load, commit and date at this moment."""
    return {
        "date": datetime.now(timezone.utc).isoformat(timespec="seconds"),
        "processor": _processor(),
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "system": f"{platform.system()} {platform.machine()}",
        "load_average_at_start": [round(load, 2) for load in os.getloadavg()],
        "unset_variables": sorted(name for name in SLOWING if name in os.environ),
        "commit": _git("rev-parse", "HEAD"),
        "uncommitted_changes": bool(_git("status", "--porcelain", "--", ".", ":!benchmarks/results")),
    }


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    if not names:
        return platform.processor()
    vector = next((line.split(":", 1)[1].split() for line in lines if line.startswith("flags")), [])
    features = [name for name in ("avx2", "avx512f", "avx512_vnni", "amx_int8") if name in vector]
    return f"{names[0]} ({', '.join(features)})"


def _git(*words: str) -> str | None:
    try:
        done = subprocess.run(("git", *words), cwd=ROOT, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    return done.stdout.strip()
