"""Writing a program as a folder which any Python 3.10 with lava-nc can run."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from ...models.errors import UnsupportedOp
from ...models.files import atomic_folder
from ..program.program import Input, Population, Program, Projection

SCHEMA_VERSION = 1
NETWORK_FILE = "network.json"
RUNNER = Path(__file__).parent / "runner"
REQUIREMENTS = Path(__file__).parent / "requirements.txt"
MAX_DELAY = 63
"""Largest synaptic delay of Lava's DelayDense."""


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
        Listing every part of the program that stock Lava processes cannot represent.
    InputError
        If `folder` is a file, somebody else's folder, or its parent does not exist.
    """
    violations = [*_unsupported(program)]
    if violations:
        raise UnsupportedOp("Lava cannot run this program; use the oracle for it:", violations)
    description, arrays = _describe(program)
    with atomic_folder(folder, NETWORK_FILE) as temporary:
        shutil.copytree(RUNNER, temporary, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__"))
        shutil.copy(REQUIREMENTS, temporary)
        (temporary / NETWORK_FILE).write_text(json.dumps(description, indent=1) + "\n")
        np.savez_compressed(temporary / "arrays.npz", **arrays)
    return Path(folder)


def _unsupported(program: Program) -> Iterator[str]:
    for i in program.inputs:
        if i.kind not in ("spikes", "graded"):
            yield f"input {i.name!r} has kind {i.kind!r}; Lava sources send spikes or graded events"
    for p in program.populations:
        if p.kind not in ("lif", "readout") or p.reset != "zero":
            yield f"population {p.name!r} has kind {p.kind!r} with reset {p.reset!r}; Lava has LIF with reset zero"
    for q in program.projections:
        if q.kind != "dense":
            yield f"projection {q.name!r} has kind {q.kind!r}; exported are dense ones"
        if not 0 <= program.hops(q) <= MAX_DELAY:
            yield f"projection {q.name!r} needs a synaptic delay of {program.hops(q)}, Lava has 0..{MAX_DELAY}"
        if q.delay and program.level(q.source) != program.level(q.target):
            # The synapses' buffer then holds spikes of two samples at once, and only the whole of it can be cleared.
            yield (
                f"projection {q.name!r} delays by {q.delay} rows between levels {program.level(q.source)} and "
                f"{program.level(q.target)}; Lava keeps samples apart only if both levels are equal"
            )


def _describe(program: Program) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    arrays: dict[str, np.ndarray] = {}
    for i, p in enumerate(program.populations):
        arrays[f"bias_mant_{i}"] = p.bias_mant.astype(np.int16)
    for i, q in enumerate(program.projections):
        arrays[f"weights_{i}"] = q.weights.astype(np.int16)
    description = {
        "schema_version": SCHEMA_VERSION,
        "program_hash": program.content_hash,
        "depth": program.depth,
        "inputs": [_input(i) for i in program.inputs],
        "populations": [_population(p, f"bias_mant_{i}") for i, p in enumerate(program.populations)],
        "projections": [_projection(program, q, f"weights_{i}") for i, q in enumerate(program.projections)],
        "outputs": [{"name": o.name, "population": o.population, "readout": o.readout} for o in program.outputs],
    }
    return description, arrays


def _input(i: Input) -> dict[str, Any]:
    return {"name": i.name, "shape": list(i.shape), "kind": i.kind, "scale": i.scale, "bits": i.bits}


def _population(p: Population, bias_mant: str) -> dict[str, Any]:
    registers = {name: int(getattr(p, name)) for name in ("du", "dv", "vth", "bias_exp", "level")}
    return {"name": p.name, "shape": list(p.shape), "kind": p.kind, **registers, "bias_mant": bias_mant}


def _projection(program: Program, q: Projection, weights: str) -> dict[str, Any]:
    source = program.source(q.source)
    return {
        "name": q.name,
        "source": q.source,
        "target": q.target,
        "weights": weights,
        "weight_exp": q.weight_exp,
        "weight_bits": q.weight_bits,
        "sign_mode": q.sign_mode,
        "delay": q.delay,
        "hops": program.hops(q),
        # Lava takes 0 for binary spikes; more bits make it multiply by the event's value.
        "message_bits": source.bits if isinstance(source, Input) and source.kind == "graded" else 0,
    }
