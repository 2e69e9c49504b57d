"""``export``: the network as NIR, program and Lava folder."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from . import render
from .loading import find_network, samples_for
from .options import (
    Bits,
    Chip,
    Cycle,
    Dt,
    Encode,
    Example,
    Gain,
    Json,
    Reset,
    Rounding,
    Rows,
    ScaleBy,
    SourceArgument,
    Steps,
    Weights,
    listed,
    lowering,
)
from .output import emit, say, teller


def export(
    source: SourceArgument,
    out: Annotated[str, typer.Option("--out", help="Folder to write.")] = "exported",
    to: Annotated[str, typer.Option("--to", help="Formats, separated by commas.")] = "nir,program,lava",
    calibrate: Annotated[str, typer.Option("--calibrate", help="Data to calibrate on, as for --data.")] = "",
    portable: Annotated[
        bool, typer.Option("--portable", help="NIR that snnTorch and nirtorch read, or every reason why not.")
    ] = False,
    weights: Weights = "",
    example: Example = "",
    bits: Bits = "",
    chip: Chip = "",
    scale: ScaleBy = "",
    rows: Rows = "",
    rounding: Rounding = "",
    ei: Gain = "",
    reset: Reset = "",
    dt: Dt = None,
    cycle: Cycle = "",
    steps: Steps = 0,
    encode: Encode = "",
    as_json: Json = False,
) -> None:
    """Write the network as a NIR file, as an integer program and as a self-contained Lava folder."""
    from ...models.files import writable_folder
    from ..exporting import MARKER, write_export
    from ..sources import calibrated

    writable_folder(out, MARKER)
    network, stage = find_network(source, weights, example, ei, chip)
    options = lowering(bits, reset, dt, cycle, chip, scale, rows, rounding, ei)
    network.portable, network.overrides = portable, {k: options[k] for k in ("reset", "dt_s") if k in options}
    formats = listed(to)
    data = calibrate or network.data
    calibration = samples_for(network, data, steps, encode, tell=teller(False)).calibration if data else None
    network = calibrated(network, calibration)
    program = network.program(calibration, **options) if {"program", "lava"} & set(formats) else None
    content = write_export(network, program, out, formats)
    emit(content | {"out": out, "stage": stage}, as_json, _render)


def _render(content: dict[str, Any]) -> None:
    render.losses(content["losses"])
    if content["stage"] is not None:
        say("  took the {} network ({})".format(*content["stage"]))
    for name, (value, origin) in content.get("settings", {}).items():
        say(f"  chose {name} = {value} ({origin})")
    for name, file in content["files"].items():
        say(f"  wrote {name}: {content['out']}/{file}")
