"""The look-up of reciprocals by which an ei_gain population divides, as docs/numeric-contract.md prints it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

RECIPROCAL_EXP = 12
"""Entries are in units of 2**-12."""
QUOTIENT_LIMIT = 2**17 - 1
"""Largest magnitude of a quotient: 64 times it still is a 24-bit current."""


def reciprocals(bits: int) -> NDArray[np.int64]:
    """Reciprocals of 1.m in units of 2**-`RECIPROCAL_EXP`, each at the middle of its interval, (2**bits,)."""
    middles = (1 << (bits + 1)) + 2 * np.arange(1 << bits) + 1  # in units of 2**-(bits + 1); odd, so no ties below
    one = 1 << (RECIPROCAL_EXP + bits + 1)
    return (2 * one + middles) // (2 * middles)
