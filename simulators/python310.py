"""Finding a Python 3.10, the only one on which lava-nc 0.10 runs."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

from ..models.errors import BackendUnavailable

PYTHON_VARIABLE = "SPIKEWRIGHT_PYTHON310"
WANTED = "3.10"
PROBE_LIMIT_S = 60
INSTALL_LIMIT_S = 600


def find_python310() -> Path:
    """Return a Python 3.10 interpreter that really runs.

    Searched in this order: the environment variable ``SPIKEWRIGHT_PYTHON310``, ``python3.10`` on the path, pyenv, uv,
    conda; if none has one and uv is there, uv installs one.

    Returns
    -------
    Path

    Raises
    ------
    BackendUnavailable
        If there is none, or the variable names something else.
    """
    named = os.environ.get(PYTHON_VARIABLE)
    if named:
        if is_python310(named):
            return Path(named)
        raise BackendUnavailable(f"{PYTHON_VARIABLE} is {named!r}, which does not run as Python {WANTED}. Correct it.")
    for candidate in _candidates():
        if is_python310(candidate):
            return candidate
    raise BackendUnavailable(
        f"No Python {WANTED} was found, and lava-nc 0.10 runs on no other. Install one (`uv python install {WANTED}`, "
        f"`pyenv install {WANTED}`, or your system's python{WANTED} with venv), or set {PYTHON_VARIABLE} to it. "
        "Everything but the Lava backend works without it."
    )


def is_python310(python: str | os.PathLike[str]) -> bool:
    """Whether `python` starts and is a 3.10; a pyenv shim on the path may do neither."""
    return output_of(os.fspath(python), "-c", "import sys; print('%d.%d' % sys.version_info[:2])") == WANTED


def output_of(*command: str, limit_s: float = PROBE_LIMIT_S) -> str | None:
    """Return the stripped standard output of a short command; None if it failed or is not there."""
    try:
        run = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=limit_s, check=True
        )
    except (OSError, subprocess.SubprocessError, UnicodeDecodeError):
        return None
    return run.stdout.strip()


def _candidates() -> Iterator[Path]:
    """Yield what may be a 3.10, the cheapest to ask first; being lazy, it lets uv install one only as a last way."""
    on_path = shutil.which(f"python{WANTED}")
    if on_path:
        yield Path(on_path)
    roots = [os.environ.get("PYENV_ROOT"), "~/.pyenv", output_of("pyenv", "root")]
    for root in dict.fromkeys(filter(None, roots)):
        yield from sorted(Path(root).expanduser().glob(f"versions/{WANTED}.*/bin/python"))
    yield from _path(output_of("uv", "python", "find", WANTED))
    yield from _conda()
    if shutil.which("uv"):
        output_of("uv", "python", "install", WANTED, limit_s=INSTALL_LIMIT_S)
        yield from _path(output_of("uv", "python", "find", WANTED))


def _path(answer: str | None) -> list[Path]:
    return [Path(answer)] if answer else []


def _conda() -> Iterator[Path]:
    try:
        environments = json.loads(output_of("conda", "env", "list", "--json") or "{}").get("envs", [])
    except ValueError:
        return
    yield from (Path(folder) / "bin" / "python" for folder in environments)
