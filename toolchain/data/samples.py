"""Input for a network, from a known data set or from the user's own arrays."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...exporters.program.feed import LazyInput
from ...models.encoders import ENCODERS
from ...models.errors import InputError
from .digits import load_digits_as
from .events import Events, load_events
from .files import Rows, read_file
from .frames import lazy_frames
from .images import IMAGE_SETS, intensities, load_images

EVENT_SETS = ("nmnist", "nmnist-small")
PARTS = ("test", "train")
KNOWN = "digits, mnist, fashion-mnist, cifar10, nmnist, nmnist-small, tonic:NAME"
STEPS = 8
CALIBRATION_SAMPLES = 512
"""First samples of the training part that calibrate; all 1400 of the digits."""

_CHUNK = 512
"""Samples encoded at once: the arithmetic of a code takes several times the memory of its result."""


@dataclass(frozen=True)
class Samples:
    """Encoded input.

    Attributes
    ----------
    name : str
    x : (T, B, *input_shape) array, or dict of input name to such an array; or LazyInput
    y : (B,) int64 array or None
        Classes, where known.
    calibration : array or dict of arrays, as `x`
        Training data where the set has some, else `x`.
    """

    name: str
    x: Rows | LazyInput
    y: NDArray[np.int64] | None
    calibration: Rows

    @property
    def count(self) -> int:
        """Number of samples, B."""
        if isinstance(self.x, LazyInput):
            return self.x.samples
        return (next(iter(self.x.values())) if isinstance(self.x, dict) else self.x).shape[1]


def load_samples(
    spec: str,
    steps: int | None = None,
    limit: int | None = None,
    *,
    encode: str = "rate",
    shape: tuple[int, ...] | None = None,
    lazy: bool = False,
    tell: Callable[[str], None] | None = None,
) -> Samples:
    """Load what `spec` names.

    Parameters
    ----------
    spec : str
        ``digits[:stratified|writer[:seed]]``: scikit-learn's digits, the test part;
        ``mnist``, ``fashion-mnist`` or ``cifar10``, each with ``[:test|train]``: see `load_images`;
        ``nmnist``, ``nmnist-small`` or ``tonic:NAME``, each with ``[:test|train]``: see `load_events`;
        or a file: ``.npy`` with (T, B, ...); ``.npz`` with ``x``, or ``x/NAME`` for every input, and optionally ``y``.
        The first `CALIBRATION_SAMPLES` samples of a set's training part calibrate, all of the digits.
    steps : int, optional
        T of a set, 8 if not given. Events are sorted into so many steps of equal length (`events_to_frames`).
    limit : int, optional
        Use only the first so many samples.
    encode : {"rate", "direct"}
        "rate": spikes, the deterministic `rate_code` of an image, 1 where events fell into a step. "direct": graded
        values, float32, the intensity itself in every step (`direct_code`), the number of events in a step. A file is
        taken as it is.
    shape : tuple of int, optional
        Input shape of the network; samples of a set take it, if it has as many values as they have.
    lazy : bool
        Encode the samples of a set, and read its recordings, when a run asks for them: `x` is a `LazyInput` for
        `simulate` then. A ``.npy`` file is mapped, a ``.npz`` read as ever.
    tell : callable, optional
        Is given sentences about the progress of a download.

    Raises
    ------
    InputError
        For an unknown name, part or encoding, a file that is no array of numbers, no samples at all, or a shape that
        the samples cannot take.
    BackendUnavailable
        If the set needs a package that is not installed.
    """
    for what, number in (("samples", limit), ("steps", steps)):
        if number is not None and number < 1:
            raise InputError(f"{number} {what} asked for; there must be at least one.")
    if encode not in ENCODERS:
        raise InputError(f"Encoding {encode!r} is unknown; known are {', '.join(ENCODERS)}.")
    set_name, part = _set_and_part(spec)
    if not set_name:
        x, y = read_file(Path(spec), KNOWN, lazy)
        return Samples(Path(spec).name, _first(x, limit), None if y is None else y[:limit], x)
    steps = steps or STEPS
    if set_name == "digits":
        digits = load_digits_as(spec)
        name, y = digits.name, digits.y_test[:limit]
        own, x, calibration = digits.x_test.shape[1:], digits.x_test[:limit], digits.x_train
    elif set_name in IMAGE_SETS:
        images = load_images(set_name, part, tell=tell)
        train = images if part == "train" else load_images(set_name, "train", tell=tell)
        name, y = f"{set_name}:{part}", images.y[:limit]
        own, x, calibration = images.x.shape[1:], images.x[:limit], train.x[:CALIBRATION_SAMPLES]
    else:
        events = load_events(set_name, part, tell=tell)
        train = events if part == "train" else load_events(set_name, "train", tell=tell)
        name, y = f"{set_name}:{part}", events.y[:limit]
        own, x, calibration = events.sensor, _first_of(events, limit), _first_of(train, CALIBRATION_SAMPLES)
    shape = _shape(name, own, shape)
    x, calibration = (_encoded(given, steps, encode, shape) for given in (x, calibration))
    return Samples(name, x if lazy else x.read(0, x.samples), y, calibration.read(0, calibration.samples))


def _set_and_part(spec: str) -> tuple[str, str]:
    """The set's name and part; an empty name if `spec` is a file."""
    words = spec.split(":")
    if words[0] == "digits":
        return "digits", "test"
    size = 2 if words[0] == "tonic" else 1
    name, rest = ":".join(words[:size]), words[size:]
    if words[0] not in (*IMAGE_SETS, *EVENT_SETS, "tonic"):
        return "", ""
    if len(rest) > 1 or not set(rest) <= set(PARTS) or len(words) < size:
        form = "tonic:NAME" if size == 2 else name
        raise InputError(f"Data {spec!r} is not of the form {form}[:test|train].")
    return name, rest[0] if rest else "test"


