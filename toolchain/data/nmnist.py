"""N-MNIST: MNIST in front of a moving event camera (Orchard et al. 2015), as published or a small part packed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ...models.errors import InputError
from .arrays import read_entry
from .events import Events, make_events
from .places import find, not_found

SENSOR = (2, 34, 34)
RECORD_BYTES = 5
RECORDING_MAX_BYTES = 5 << 20
"""A million events; the published recordings have some thousand."""
ARRAY_MAX_BYTES = 1 << 28

_OVERFLOW_ROW = 240
"""An event in this row is none: it says that the clock has run over."""
_OVERFLOW_US = 1 << 13


def load_nmnist(part: str) -> Events:
    """Open the authors' folders ``Train/0`` to ``Train/9`` and ``Test/0`` to ``Test/9`` of .bin files.

    Samples are in the order of the numbers in the file names, which is that of MNIST.

    Raises
    ------
    InputError
        If the folder is nowhere, or holds no or other files.
    """
    root = find("nmnist", (part.capitalize(), part))
    if root is None:
        raise not_found(
            "nmnist",
            f"N-MNIST's folder {part.capitalize()}",
            f"Unpack the authors' {part.capitalize()}.zip there, or use nmnist-small.",
        )
    paths = sorted(root.glob("[0-9]/*.bin"), key=lambda path: (len(path.stem), path.stem))
    if not paths:
        raise InputError(f"{root} has no recordings 0/*.bin to 9/*.bin. Unpack the authors' {root.name}.zip there.")
    classes = np.array([int(path.parent.name) for path in paths], np.int64)
    return Events("nmnist", part, SENSOR, classes, str(root), lambda number: read_recording(paths[number]))


def read_recording(path: Path) -> NDArray[np.void]:
    """Read one .bin file: 5 bytes an event, x, y, then one bit of polarity and 23 bits of time in microseconds.

    Raises
    ------
    InputError
        If it cannot be read, is larger than a recording can be, or ends within an event.
    """
    try:
        with path.open("rb") as file:
            content = file.read(RECORDING_MAX_BYTES + 1)
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error}.") from error
    if len(content) > RECORDING_MAX_BYTES or len(content) % RECORD_BYTES:
        raise InputError(
            f"{path} has {len(content)} bytes or more; a recording has {RECORD_BYTES} bytes an event and at most "
            f"{RECORDING_MAX_BYTES}. Unpack it again."
        )
    rows = np.frombuffer(content, np.uint8).reshape(-1, RECORD_BYTES).astype(np.int64)
    time_us = ((rows[:, 2] & 127) << 16) | (rows[:, 3] << 8) | rows[:, 4]
    overflow = rows[:, 1] == _OVERFLOW_ROW
    time_us += _OVERFLOW_US * np.cumsum(overflow)
    return make_events(rows[:, 0], rows[:, 1], time_us, rows[:, 2] >> 7, str(path))[~overflow]


def load_nmnist_small(part: str) -> Events:
    """Open ``nmnist_small_train.npz`` or ``nmnist_small_test.npz``: arrays x, y, p, t, offset (N + 1) and label (N).

    Raises
    ------
    InputError
        If the file is nowhere, damaged, or its arrays do not fit one another.
    """
    name = f"nmnist_small_{part}.npz"
    path = find("nmnist-small", (name,))
    if path is None:
        raise not_found("nmnist-small", name, "Put it there; it cannot be downloaded.")
    field = {key: read_entry(path, key, "iu", ARRAY_MAX_BYTES) for key in ("x", "y", "t", "p", "offset", "label")}
    offset, label = field["offset"].astype(np.int64), field["label"].astype(np.int64)
    total = len(field["x"]) if field["x"].ndim == 1 else -1
    fits = all(field[key].shape == (total,) for key in ("x", "y", "t", "p")) and label.ndim == 1
    fits = fits and offset.shape == (len(label) + 1,) and offset[0] == 0 and offset[-1] == total
    if not fits or (np.diff(offset) < 0).any():
        shapes = ", ".join(f"{key} {array.shape}" for key, array in field.items())
        raise InputError(f"{path}: offset must rise from 0 to the number of events, one more than label; has {shapes}.")

    def read(number: int) -> NDArray[np.void]:
        rows = slice(offset[number], offset[number + 1])
        return make_events(*(field[key][rows] for key in "xytp"), where=f"Sample {number} in {path}")

    return Events("nmnist-small", part, SENSOR, label, str(path), read)
