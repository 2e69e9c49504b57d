"""The layout of a trace on disk, and reading it.

``trace.json`` says what was run, how many samples are done, and which file holds what; every array is a .npy file of
all samples, an event list one file a column. A run writes into ``NAME.part``, which becomes ``NAME`` at its end.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..exporters.program.event_list import EventList
from ..exporters.program.trace import Trace
from ..models.errors import InputError
from .gather import SAMPLE_AXIS, Key, assembled

MARKER, FORMAT, FORMAT_VERSION = "trace.json", "spikewright trace", 1
PART = ".part"
HEADER_BYTES = 128
"""Of a .npy file of one dimension; a column of events is written behind it, and the header when its length is known."""
COLUMN = np.dtype("<i4")
COLUMNS = ("t", "sample", "neuron", "value")


def load_trace(path: str | os.PathLike[str]) -> Trace:
    """Read what `simulate` left with ``out=``; its arrays stay in the files until they are looked at.

    Parameters
    ----------
    path : path
        The folder; or, after an interruption, the one with ``.part`` behind its name, whose complete samples are read.

    Returns
    -------
    Trace
        Of memory-mapped arrays that cannot be written.

    Raises
    ------
    InputError
        If it is no such folder, is damaged, or holds no complete sample yet.
    """
    folder = Path(path)
    header = read_header(folder)
    if not header["done"]:
        raise InputError(f"{folder} holds no complete sample yet; run on with resume=True.")
    try:
        arrays = {(a["field"], a["name"]): _samples(map_array(folder, a), a["field"], header) for a in header["arrays"]}
        events = {e["name"]: map_list(folder, e, header) for e in header["events"]}
        settings = {name: (value, origin) for name, (value, origin) in header["trace"]["settings"].items()}
        made = header["trace"] | {"settings": settings}
        empty = Trace(**made, steps=header["run"]["steps"], samples=0, counts={}, output={})
        return assembled(empty, header["done"], arrays, events)
    except (KeyError, TypeError, ValueError, OSError, AttributeError) as error:
        raise InputError(f"{folder} is damaged: {error!r:.200}. Run it again.") from error


def read_header(folder: Path) -> dict[str, Any]:
    """Read ``trace.json``.

    Raises
    ------
    InputError
        If it is missing, damaged or of another version.
    """
    try:
        header = json.loads((folder / MARKER).read_text())
    except OSError as error:
        part = Path(f"{folder}{PART}")
        more = f" An interrupted run left {part}." if (part / MARKER).exists() else ""
        raise InputError(
            f"{folder} holds no trace: its file {MARKER} cannot be read ({error.strerror}).{more}"
        ) from error
    except ValueError as error:
        raise InputError(f"{folder / MARKER} is damaged: {error}.") from error
    if not isinstance(header, dict) or (header.get("format"), header.get("version")) != (FORMAT, FORMAT_VERSION):
        raise InputError(f"{folder / MARKER} is not of the format {FORMAT!r}, version {FORMAT_VERSION}.")
    run, done = header.get("run"), header.get("done")
    if not isinstance(run, dict) or not isinstance(done, int) or not 0 <= done <= run.get("samples", -1):
        raise InputError(f"{folder / MARKER} is damaged: it does not say how many samples are done.")
    return header


def map_array(folder: Path, entry: dict[str, Any], mode: Any = "r") -> NDArray[Any]:
    """Map the array that `entry` of a header describes."""
    array = np.load(_inside(folder, entry["file"]), mmap_mode=mode, allow_pickle=False)
    if list(array.shape) != entry["shape"] or array.dtype.str != entry["dtype"] or entry["field"] not in SAMPLE_AXIS:
        raise ValueError(f"{entry['file']} is {array.dtype.str} {array.shape}")
    return array


def map_list(folder: Path, entry: dict[str, Any], header: dict[str, Any]) -> EventList:
    """Map the event list that `entry` of `header` describes."""
    columns: dict[str, Any] = dict.fromkeys(COLUMNS)
    for name, file in entry["files"].items():
        path, count = _inside(folder, file), entry["count"]
        columns[name] = np.memmap(path, COLUMN, "r", HEADER_BYTES, (count,)) if count else np.zeros(0, COLUMN)
    return EventList(header["run"]["steps"], header["done"], **columns)


def _samples(array: NDArray[Any], field: str, header: dict[str, Any]) -> NDArray[Any]:
    """The samples that are done."""
    done = header["done"]
    return array if done == header["run"]["samples"] else array[(slice(None),) * SAMPLE_AXIS[field] + (slice(done),)]


def _inside(folder: Path, name: str) -> Path:
    """Path of a file of the folder; a header cannot name one elsewhere."""
    if Path(name).name != name:
        raise ValueError(f"{name!r} is no file of the folder")
    return folder / name


def entry_of(key: Key, number: int, array: NDArray[Any]) -> dict[str, Any]:
    """What a header says of an array."""
    field, name = key
    file = f"{field}-{number}.npy"
    return {"field": field, "name": name, "file": file, "dtype": array.dtype.str, "shape": list(array.shape)}