def _first_of(events: Events, limit: int | None) -> Events:
    return replace(events, y=events.y[:limit])


def _encoded(given: NDArray[Any] | Events, steps: int, encode: str, shape: tuple[int, ...]) -> LazyInput:
    """Images (B, ...) or recordings as (T, B, *shape), when they are asked for."""
    if isinstance(given, Events):
        found = lazy_frames(given, given.sensor, steps=steps, count=encode == "direct")
    else:
        found = LazyInput(steps, len(given), lambda first, stop: _coded(given[first:stop], steps, encode))
    return replace(found, read=lambda first, stop: found.read(first, stop).reshape(steps, stop - first, *shape))


def _coded(x: NDArray[Any], steps: int, encode: str) -> NDArray[Any]:
    """Images (B, ...), intensities in [0, 1] or bytes, as (T, B, ...)."""
    coded = np.empty((steps, *x.shape), np.uint8 if encode == "rate" else np.float32)
    for start in range(0, len(x), _CHUNK):
        rows = x[start : start + _CHUNK]
        levels = intensities(rows) if rows.dtype == np.uint8 else rows
        coded[:, start : start + _CHUNK] = ENCODERS[encode](levels, steps)
    return coded


def _shape(name: str, own: tuple[int, ...], wanted: tuple[int, ...] | None) -> tuple[int, ...]:
    """Shape that the samples take, known before the work of encoding them."""
    if wanted is not None and math.prod(wanted) != math.prod(own):
        raise InputError(
            f"{name} has samples of {own}, {math.prod(own)} values; the network's input is {wanted}, "
            f"{math.prod(wanted)} values. Choose another data set or network."
        )
    return own if wanted is None else wanted


def _first(x: Rows, limit: int | None) -> Rows:
    return {name: rows[:, :limit] for name, rows in x.items()} if isinstance(x, dict) else x[:, :limit]
