"""``chips`` and ``check``: what a chip offers, and whether a network fits it."""

from __future__ import annotations

from typing import Annotated

import typer

from . import chip_tables
from .loading import find_network, samples_for
from .options import (
    CHIP,
    Bits,
    Chip,
    Cycle,
    Data,
    Dt,
    Encode,
    Example,
    Gain,
    Json,
    OutFile,
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


def chips(
    name: Annotated[str, typer.Argument(metavar="[NAME]", help="Profile by name, or a .toml file.")] = "",
    out: OutFile = "",
    as_json: Json = False,
) -> None:
    """List the chip profiles; with NAME every number of one, with unit, kind and source."""
    from ...simulators.chips.profile import list_chips, load_chip
    from ..placing import describe_chip

    if name:
        emit({"schema_version": 1} | describe_chip(load_chip(name)), as_json, chip_tables.chip, out)
        return
    rows = [
        {
            "name": chip.name,
            "title": chip.title,
            "cores": int(chip.limits["cores"].value) if "cores" in chip.limits else None,
            "timing": bool(chip.time),
            "energy": list(chip.energy),
        }
        for chip in map(load_chip, list_chips())
    ]
    emit({"schema_version": 1, "chips": rows}, as_json, chip_tables.chips, out)


def check(
    source: SourceArgument,
    chip: Chip = CHIP,
    data: Data = "",
    steps: Steps = 0,
    encode: Encode = "",
    weights: Weights = "",
    example: Example = "",
    bits: Bits = "",
    scale: ScaleBy = "",
    rows: Rows = "",
    rounding: Rounding = "",
    ei: Gain = "",
    reset: Reset = "",
    dt: Dt = None,
    cycle: Cycle = "",
    out: OutFile = "",
    as_json: Json = False,
) -> None:
    """Place the network on a chip: every rule with actual and limit, cores, tiles and memory. Exit 3 if it misfits."""
    from ...simulators.chips.profile import load_chip
    from ...simulators.placement.fitting import misfit
    from ..placing import describe_fit
    from ..sources import calibrated
    from ..stages import ei_for_chip

    load_chip(chip)  # an unknown chip is told before the work, not after it
    ei = ei_for_chip(ei, chip)
    network, _ = find_network(source, weights, example, ei)
    named = data or network.data
    calibration = samples_for(network, named, steps, encode, tell=teller(False)).calibration if named else None
    # Lowered for no chip in particular, so that every violation is found here and told together.
    program = calibrated(network, calibration).program(
        calibration, **lowering(bits, reset, dt, cycle, "", scale, rows, rounding, ei)
    )
    content, placement, findings = describe_fit(program, chip)
    emit({"schema_version": 1} | content, as_json, chip_tables.fit, out)
    if not content["fits"]:
        stop(misfit(placement, [finding for finding in findings if not finding.ok]))
