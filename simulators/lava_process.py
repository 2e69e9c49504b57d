"""Running an exported Lava folder in a process of its own, which never outlives the call."""

from __future__ import annotations

import json
import os
import secrets
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO

from ..models.errors import BackendFailed, BackendUnavailable

SHARED_MEMORY = Path("/dev/shm")
POLL_INTERVAL_S = 0.05
KILL_LIMIT_S = 2.0
"""How long to wait for killed processes to disappear."""
LONGEST_TEMPORARY = 60
"""Bytes of the folder for temporary files in which Lava's sockets still find room."""


def run_folder(
    python: Path,
    folder: Path,
    arguments: Sequence[str | Path],
    limit_s: float,
    progress: Callable[[int], None] | None = None,
) -> None:
    """Run ``run.py`` of an exported folder to its end.

    The process leads a session of its own. Whatever happens, its whole group is killed, its shared memory unlinked and
    its temporary files removed before this returns.

    Parameters
    ----------
    python : Path
        Interpreter of the Lava environment.
    folder : Path
        Exported folder; also receives ``stderr.txt`` and the progress file.
    arguments : sequence of str or Path
        For ``run.py``; the output must lie in `folder`.
    limit_s : float
        Time limit.
    progress : callable, optional
        Called with the number of finished samples, at most every 0.2 s.

    Raises
    ------
    BackendFailed
        With the reason, if the run died or took longer than `limit_s`.
    BackendUnavailable
        If `python` cannot be started.
    """
    prefix = f"sw{secrets.token_hex(3)}"
    progress_file = folder / "progress.json"
    own = ("--shared-memory-prefix", prefix, "--progress", progress_file, "--stop-with-parent")
    command = [os.fspath(part) for part in (python, folder / "run.py", *arguments, *own)]
    with temporary_folder() as temporary:
        with (folder / "stderr.txt").open("wb") as errors:
            process = _start(command, errors, temporary)
        try:
            _wait(process, limit_s, progress_file, progress)
        finally:
            _kill_group(process)
            unlink_shared_memory(prefix)
    if process.returncode:
        raise BackendFailed(f"The run on Lava died: {_reason(folder, process.returncode)}")


def temporary_folder() -> tempfile.TemporaryDirectory[str]:
    """A folder for temporary files with a short path: Lava makes sockets there, whose paths may have 107 bytes."""
    beside = tempfile.gettempdir()
    short = len(os.fsencode(beside)) <= LONGEST_TEMPORARY or not os.access("/tmp", os.W_OK)
    return tempfile.TemporaryDirectory(prefix="sw-", dir=beside if short else "/tmp", ignore_cleanup_errors=True)


def _start(command: Sequence[str], errors: IO[bytes], temporary: str) -> subprocess.Popen[bytes]:
    # PYTHONPATH and its like would put this interpreter's packages before those of Lava's.
    variables = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    try:
        return subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=errors,
            env={**variables, "TMPDIR": temporary},
            start_new_session=True,
        )
    except OSError as error:
        raise BackendUnavailable(f"The Lava environment's {command[0]} cannot be started: {error}.") from error


def unlink_shared_memory(prefix: str) -> None:
    """Remove all shared memory whose name starts with `prefix`; elsewhere than on Linux it cannot be listed."""
    for segment in SHARED_MEMORY.glob(f"{prefix}*"):
        segment.unlink(missing_ok=True)


def _wait(process: subprocess.Popen[bytes], limit_s: float, file: Path, progress: Callable[[int], None] | None) -> None:
    deadline = time.monotonic() + limit_s
    told = 0
    while process.poll() is None:
        if time.monotonic() > deadline:
            raise BackendFailed(
                f"The run on Lava was ended after its time limit of {limit_s:g} s. Run fewer samples, or give a "
                "larger timeout_s."
            )
        if progress is not None and file.exists():
            done = json.loads(file.read_text())
            if done > told:
                told = done
                progress(done)
        with suppress(subprocess.TimeoutExpired):
            process.wait(POLL_INTERVAL_S)


def _kill_group(process: subprocess.Popen[bytes]) -> None:
    """End every process of the session and wait until none is left; the group's id is the leader's."""
    deadline = time.monotonic() + KILL_LIMIT_S
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        while time.monotonic() < deadline:
            os.killpg(process.pid, 0)
            time.sleep(0.005)
    process.wait()


def _reason(folder: Path, code: int) -> str:
    file = folder / "error.json"
    if file.exists():
        return json.loads(file.read_text())["reason"]
    lines = (folder / "stderr.txt").read_text(errors="replace").strip().splitlines()
    return f"exit code {code}; its last words: {' / '.join(lines[-3:]) or 'none'}"
