"""Input for a network, from a data set that ships or from the user's own arrays."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from ...models.errors import InputError

Rows = NDArray[Any] | dict[str, NDArray[Any]]


@dataclass(frozen=True)
class Samples:
    """Encoded input.

    Attributes
    ----------
    name : str
    x : (T, B, *input_shape) array, or dict of input name to such an array
    y : (B,) int64 array or None
        Classes, where known.
    calibration : as `x`
        Training data where the set has some, else `x`.
    """

    name: str
    x: Rows
    y: NDArray[np.int64] | None
    calibration: Rows

    @property
    def count(self) -> int:
        """Number of samples, B."""
        return (next(iter(self.x.values())) if isinstance(self.x, dict) else self.x).shape[1]


def load_samples(spec: str, steps: int | None = None, limit: int | None = None) -> Samples:
    """Load what `spec` names.

    Parameters
    ----------
    spec : str
        ``digits[:stratified|writer[:seed]]``: scikit-learn's digits, the test part, as a deterministic rate code;
        or a file: ``.npy`` with (T, B, ...); ``.npz`` with ``x``, or ``x/NAME`` for every input, and optionally ``y``.
    steps : int, optional
        T of the rate code, 8 if not given.
    limit : int, optional
        Use only the first so many samples.

    Raises
    ------
    InputError
        For an unknown name, a file that is no array of numbers, or no samples at all.
    """
    if limit is not None and limit < 1:
        raise InputError(f"{limit} samples asked for; there must be at least one.")
    samples = _digits(spec, steps or 8) if spec.split(":")[0] == "digits" else _file(Path(spec))
    if limit is None:
        return samples
    y = None if samples.y is None else samples.y[:limit]
    x = {n: rows[:, :limit] for n, rows in samples.x.items()} if isinstance(samples.x, dict) else samples.x[:, :limit]
    return Samples(samples.name, x, y, samples.calibration)


def _digits(spec: str, steps: int) -> Samples:
    from ...models.encoders import rate_code
    from .digits import load_digits

    parts = spec.split(":")[1:]
    split, seed = [*parts, *("stratified", "0")[len(parts) :]] if len(parts) <= 2 else ("", "")
    if not seed.isdigit():
        raise InputError(f"Data {spec!r} is not of the form digits[:stratified|writer[:seed]].")
    digits = load_digits(split, int(seed))  # type: ignore[arg-type]
    test, train = (rate_code(x, steps).astype(np.uint8) for x in (digits.x_test, digits.x_train))
    return Samples(f"digits:{split}:{seed}", test, digits.y_test, train)


def _file(path: Path) -> Samples:
    if not path.is_file():
        raise InputError(f"Data {str(path)!r} is neither a known set (digits) nor a .npy or .npz file.")
    try:
        loaded = np.load(path, allow_pickle=False)
        x, y = (_named(loaded), loaded.get("y")) if isinstance(loaded, np.lib.npyio.NpzFile) else (loaded, None)
    except (OSError, ValueError, KeyError, EOFError, BadZipFile) as error:
        raise InputError(
            f"{path} cannot be read as an array (.npz needs an entry x, or x/NAME for every input): {error}."
        ) from error
    for rows in x.values() if isinstance(x, dict) else (x,):
        if rows.ndim < 3 or rows.dtype.kind not in "biuf" or 0 in rows.shape:
            raise InputError(f"{path} must hold numbers of shape (T, B, ...), holds {rows.dtype} {rows.shape}.")
    samples = Samples(path.name, x, y, x)
    if y is not None and (y.shape != (samples.count,) or y.dtype.kind not in "iu"):
        raise InputError(f"{path}: y must have one class per sample, int ({samples.count},), is {y.dtype} {y.shape}.")
    return samples


def _named(loaded: Any) -> Rows:
    """The one array ``x``, or those of several inputs by name."""
    given = {entry.removeprefix("x/"): loaded[entry] for entry in loaded.files if entry.startswith("x/")}
    if given and "x" in loaded.files:
        raise ValueError(f"it has x and x/{next(iter(given))}, which of them is the input?")
    return given or loaded["x"]
