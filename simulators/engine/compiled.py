"""Marks of functions that are compiled with Numba; only `building` imports modules that use them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numba


def inlined(function: Callable[..., Any]) -> Any:
    """Make `function` a part of the kernels that call it, before their types are known."""
    return numba.njit(inline="always", error_model="numpy", _nrt=False)(function)


def kernel(function: Callable[..., Any]) -> Any:
    """Compile `function` for the kernels that call it, not for Python."""
    return numba.njit(error_model="numpy", _nrt=False, no_cpython_wrapper=True, no_cfunc_wrapper=True)(function)
