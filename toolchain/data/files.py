"""Input from the user's own arrays, encoded already."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...models.errors import InputError
from .arrays import UNREADABLE

Rows = NDArray[Any] | dict[str, NDArray[Any]]
"""(T, B, *input_shape), or such an array by the name of every input."""


def read_file(path: Path, known: str, mapped: bool = False) -> tuple[Rows, NDArray[np.int64] | None]:
    """Read ``.npy`` with (T, B, ...), or ``.npz`` with ``x``, or ``x/NAME`` for every input, and optionally ``y``.

    Parameters
    ----------
    path : Path
    known : str
        Names of the data sets, for the error if there is no such file.
    mapped : bool
        Leave the array of a ``.npy`` in the file until it is looked at.

    Returns
    -------
    rows, classes or None

    Raises
    ------
    InputError
        If it is no such file.
    """
    if not path.is_file():
        raise InputError(f"Data {str(path)!r} is neither a known set ({known}) nor a .npy or .npz file.")
    try:
        loaded = np.load(path, "r" if mapped else None, allow_pickle=False)
        x, y = (_named(loaded), loaded.get("y")) if isinstance(loaded, np.lib.npyio.NpzFile) else (loaded, None)
    except UNREADABLE as error:
        raise InputError(
            f"{path} cannot be read as an array (.npz needs an entry x, or x/NAME for every input): {error}."
        ) from error
    for rows in x.values() if isinstance(x, dict) else (x,):
        if rows.ndim < 3 or rows.dtype.kind not in "biuf" or 0 in rows.shape:
            raise InputError(f"{path} must hold numbers of shape (T, B, ...), holds {rows.dtype} {rows.shape}.")
    count = (next(iter(x.values())) if isinstance(x, dict) else x).shape[1]
    if y is not None and (y.shape != (count,) or y.dtype.kind not in "iu"):
        raise InputError(f"{path}: y must have one class per sample, int ({count},), is {y.dtype} {y.shape}.")
    return x, y


def _named(loaded: Any) -> Rows:
    """The one array ``x``, or those of several inputs by name."""
    given = {entry.removeprefix("x/"): loaded[entry] for entry in loaded.files if entry.startswith("x/")}
    if given and "x" in loaded.files:
        raise ValueError(f"it has x and x/{next(iter(given))}, which of them is the input?")
    return given or loaded["x"]
