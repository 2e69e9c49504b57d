"""Whether a value is an integer in the range of its register."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np


def is_int(value: object) -> bool:
    """Whether `value` is a Python integer; a bool is none."""
    return isinstance(value, int) and not isinstance(value, bool)


def out_of_range(part: Any, where: str, limits: dict[str, tuple[int, int]]) -> Iterator[str]:
    """Name every field of `part` that is no integer within its limits."""
    for name, (low, high) in limits.items():
        value = getattr(part, name)
        if not is_int(value) or not low <= value <= high:
            yield f"{where}: {name} = {value!r:.40}, must be an integer in {low}..{high}"


def unit_violation(name: str, unit: object, rows: int) -> str | None:
    """What is wrong with a factor, or one for each of `rows`, that must be finite and not negative, if anything is."""
    if isinstance(unit, np.ndarray):
        fits = unit.shape == (rows,) and unit.dtype == np.float64
    else:
        fits = isinstance(unit, (float, int)) and not isinstance(unit, bool)
    if not fits or not (np.isfinite(unit) & (np.asarray(unit) >= 0)).all():  # type: ignore[arg-type]
        return f"{name} = {unit!r:.60}, must be a finite number from 0, or float64 ({rows},) of them"
    return None


def array_violation(name: str, array: object, shape: tuple[int, ...], low: int, high: int) -> str | None:
    """What is wrong with an array that must hold integers in ``low..high``, if anything is."""
    if not isinstance(array, np.ndarray) or array.shape != shape or array.dtype.kind not in "iu":
        found = f"{array.dtype} {array.shape}" if isinstance(array, np.ndarray) else type(array).__name__
        return f"{name} is {found}, must be int {shape}"
    if array.size and (array.min() < low or array.max() > high):
        return f"{name} spans {array.min()}..{array.max()}, limit {low}..{high}"
    return None
