"""MNIST, from the user's data folder or the one beside the repository; nothing is downloaded here."""

from __future__ import annotations

import gzip
import os
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from spikewright.models.errors import InputError

from ..conditions import ROOT

Images = tuple[NDArray[np.float32], NDArray[np.int64]]
_HEADER = {"images": 16, "labels": 8}


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
    x = _read(part, "images-idx3").reshape(-1, 1, 28, 28)[:limit]
    y = _read(part, "labels-idx1")[:limit]
    return (x / np.float32(255)).astype(np.float32), y.astype(np.int64)


def _read(part: str, what: str) -> NDArray[np.uint8]:
    name = f"{part}-{what}-ubyte.gz"
    folders = [Path(os.environ[v]) for v in ("SPIKEWRIGHT_DATA",) if v in os.environ] + [
        ROOT.parent / "shared" / "data"
    ]
    for folder in folders:
        path = folder / "mnist" / name
        if path.is_file():
            return np.frombuffer(gzip.decompress(path.read_bytes()), np.uint8, offset=_HEADER[what.split("-")[0]])
    looked = " and ".join(str(folder / "mnist") for folder in folders)
    raise InputError(f"{name} is not in {looked}; put MNIST's four .gz files there, or set SPIKEWRIGHT_DATA.")
