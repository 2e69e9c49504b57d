"""MNIST, from the user's data folder or the one beside the repository; nothing is downloaded here."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from spikewright.toolchain.data.images import load_images

Images = tuple[NDArray[np.float32], NDArray[np.int64]]
_PARTS = {"train": "train", "t10k": "test"}


def load_mnist(part: str, limit: int) -> Images:
    """Return the first `limit` images in [0, 1], (B, 1, 28, 28), and their classes, (B,).

    Parameters
    ----------
    part : {"train", "t10k"}
    limit : int

    Raises
    ------
    InputError
        If the files are nowhere.
    """
    images = load_images("mnist", _PARTS[part], fetch=False)
    return images.intensities(0, limit), images.y[:limit]
