"""How a run ends that cannot go on: the reason in a file, no process and no shared memory left."""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import sys
import traceback
from typing import NoReturn

from .shared_memory import unlink_all


class ModelError(RuntimeError):
    """A process model raised; `args` are its one-line reason and its traceback."""


def fail(error: BaseException, arguments: argparse.Namespace) -> NoReturn:
    """Write ``error.json`` beside the output and end this process and its children with code 1.

    Lava's own ``Runtime.stop()`` waits for models that will never answer, so nothing is stopped politely.
    """
    if isinstance(error, ModelError):
        reason, trace = error.args
    else:
        reason, trace = f"{type(error).__name__}: {error}", traceback.format_exc()
    try:
        path = arguments.output.with_name("error.json")
        path.write_text(json.dumps({"schema_version": 1, "reason": reason, "traceback": trace}, indent=1))
        sys.stderr.write(f"{trace}\n{reason}\n")
        sys.stderr.flush()
    finally:
        for child in multiprocessing.active_children():
            child.kill()
        unlink_all()
        os._exit(1)
