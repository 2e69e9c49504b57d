"""``quantise``: what rounding did to every layer and why, ways to choose a scale, mixed precision, tuning."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ...models.errors import CheckFailed, InputError
from . import quantise_tables
from .loading import data_of, find_network, samples_for
from .options import (
    Bits,
    Chip,
    Cycle,
    Data,
    Dt,
    Encode,
    Example,
    Gain,
    Json,
    Limit,
    OutFile,
    Quiet,
    Reset,
    Rounding,
    Rows,
    ScaleBy,
    SourceArgument,
    Steps,
    Weights,
    lowering,
)
from .output import emit, stop, teller
from .quantise_more import MAX_DROP, WIDTHS, Asked, further

if TYPE_CHECKING:
    from ..data.samples import Samples
    from ..sources import Source

DROP_HELP = f"Points of accuracy that the search may lose; {MAX_DROP}."


def quantise(
    source: SourceArgument,
    data: Data = "",
    calibrate: Annotated[str, typer.Option("--calibrate", help="Data to calibrate on, as for --data.")] = "",
    samples: Limit = 0,
    steps: Steps = 0,
    encode: Encode = "",
    weights: Weights = "",
    example: Example = "",
    bits: Bits = "",
    scale: ScaleBy = "",
    rows: Rows = "",
    rounding: Rounding = "",
    ei: Gain = "",
    chip: Chip = "",
    reset: Reset = "",
    dt: Dt = None,
    cycle: Cycle = "",
    methods: Annotated[bool, typer.Option("--methods", help="All scales and rows side by side.")] = False,
    search: Annotated[bool, typer.Option("--search", help="Search weight bits layer by layer.")] = False,
    max_drop: Annotated[float | None, typer.Option("--max-drop", min=0, max=100, help=DROP_HELP)] = None,
    widths: Annotated[str, typer.Option("--widths", help=f"What the search chooses from; {WIDTHS}.")] = "",
    validate: Annotated[
        str, typer.Option("--validate", help="Data with classes that the search judges by; training data if known.")
    ] = "",
    tune: Annotated[int, typer.Option("--tune", min=0, help="Train the integers for so many epochs.")] = 0,
    train: Annotated[str, typer.Option("--train", help="Data with classes to tune on; training data if known.")] = "",
    program: Annotated[str, typer.Option("--program", help="Write the resulting program to this file.")] = "",
    out: OutFile = "",
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Tell layer by layer what quantising lost, why, and what helps. Exit 1 if a layer does not work."""
    from ...models.files import writable_file
    from ..describe import provenance
    from ..quantisation.examine import diagnose

    asked = Asked(methods, search, max_drop, widths, validate, tune, train, data, bits)
    asked.require_sense()
    if program:
        writable_file(program)
        if Path(program).resolve() in (Path(source).resolve(), Path(out or source).resolve()):
            raise InputError(f"--program {program} would overwrite {'--out' if program == out else 'the network'}.")
    tell = teller(quiet)
    network, loaded, calibration, stage = _load(
        source, data, calibrate, samples, steps, encode, weights, example, ei, chip, tell
    )
    asked.require(network, loaded)
    options = lowering(bits, reset, dt, cycle, chip, scale, rows, rounding, ei)
    found = diagnose(network, loaded.x, loaded.y, calibration, options, progress=tell)
    content: dict[str, Any] = {"schema_version": 1, "source": network.name, "data": loaded.name}
    content |= {"stage": stage, "diagnosis": found.to_dict()}
    if found.program is not None and not found.mended:
        more, result = further(asked, network, loaded, calibration, options, found.program, tell)
        content |= more
        if program:
            result.save(program)
            content["program"] = program
    emit(content | {"provenance": provenance()}, as_json, quantise_tables.render, out)
    # What a search or tuning was asked to mend is no failure.
    mending = {"accuracy"} if search or tune else set()
    errors = [f for f in found.findings if f.severity == "error" and f.problem not in mending]
    if errors:
        said = "Nothing was written, because the network cannot be lowered as it is. " if found.mended else ""
        told = [f"{f.layer}: {f.problem}, {f.cause}" for f in errors]
        stop(CheckFailed(f"{said}Layers that do not work:", told))


def _load(
    source: str,
    data: str,
    calibrate: str,
    samples: int,
    steps: int,
    encode: str,
    weights: str,
    example: str,
    ei: str,
    chip: str,
    tell: Callable[[str], None],
) -> tuple[Source, Samples, Any, Any]:
    """Network, samples, calibration, and the stage that was taken with its reason."""
    from ..quantisation.ranges import mend_model
    from ..sources import calibrated

    network, stage = find_network(source, weights, example, ei, chip)
    network = replace(network, encoder=encode) if encode else network
    spec = data_of(network, data)
    shaped, _ = mend_model(network)  # thresholds that no graph can say are findings, not errors
    loaded = samples_for(shaped, spec, steps, limit=samples or None, tell=tell)
    calibration = samples_for(shaped, calibrate, steps, tell=tell).calibration if calibrate else loaded.calibration
    return calibrated(network, calibration), loaded, calibration, stage
