"""Images and classes for training: one type for every data set, so that training code takes any of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ...models.errors import InputError


@dataclass(frozen=True)
class Split:
    """Images and classes of one data set, apart for training, for choosing and for the final figure.

    Attributes
    ----------
    name : str
        The set as `load_split` names it.
    x_train, x_test : ndarray, shape (N, *shape), float32
        Intensities in [0, 1]. Shape is (64,) for the digits and (C, H, W) for the image sets.
    y_train, y_test : ndarray, shape (N,), int64
        Classes.
    x_validation, y_validation : ndarray
        As the others, held out of the training part; no rows unless asked for. Whatever is chosen (epochs, bits,
        thresholds) is chosen on these, and the test part is looked at once.
    """

    name: str
    x_train: NDArray[np.float32]
    y_train: NDArray[np.int64]
    x_test: NDArray[np.float32]
    y_test: NDArray[np.int64]
    x_validation: NDArray[np.float32]
    y_validation: NDArray[np.int64]


def split_of(
    name: str,
    x_train: NDArray[np.float32],
    y_train: NDArray[np.int64],
    x_test: NDArray[np.float32],
    y_test: NDArray[np.int64],
) -> Split:
    """Make a split that holds nothing out."""
    return Split(name, x_train, y_train, x_test, y_test, x_train[:0], y_train[:0])


def hold_out(split: Split, count: int) -> Split:
    """Move the last `count` training samples to the validation part.

    Raises
    ------
    InputError
        If `count` is negative or would leave nothing to train on.
    """
    total = len(split.y_train)
    if not 0 <= count < total:
        raise InputError(
            f"{count} of the {total} training samples of {split.name} cannot be held out; choose 0 to {total - 1}."
        )
    rest = total - count
    x, y = split.x_train, split.y_train
    return replace(split, x_train=x[:rest], y_train=y[:rest], x_validation=x[rest:], y_validation=y[rest:])


def load_split(spec: str, validation: int = 0, *, tell: Callable[[str], None] | None = None) -> Split:
    """Load a data set for training.

    Parameters
    ----------
    spec : str
        ``digits[:stratified|writer[:seed]]``, ``mnist``, ``fashion-mnist`` or ``cifar10``. Where the files of the image
        sets are looked for is told by `spikewright.toolchain.data.images.load_images`.
    validation : int
        Number of samples to hold out: the last ones of the training part, in its own order.
    tell : callable, optional
        Is given sentences about the progress of a download.

    Returns
    -------
    Split

    Raises
    ------
    InputError
        For an unknown set, files that are nowhere or damaged, or a `validation` that leaves nothing to train on.
    """
    from .digits import load_digits_as
    from .images import IMAGE_SETS, load_images

    if spec.split(":")[0] == "digits":
        return hold_out(load_digits_as(spec), validation)
    if spec not in IMAGE_SETS:
        raise InputError(f"There is no data set {spec!r} to train on; known are digits, {', '.join(IMAGE_SETS)}.")
    train, test = (load_images(spec, part, tell=tell) for part in ("train", "test"))
    return hold_out(split_of(spec, train.intensities(), train.y, test.intensities(), test.y), validation)
