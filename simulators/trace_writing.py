"""Writing a trace to disk while it is made, so that an interrupted run can go on where it stopped."""

from __future__ import annotations

import io
import json
import os
import shutil
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..exporters.program.event_list import EventList
from ..exporters.program.trace import Trace
from ..models.errors import InputError, MemoryLimit
from ..models.files import atomic_file, replace_folder, writable_folder
from .gather import Gathered, Key
from .trace_folder import (
    COLUMN,
    COLUMNS,
    FORMAT,
    FORMAT_VERSION,
    HEADER_BYTES,
    MARKER,
    PART,
    entry_of,
    load_trace,
    map_array,
    read_header,
)

LOCK = ".lock"


class TraceFolder(Gathered):
    """Results of all samples in a folder; see `trace_folder`.

    Parameters
    ----------
    out : path
        The folder; an earlier trace there stays until this one is whole.
    run : dict
        What decides the results, in plain numbers and texts.
    resume : bool
        Go on behind the samples that an interrupted run completed.

    Raises
    ------
    InputError
        If the folder cannot be written, another process writes there, or the run to be resumed was another one.
    """

    def __init__(self, out: str | os.PathLike[str], run: dict[str, Any], resume: bool) -> None:
        super().__init__(run["samples"])
        self._target = writable_folder(out, MARKER)
        self._folder = writable_folder(f"{self._target}{PART}", MARKER)
        self._header: dict[str, Any] = {"format": FORMAT, "version": FORMAT_VERSION, "run": run, "trace": None}
        self._header |= {"done": 0, "arrays": [], "events": []}
        self._lock: int | None = None
        going_on = resume and (self._folder / MARKER).exists()
        if resume and not going_on and (self._target / MARKER).exists():
            require_same_run(self._target, read_header(self._target), run)
            self.done = self.samples
            return
        self._folder.mkdir(exist_ok=True)
        self._lock = _alone(self._folder)
        if going_on:
            try:
                self._go_on(run)
            except InputError:
                self.__exit__()
                raise
            return
        for file in self._folder.iterdir():
            if file.name != LOCK:
                file.unlink()
        self._commit()

    def add(self, trace: Trace) -> None:
        """Take the trace of the samples that come next; when it returns, they are on the disk."""
        made = {name: getattr(trace, name) for name in ("backend", "versions", "program_hash", "levels", "settings")}
        made = json.loads(json.dumps(made))
        if self._header["trace"] not in (None, made):
            raise InputError(
                f"{self._folder} was begun by {self._header['trace']['versions']}, not {made['versions']}."
            )
        self._header["trace"] = made
        super().add(trace)
        self._commit()

    def trace(self) -> Trace:
        """Give the folder its name if all samples are done, and read it."""
        if self._header["done"] == self.samples:
            for entry in self._header["events"]:
                for file in entry["files"].values():
                    _write_length(self._folder / file, entry["count"])
            self._arrays.clear()
            (self._folder / LOCK).unlink()
            replace_folder(self._folder, self._target)
        return load_trace(self._target)

    def __exit__(self, *_: object) -> None:
        self._arrays.clear()
        if self._lock is not None:
            os.close(self._lock)

    def _go_on(self, run: dict[str, Any]) -> None:
        self._header = read_header(self._folder)
        require_same_run(self._folder, self._header, run)
        self.done = self._header["done"]
        try:
            for entry in self._header["arrays"]:
                self._arrays[entry["field"], entry["name"]] = map_array(self._folder, entry, "r+")
            for entry in self._header["events"]:
                for file in entry["files"].values():
                    os.truncate(self._folder / file, HEADER_BYTES + entry["count"] * COLUMN.itemsize)
        except (OSError, ValueError, KeyError) as error:
            raise InputError(f"{self._folder} is damaged: {error!r:.200}. Run again without resume.") from error

    def _room(self, key: Key, shape: tuple[int, ...], dtype: np.dtype[Any]) -> NDArray[Any]:
        wanted = np.broadcast_to(np.zeros((), dtype), shape)
        entry = entry_of(key, len(self._header["arrays"]), wanted)
        _reserve(self._folder / entry["file"], wanted)
        self._header["arrays"].append(entry)
        return map_array(self._folder, entry, "r+")

    def _extend(self, name: str, events: EventList) -> None:
        entry = next((e for e in self._header["events"] if e["name"] == name), None)
        columns = {c: getattr(events, c) for c in COLUMNS if getattr(events, c) is not None}
        if entry is None:
            number = len(self._header["events"])
            entry = {"name": name, "count": 0, "files": {c: f"events-{number}-{c}.npy" for c in columns}}
            self._header["events"].append(entry)
            for file in entry["files"].values():
                (self._folder / file).write_bytes(bytes(HEADER_BYTES))
        columns["sample"] = columns["sample"] + np.int32(self.done)
        for column, values in columns.items():
            with (self._folder / entry["files"][column]).open("ab") as file:
                file.write(np.ascontiguousarray(values, COLUMN).data)
                file.flush()
                os.fsync(file.fileno())
        entry["count"] += len(events)

    def _commit(self) -> None:
        """Let the header say what is done, once that is on the disk."""
        for array in self._arrays.values():
            array.flush()  # type: ignore[attr-defined]
        self._header["done"] = self.done
        with atomic_file(self._folder / MARKER) as temporary:
            temporary.write_text(json.dumps(self._header))


def require_same_run(folder: Path, header: dict[str, Any], run: dict[str, Any]) -> None:
    """Raise InputError with everything in which the run in `folder` differs from `run`."""
    begun = header["run"]
    if bad := [f"{name} was {begun.get(name)}, is {value}" for name, value in run.items() if begun.get(name) != value]:
        raise InputError(f"{folder} holds another run and cannot be resumed. Run without resume to replace it:", bad)


def _reserve(path: Path, wanted: NDArray[Any]) -> None:
    """Make a .npy file like `wanted` and reserve its room: a mapped file that finds no more of it ends the process.

    Raises
    ------
    MemoryLimit
        If there is less room.
    """
    with path.open("wb") as file:
        description = {"descr": wanted.dtype.str, "fortran_order": False, "shape": wanted.shape}
        np.lib.format.write_array_header_2_0(file, description)
        file.flush()
        size = file.tell() + wanted.nbytes
        try:
            if hasattr(os, "posix_fallocate"):
                os.posix_fallocate(file.fileno(), 0, size)
            else:
                file.truncate(size)
        except OSError as error:
            free = shutil.disk_usage(path.parent).free
            raise MemoryLimit(
                f"{path.parent} has no room for {wanted.nbytes:,} bytes more of results ({error.strerror}); "
                f"{free:,} are free. Record less, or name a folder on another disk."
            ) from error


def _write_length(path: Path, count: int) -> None:
    """Fill in the header of a column of events."""
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(header, {"descr": COLUMN.str, "fortran_order": False, "shape": (count,)})
    assert len(header.getvalue()) == HEADER_BYTES
    with path.open("r+b") as file:
        file.write(header.getvalue())


def _alone(folder: Path) -> int:
    """Keep other processes out of `folder` as long as the returned file is open."""
    lock = os.open(folder / LOCK, os.O_CREAT | os.O_RDWR)
    with suppress(ImportError):  # not on Windows
        import fcntl

        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            os.close(lock)
            raise InputError(f"Another run writes to {folder} now. Wait for it, or name another folder.") from error
    return lock
