"""Input for a network, from a data set that ships or from the user's own arrays."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from ...models.errors import InputError


@dataclass(frozen=True)
class Samples:
    """Encoded input.

    Attributes
    ----------
    name : str
    x : (T, B, *input_shape) array
    y : (B,) int64 array or None
        Classes, where known.
    calibration : (T, B, *input_shape) array
        Training data where the set has some, else `x`.
    """

    name: str
    x: NDArray[Any]
    y: NDArray[np.int64] | None
    calibration: NDArray[Any]


def load_samples(spec: str, steps: int | None = None, limit: int | None = None) -> Samples:
    """Load what `spec` names.

    Parameters
    ----------
    spec : str
        ``digits[:stratified|writer[:seed]]``: scikit-learn's digits, the test part, as a deterministic rate code;
        or a file: ``.npy`` with (T, B, ...), ``.npz`` with ``x`` and optionally ``y``.
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
    return Samples(samples.name, samples.x[:, :limit], y, samples.calibration)


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
        x, y = (loaded["x"], loaded.get("y")) if isinstance(loaded, np.lib.npyio.NpzFile) else (loaded, None)
    except (OSError, ValueError, KeyError, EOFError, BadZipFile) as error:
        raise InputError(f"{path} cannot be read as an array (.npz needs an entry x): {error}.") from error
    if x.ndim < 3 or x.dtype.kind not in "biuf" or 0 in x.shape:
        raise InputError(f"{path} must hold numbers of shape (T, B, ...), holds {x.dtype} {x.shape}.")
    if y is not None and (y.shape != (x.shape[1],) or y.dtype.kind not in "iu"):
        raise InputError(f"{path}: y must have one class per sample, int ({x.shape[1]},), is {y.dtype} {y.shape}.")
    return Samples(path.name, x, y, x)
