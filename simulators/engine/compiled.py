"""Compiling kernels with Numba and keeping the machine code in a folder of the user's."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numba

CACHE_VARIABLE = "SPIKEWRIGHT_CACHE_DIR"


def cache_folder() -> Path:
    """Folder of the compiled kernels: ``$SPIKEWRIGHT_CACHE_DIR``, else the system's place for a user's caches."""
    named = os.environ.get(CACHE_VARIABLE)
    if named:
        return Path(named).expanduser() / "kernels"
    if sys.platform == "darwin":
        base = Path.home() / "Library" / "Caches"
    else:
        base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return base / "spikewright" / "kernels"


def inlined(function: Callable[..., Any]) -> Any:
    """Make `function` a part of the kernels that call it: handing over a tuple of arrays costs a call dearly."""
    return numba.njit(inline="always", error_model="numpy", _nrt=False)(function)


def kernel(function: Callable[..., Any]) -> Any:
    """Compile `function` on its first call, without Python objects and without the interpreter's lock.

    The machine code is kept on disk, keyed by Numba to source, types and processor. A user's own Numba functions keep
    their own cache: the setting is put back at once.
    """
    before = numba.config.CACHE_DIR
    numba.config.CACHE_DIR = str(cache_folder())
    try:
        return numba.njit(cache=True, nogil=True, error_model="numpy", _nrt=False)(function)
    finally:
        numba.config.CACHE_DIR = before
