"""Writing files and folders so that a reader sees either the old one or the whole new one."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from .errors import InputError

CACHE_VARIABLE = "SPIKEWRIGHT_CACHE_DIR"


def cache_folder() -> Path:
    """What can be made again lies here: ``$SPIKEWRIGHT_CACHE_DIR``, else the system's place for a user's caches."""
    named = os.environ.get(CACHE_VARIABLE)
    if named:
        return Path(named).expanduser()
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "spikewright"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "spikewright"


@contextmanager
def atomic_file(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Yield a temporary path beside `path`; rename it over `path` when the block ends well, delete it otherwise.

    Raises
    ------
    InputError
        As in `writable_file`.
    """
    target = writable_file(path)
    handle, name = _temporary(tempfile.mkstemp, target)
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        # mkstemp made the file private; a result file has the permissions of any other new file.
        temporary.chmod(0o666 & ~_umask())
        temporary.replace(target)
    finally:
        temporary.unlink(missing_ok=True)


@contextmanager
def atomic_folder(path: str | os.PathLike[str], marker: str) -> Iterator[Path]:
    """Yield a temporary folder that takes the place of `path` when the block ends well.

    Parameters
    ----------
    path : path
        An existing folder there is replaced only if it is empty or holds a file called `marker`, that is, if an
        earlier run wrote it.
    marker : str
        Name of a file which every folder of this kind contains.

    Raises
    ------
    InputError
        As in `writable_folder`.
    """
    target = writable_folder(path, marker)
    temporary = Path(_temporary(tempfile.mkdtemp, target))
    try:
        yield temporary
        temporary.chmod(0o777 & ~_umask())
        replace_folder(temporary, target)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def replace_folder(made: Path, target: Path) -> None:
    """Rename the folder `made` to `target` beside it; one that is there already is moved away first, then removed."""
    retired = made.with_name(made.name + ".old")
    try:
        if target.exists():
            target.rename(retired)
        try:
            made.rename(target)
        except OSError:
            if retired.exists():
                retired.rename(target)
            raise
    finally:
        shutil.rmtree(retired, ignore_errors=True)


def writable_file(path: str | os.PathLike[str]) -> Path:
    """Return `path` in full if `atomic_file` can write it, so that it can be asked before a long run.

    Raises
    ------
    InputError
        If it is a folder, or the folder around it does not exist or is not writable.
    """
    target = _writable(path)
    if target.is_dir():
        raise InputError(f"Cannot write {path}: it is a folder. Name a file.")
    return target


def writable_folder(path: str | os.PathLike[str], marker: str) -> Path:
    """Return `path` in full if `atomic_folder` can write it, so that it can be asked before a long run.

    Raises
    ------
    InputError
        If it is a file, somebody else's folder or the current one, or the folder around it does not exist or is not
        writable.
    """
    target = _writable(path)
    if target == Path.cwd():
        raise InputError(f"Cannot write {path}: it is the current folder. Name a new one.")
    if target.exists() and not (target.is_dir() and ((target / marker).exists() or not any(target.iterdir()))):
        raise InputError(
            f"{target} exists and was not written by spikewright (no {marker} inside). "
            "Nothing was overwritten; choose another folder or remove it."
        )
    return target


def _writable(path: str | os.PathLike[str]) -> Path:
    target = Path(path).resolve()
    if not target.parent.is_dir():
        raise InputError(f"Cannot write {path}: the folder {target.parent} does not exist. Create it first.")
    if not os.access(target.parent, os.W_OK):
        raise InputError(f"Cannot write {path}: the folder {target.parent} is not writable.")
    return target


def _temporary(make: Callable[..., Any], target: Path) -> Any:
    try:
        return make(prefix=f".{target.name}.", dir=target.parent)
    except OSError as error:
        raise InputError(f"Cannot write to the folder {target.parent}: {error.strerror}.") from error


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
