"""The isolated environment in which Lava runs: finding it, and making it.

``python -m spikewright.simulators.lava_environment FOLDER`` makes one; exit code 0 means it is ready, 4 that it cannot
be had here.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from ..models.errors import BackendUnavailable, InputError, SpikewrightError
from .python310 import WANTED, find_python310, output_of

LAVA_VARIABLE = "SPIKEWRIGHT_LAVA_PYTHON"
REQUIREMENTS = Path(__file__).parent.parent / "exporters" / "lava" / "requirements.txt"
STATE_FILE = ".spikewright-lava"
"""In every environment made here: the requirements that are installed, or nothing while it is being made."""
INSTALL_LIMIT_S = 1800
# Reading what is installed takes a tenth of the time of importing it, and finds the same.
PROBE = (
    "import sys; from importlib.metadata import version;"
    "print('%d.%d' % sys.version_info[:2], version('lava-nc'), version('numpy'), version('scipy'))"
)
_with_lava: set[str] = set()


def find_lava_python() -> Path:
    """Return the interpreter of a working Lava environment.

    Searched in this order: the environment variable ``SPIKEWRIGHT_LAVA_PYTHON``; ``.venv-lava`` in the current folder
    and in the checkout this package runs from; the user's data folder (``~/.local/share/spikewright/lava``).

    Returns
    -------
    Path

    Raises
    ------
    BackendUnavailable
        If there is none, with the command that makes one; or if the variable names no such interpreter.
    """
    named = os.environ.get(LAVA_VARIABLE)
    if named:
        found = shutil.which(named)
        if found and _has_lava(os.path.abspath(found)):
            return Path(found).absolute()
        raise BackendUnavailable(f"{LAVA_VARIABLE} is {named!r}, which is no Python {WANTED} with lava-nc. Correct it.")
    for folder in default_folders():
        if is_ready(folder):
            return _python(folder)
    raise BackendUnavailable(
        "Lava is not installed here: it runs only on Python 3.10, in an environment of its own. Make one with "
        f"`python -m spikewright.simulators.lava_environment {default_folders()[-1]}`, or set {LAVA_VARIABLE} to a "
        f"Python {WANTED} that has lava-nc."
    )


def default_folders() -> list[Path]:
    """Folders in which an environment is looked for, in order; the last is the user's own."""
    checkout = Path(__file__).resolve().parent.parent
    data = Path(os.environ.get("XDG_DATA_HOME") or "~/.local/share").expanduser()
    folders = [Path.cwd() / ".venv-lava", data / "spikewright" / "lava"]
    if (checkout / "pyproject.toml").is_file():
        folders.insert(1, checkout / ".venv-lava")
    return list(dict.fromkeys(folders))


def is_ready(folder: Path) -> bool:
    """Whether `folder` is a whole environment with lava-nc; one that is half made never is."""
    state = folder / STATE_FILE
    return not (state.exists() and not state.read_text()) and _has_lava(os.fspath(_python(folder)))


def create_lava_environment(folder: str | os.PathLike[str]) -> Path:
    """Make a Lava environment in `folder`, or leave a whole one there as it is.

    Parameters
    ----------
    folder : path
        New, empty, or an earlier environment; one that was left half made, or has other versions, is made anew.

    Returns
    -------
    Path
        Its interpreter.

    Raises
    ------
    BackendUnavailable
        If there is no Python 3.10, or the packages cannot be installed.
    InputError
        If `folder` holds something else.
    """
    folder = Path(folder).absolute()
    _require_own(folder)
    if _is_current(folder):
        return _python(folder)
    import fcntl  # not on Windows, where the rest of this module still answers that there is no Lava

    python = find_python310()
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / STATE_FILE).open("a") as lock:
        # Two makers at once: the second waits here, then finds the work done. The lock ends with its process.
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not _is_current(folder):
            lock.truncate(0)
            _make(folder, python)
            lock.write(REQUIREMENTS.read_text())
    return _python(folder)


def main(arguments: list[str] | None = None) -> int:
    """Command line of this module; returns the exit code."""
    parser = argparse.ArgumentParser(description="Make the isolated environment in which Lava runs.")
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args(arguments).folder
    try:
        python = create_lava_environment(folder)
    except SpikewrightError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_code
    sys.stdout.write(f"{python}\n")
    return 0


def _require_own(folder: Path) -> None:
    """Refuse to build over anything but an empty folder, an own environment or a whole foreign one."""
    own = folder.is_dir() and (not any(folder.iterdir()) or (folder / STATE_FILE).exists())
    if folder.exists() and not own and not is_ready(folder):
        raise InputError(f"{folder} is no Lava environment. Nothing was changed; name a new or empty folder.")


def _is_current(folder: Path) -> bool:
    """Whether `folder` needs no work: whole, and with today's requirements if it was made here."""
    state = folder / STATE_FILE
    return is_ready(folder) and not (state.exists() and state.read_text() != REQUIREMENTS.read_text())


def _make(folder: Path, python: Path) -> None:
    for entry in _contents(folder):
        shutil.rmtree(entry) if entry.is_dir() and not entry.is_symlink() else entry.unlink()
    _run(python, "-m", "venv", folder)
    _run(_python(folder), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r", REQUIREMENTS)
    # The one real import: metadata alone would not tell of a missing system library.
    _run(_python(folder), "-c", "import lava.proc.lif.process, lava.proc.dense.process, lava.magma.runtime.runtime")


def _contents(folder: Path) -> Iterator[Path]:
    return (entry for entry in list(folder.iterdir()) if entry.name != STATE_FILE)


def _run(*command: str | Path) -> None:
    # A PYTHONPATH of the calling environment would put its packages before the new environment's.
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    try:
        subprocess.run(
            [os.fspath(part) for part in command],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=INSTALL_LIMIT_S,
            check=True,
            env=environment,
        )
    except subprocess.TimeoutExpired as error:
        raise BackendUnavailable(f"Making the Lava environment took more than {INSTALL_LIMIT_S} s.") from error
    except (OSError, subprocess.CalledProcessError) as error:
        said = getattr(error, "stderr", "") or getattr(error, "stdout", "") or str(error)
        lines = said.strip().splitlines()
        raise BackendUnavailable(
            f"Making the Lava environment failed at `{' '.join(map(str, command[1:4]))}`: {' '.join(lines[-3:])}"
        ) from error


def _python(folder: Path) -> Path:
    return folder / "bin" / "python"


def _has_lava(python: str) -> bool:
    """Whether `python` exists, is a 3.10 and has lava-nc; a yes is remembered, a no may become a yes at any time."""
    if not os.access(python, os.X_OK):
        return False
    if python not in _with_lava and (output_of(python, "-c", PROBE) or "").startswith(f"{WANTED} "):
        _with_lava.add(python)
    return python in _with_lava


if __name__ == "__main__":
    sys.exit(main())
