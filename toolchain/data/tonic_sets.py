"""The event sets of the library tonic, read by tonic itself."""

from __future__ import annotations

from collections.abc import Callable
from inspect import signature
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...models.errors import BackendUnavailable, InputError
from .events import Events, make_events
from .places import cache_folder, data_folders

_FAILURES = (OSError, RuntimeError, ValueError, TypeError, LookupError, EOFError)
"""What a reader of foreign files raises when they are damaged or missing."""


def load_tonic(name: str, part: str, tell: Callable[[str], None] | None = None) -> Events:
    """Open a set of tonic by the name of its class, for example ``NMNIST``, ``DVSGesture`` or ``SHD``.

    It is looked for as ``tonic/NAME`` in the folders of `spikewright.toolchain.data.places.data_folders`; tonic
    downloads it into the user's cache if it is in none. Most sets are sorted by class there; here the classes take
    turns, so that the first samples are of all of them.

    Raises
    ------
    BackendUnavailable
        If tonic is not installed.
    InputError
        If tonic has no such set, the set has no train and test part, no sensor of one size or no classes, or tonic
        cannot open or download it.
    """
    try:
        from tonic import datasets
    except ImportError as error:
        raise BackendUnavailable(
            f"tonic:{name} is read by the library tonic, which is not installed ({error}); "
            "pip install 'spikewright[events]'."
        ) from error
    known = sorted(datasets.__all__)
    if name not in known:
        raise InputError(f"tonic has no set {name!r}; it has {', '.join(known)}.")
    kind = getattr(datasets, name)
    sensor = getattr(kind, "sensor_size", None)
    if sensor is None:
        raise InputError(f"The recordings of tonic:{name} have no common size, so they make no input of one shape.")
    folders = [folder / "tonic" for folder in data_folders()]
    folder = next((folder for folder in folders if (folder / name).is_dir()), cache_folder() / "tonic")
    if tell is not None:
        tell(f"tonic reads {name} in {folder}, and downloads it if it is not there")
    options = _part(kind, part, name)
    try:
        dataset = kind(str(folder), **options)
        classes = _classes(dataset)
    except _FAILURES as error:
        raise InputError(
            f"tonic cannot open {name} in {folder}: {type(error).__name__}: {str(error).rstrip('.')}. "
            f"If this machine is offline, fetch the set on another one with tonic and copy it to {folder / name}."
        ) from error
    width, height, polarities = sensor
    order = _in_turns(classes)

    def read(number: int) -> NDArray[np.void]:
        where = f"Sample {order[number]} of {name} in {folder}"
        try:
            return _events(dataset[int(order[number])][0], polarities, where)
        except InputError:
            raise
        except _FAILURES as error:
            raise InputError(f"{where} cannot be read by tonic: {type(error).__name__}: {error}.") from error

    return Events(f"tonic:{name}", part, (polarities, height, width), classes[order], str(folder / name), read)


def _part(kind: type, part: str, name: str) -> dict[str, Any]:
    options = signature(kind).parameters
    if "train" in options:
        return {"train": part == "train"}
    if "split" in options and options["split"].default == "train":
        return {"split": part}
    raise InputError(
        f"tonic:{name} has no published train and test part. Divide it with tonic and give the frames as .npz."
    )


def _classes(dataset: Any) -> NDArray[np.int64]:
    listed = getattr(dataset, "targets", ())
    if len(listed) != len(dataset):  # some sets know a class only with its recording
        listed = [dataset[number][1] for number in range(len(dataset))]
    classes = np.asarray(listed)
    if not len(classes) or classes.ndim != 1 or classes.dtype.kind not in "iu":
        raise ValueError(f"{len(classes)} samples with classes of {classes.dtype} {classes.shape}, not one number each")
    return classes.astype(np.int64)


def _in_turns(classes: NDArray[np.int64]) -> NDArray[np.intp]:
    """Order in which the first samples of all classes come first, then all second ones, and so on."""
    turn = np.empty(len(classes), np.int64)
    for kind in np.unique(classes):
        own = classes == kind
        turn[own] = np.arange(own.sum())
    return np.lexsort((classes, turn))


def _events(given: NDArray[np.void], polarities: int, where: str) -> NDArray[np.void]:
    none = np.zeros(len(given), np.uint8)
    has = set(given.dtype.names or ())
    # Sets of sounds have no rows, and say polarity 1 where there is only one.
    y, p = given["y"] if "y" in has else none, given["p"] if "p" in has and polarities > 1 else none
    return make_events(given["x"], y, given["t"], p, where)
