"""Samples with classes to choose by, that are not those on which the result is reported."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...models.encoders import ENCODERS
from ...models.errors import InputError
from ..data.samples import Rows, Samples, load_samples
from ..sources import Source
from .sides import samples_of

IMAGES, DIGITS = 1000, 400
"""Samples of a set's training part that a choice is made by."""
Labelled = tuple[Rows, NDArray[Any]]


def validation_for(
    source: Source, spec: str, loaded: Samples, is_validation: bool, tell: Callable[[str], None] | None = None
) -> tuple[Labelled, Labelled]:
    """Samples to choose by, and samples to report on.

    Parameters
    ----------
    source : Source
        Says shape and encoder of the samples.
    spec : str
        As `load_samples` takes it: the set or file of `loaded`, or one meant for choosing.
    loaded : Samples
        With classes; those to report on. Every second one is taken away from them where there is nothing else.
    is_validation : bool
        Whether `spec` is meant for choosing.
    tell : callable, optional
        For the progress of a download.

    Returns
    -------
    (x, y), (x, y)
        To choose by: all of `spec`; or the last samples of the digits' training part, or the first of another set's.

    Raises
    ------
    InputError
        If there are no classes to choose by.
    """
    steps, name = rows_of(loaded), spec.split(":")[0]
    shape, encoder = source.input_shape, source.encoder
    if is_validation:
        chosen = load_samples(spec, steps, encode=encoder, shape=shape, tell=tell)
    elif name == "digits":
        return _held_out_digits(spec, steps, encoder), (loaded.x, _classes(loaded))
    elif not Path(spec).is_file():
        trained = ":".join(part for part in spec.split(":") if part not in ("test", "train")) + ":train"
        chosen = load_samples(trained, steps, IMAGES, encode=encoder, shape=shape, tell=tell)
    else:
        return halves(loaded.x, _classes(loaded))
    return (chosen.x, _classes(chosen)), (loaded.x, _classes(loaded))


def rows_of(loaded: Samples) -> int:
    """T."""
    return (next(iter(loaded.x.values())) if isinstance(loaded.x, dict) else loaded.x).shape[0]


def _held_out_digits(spec: str, steps: int, encoder: str) -> Labelled:
    from ..data.split import load_split

    split = load_split(spec, DIGITS)
    rows = ENCODERS[encoder](split.x_validation, steps)
    return rows.astype(np.uint8) if encoder == "rate" else rows, split.y_validation


def halves(x: Rows, y: NDArray[Any]) -> tuple[Labelled, Labelled]:
    """Every second sample, and the others.

    Raises
    ------
    InputError
        If there is one sample only.
    """
    if samples_of(x) < 2:
        raise InputError("There is one sample; a choice and its result need samples of their own.")

    def every_second(start: int) -> Labelled:
        rows = {n: r[:, start::2] for n, r in x.items()} if isinstance(x, dict) else x[:, start::2]
        return rows, y[start::2]

    return every_second(0), every_second(1)


def _classes(samples: Samples) -> NDArray[Any]:
    if samples.y is None:
        raise InputError(f"{samples.name} has no classes; a choice by accuracy needs a .npz file with x and y.")
    return samples.y
