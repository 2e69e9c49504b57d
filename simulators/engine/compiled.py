"""Marks of functions that are compiled with Numba; only `building` imports modules that use them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numba

from .processor import can_expand, multiplies_tiles

TILED, EXPANDS = multiplies_tiles(), can_expand()
"""Whether tables for this processor may hold tiles and dense lists; what is for others is not compiled."""


def kernel(function: Callable[..., Any]) -> Any:
    """Compile `function` for the kernels that call it, not for Python."""
    return numba.njit(error_model="numpy", _nrt=False, no_cpython_wrapper=True, no_cfunc_wrapper=True)(function)
