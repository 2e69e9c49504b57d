"""Writing a program as a folder which any Python 3.10 with lava-nc can run."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from ...models.errors import UnsupportedOp
from ...models.files import atomic_folder
from ..program.program import Program
from .describe import describe
from .windows import FIELD_LIMIT, fits_conv, largest_sum, sums_stay_in_24_bits

NETWORK_FILE = "network.json"
RUNNER = Path(__file__).parent / "runner"
REQUIREMENTS = Path(__file__).parent / "requirements.txt"
SUM_LIMIT = 2**31
"""Lava's sums wrap here: before a right shift, and in a convolution before they are cut to 24 bits."""


def export_lava(program: Program, folder: str | os.PathLike[str]) -> Path:
    """Write `program` as a self-contained Lava folder.

    The folder holds the network (``network.json``, ``arrays.npz``), a runner that needs only lava-nc and numpy
    (``run.py``, ``spikewright_lava``), ``requirements.txt`` and ``README.txt``. It appears whole or not at all.

    Parameters
    ----------
    program : Program
    folder : path
        New, empty, or an earlier export, which is replaced.

    Returns
    -------
    Path
        The folder.

    Raises
    ------
    UnsupportedOp
        Listing every part of the program that Lava's processes cannot compute exactly.
    InputError
        If `folder` is a file, somebody else's folder, or its parent does not exist.
    """
    violations = [*_unsupported(program)]
    if violations:
        raise UnsupportedOp("Lava cannot run this program; use the oracle for it:", violations)
    description, arrays = describe(program)
    with atomic_folder(folder, NETWORK_FILE) as temporary:
        shutil.copytree(RUNNER, temporary, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__"))
        shutil.copy(REQUIREMENTS, temporary)
        (temporary / NETWORK_FILE).write_text(json.dumps(description, indent=1) + "\n")
        np.savez_compressed(temporary / "arrays.npz", **arrays)
    return Path(folder)


def _unsupported(program: Program) -> Iterator[str]:
    for q in program.projections:
        windowed = q.kind in ("convolution", "pooling")
        if windowed and not (fits_conv(program, q) or sums_stay_in_24_bits(program, q)):
            yield (
                f"projection {q.name!r} has a window, stride, padding, dilation or groups above {FIELD_LIMIT} and a "
                "sum that can pass 24 bits; Lava's Conv has no room for the former, its Sparse does not wrap the latter"
            )
        total = largest_sum(program, q) << (max(q.weight_exp, 0) if windowed else 0)
        if total >= SUM_LIMIT and (windowed or q.weight_exp < 0):
            yield f"projection {q.name!r} can sum up to {total}; Lava's sums have 32 bits, up to {SUM_LIMIT - 1}"
