"""MNIST, Fashion-MNIST and CIFAR-10 as arrays."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...models.errors import InputError
from .cifar import read_cifar
from .idx import find_idx, read_idx
from .known import CifarSet, IdxSet
from .published import IMAGE_SETS


@dataclass(frozen=True)
class Provenance:
    """Where an array came from.

    Attributes
    ----------
    files : tuple of str
        What was read; of CIFAR-10's mosaics their index.
    sha256 : tuple of str
        Of their contents, checked against the published data: unpacked idx files; CIFAR-10's batches in the authors'
        binary version, whatever form they were read from.
    """

    files: tuple[str, ...]
    sha256: tuple[str, ...]


@dataclass(frozen=True)
class Images:
    """One part of an image set.

    Attributes
    ----------
    name : str
    part : {"train", "test"}
    x : ndarray, shape (N, C, H, W), uint8
        Intensities, 0 to 255, in the order of the published files.
    y : ndarray, shape (N,), int64
        Classes.
    provenance : Provenance
    """

    name: str
    part: str
    x: NDArray[np.uint8]
    y: NDArray[np.int64]
    provenance: Provenance

    def intensities(self, start: int | None = None, stop: int | None = None) -> NDArray[np.float32]:
        """Images `start` to `stop` as float32 in [0, 1]."""
        return intensities(self.x[start:stop])


def intensities(x: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Bytes as float32 in [0, 1]; the type is said because NumPy 1 would take float16."""
    return np.divide(x, np.float32(255), dtype=np.float32)


def load_images(name: str, part: str, *, fetch: bool = True, tell: Callable[[str], None] | None = None) -> Images:
    """Load one part of an image set.

    The files are looked for in ``$SPIKEWRIGHT_DATA/NAME``, in ``../shared/data/NAME`` of a checkout, and in the user's
    cache (``~/.cache/spikewright/data/NAME``, or below ``$XDG_CACHE_HOME``), and are downloaded into the cache if they
    are nowhere. Contents are checked against the published data.

    Parameters
    ----------
    name : {"mnist", "fashion-mnist", "cifar10"}
    part : {"train", "test"}
    fetch : bool
        Whether a file that is nowhere may be downloaded.
    tell : callable, optional
        Is given sentences about the progress of a download.

    Raises
    ------
    InputError
        For an unknown set or part, a file that is damaged or not the published one, or one that is nowhere and cannot
        be downloaded.
    """
    if name not in IMAGE_SETS:
        raise InputError(f"There is no image set {name!r}; known are {', '.join(IMAGE_SETS)}.")
    return read_images(IMAGE_SETS[name], part, fetch, tell)


def read_images(known: IdxSet | CifarSet, part: str, fetch: bool, tell: Callable[[str], None] | None = None) -> Images:
    """Load one part of the set that `known` describes; as `load_images`."""
    if part not in known.parts:
        raise InputError(f"{known.name} has no part {part!r}; it has {', '.join(known.parts)}.")
    if isinstance(known, CifarSet):
        x, y, files = read_cifar(known, part, fetch, tell)
        checked = tuple(batch.sha256 for batch in known.parts[part])
    else:
        pair = known.parts[part]
        paths = [find_idx(known.name, file, known.mirrors, fetch, tell) for file in pair]
        images, classes = (read_idx(path, file) for path, file in zip(paths, pair, strict=True))
        x, y, files = images[:, None], classes, tuple(map(str, paths))
        checked = tuple(file.content_sha256 for file in pair)
    return Images(known.name, part, x, y.astype(np.int64), Provenance(files, checked))
