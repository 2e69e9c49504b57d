"""Compiling kernels with Numba and keeping the machine code in a folder of the user's."""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import llvmlite
import numba

from ...exporters.program.program import STATE_LIMIT
from ...exporters.program.reciprocals import RECIPROCAL_EXP, reciprocals
from ..neurons import QUOTIENT_LIMIT

_FOREIGN = [STATE_LIMIT, QUOTIENT_LIMIT, RECIPROCAL_EXP, *(reciprocals(bits).tolist() for bits in (2, 3, 4))]
"""Constants of other folders that are compiled into the kernels."""
CACHE_VARIABLE = "SPIKEWRIGHT_CACHE_DIR"


def cache_folder() -> Path:
    """Folder of the compiled kernels: under ``$SPIKEWRIGHT_CACHE_DIR``, else in the system's place for a user's caches.

    Its name holds a digest of all that the kernels are made of: Numba itself looks at the file of a function only, not
    at those of the functions and constants that are compiled into it.
    """
    named = os.environ.get(CACHE_VARIABLE)
    if named:
        base = Path(named).expanduser()
    elif sys.platform == "darwin":
        base = Path.home() / "Library" / "Caches" / "spikewright"
    else:
        base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "spikewright"
    return base / "kernels" / source_digest()


@cache
def source_digest(folder: Path = Path(__file__).parent) -> str:
    """Digest of the engine's sources and of the compilers' versions, 16 hexadecimal digits."""
    digest = hashlib.sha256(f"numba {numba.__version__} llvmlite {llvmlite.__version__} {_FOREIGN}".encode())
    for file in sorted(folder.glob("*.py")):
        digest.update(file.read_bytes())
    return digest.hexdigest()[:16]


@cache
def _usable(folder: Path) -> bool:
    """Whether kernels can be kept in `folder`; where nothing can be written, they are compiled in every process."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:
        return False
    return os.access(folder, os.W_OK)


def inlined(function: Callable[..., Any]) -> Any:
    """Make `function` a part of the kernels that call it: handing over a tuple of arrays costs a call dearly."""
    return numba.njit(inline="always", error_model="numpy", _nrt=False)(function)


def kernel(function: Callable[..., Any]) -> Any:
    """Compile `function` on its first call, without Python objects and without the interpreter's lock.

    The machine code is kept in `cache_folder`, by Numba apart for types and processors. A user's own Numba functions
    keep their own cache: the setting is put back at once.
    """
    before, folder = numba.config.CACHE_DIR, cache_folder()
    numba.config.CACHE_DIR = str(folder)
    try:
        return numba.njit(cache=_usable(folder), nogil=True, error_model="numpy", _nrt=False)(function)
    finally:
        numba.config.CACHE_DIR = before
