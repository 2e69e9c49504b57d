"""Results that do not fit into memory: they go to files, which stay as long as the trace does."""

from __future__ import annotations

import shutil
import sys
import tempfile
import weakref
from collections.abc import Callable
from pathlib import Path

from ..exporters.program.trace import Trace
from ..models.errors import MemoryLimit
from ..models.files import cache_folder

FOLDER = "results"


def spilled(run: Callable[[Path], Trace], lacking: str) -> Trace:
    """Let `run` write its results to a folder, which is removed with the trace, or at the end of the process.

    It lies among the user's caches, because a folder for temporary files may be memory as well.

    Parameters
    ----------
    run : callable
        Takes the folder that it makes, and returns a trace of its files.
    lacking : str
        Why, for the message on stderr.

    Raises
    ------
    MemoryLimit
        If there is no such folder.
    """
    base = cache_folder() / FOLDER
    try:
        base.mkdir(parents=True, exist_ok=True)
        room = Path(tempfile.mkdtemp(dir=base))
    except OSError as error:
        raise MemoryLimit(
            f"{lacking} They cannot go to disk either, as {base} cannot be written ({error.strerror}). "
            "Write them to a folder of yours (out=FOLDER), or record less."
        ) from error
    sys.stderr.write(
        f"spikewright: {lacking} They go to {room}, which is removed with the trace; out= names one that stays.\n"
    )
    try:
        trace = run(room / "trace")
    except BaseException:
        shutil.rmtree(room, ignore_errors=True)
        raise
    weakref.finalize(trace, shutil.rmtree, room, ignore_errors=True)
    return trace
