"""``gains``: the ways of a divisor to a chip, side by side."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ...models.errors import ConfigError, InputError
from . import gain_tables
from .options import (
    Bits,
    Chip,
    Data,
    Encode,
    Example,
    Json,
    Limit,
    OutFile,
    Quiet,
    Rows,
    ScaleBy,
    SourceArgument,
    Steps,
    Weights,
    listed,
    lowering,
    shape,
)
from .output import emit, teller

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from torch import nn

    from ..data.samples import Samples
    from ..sources import Source


ONLY_HELP = (
    "Alternatives, separated by commas: dynamic-0, dynamic-2, dynamic-3, dynamic-4 (by bits of the look-up), static, "
    "static-tuned, host-static, host-dynamic, annealed; all that the networks allow if left out."
)


def gains(
    source: SourceArgument,
    data: Data = "",
    samples: Limit = 0,
    dim: Annotated[str, typer.Option("--dim", help="Range of the factors by which samples are dimmed.")] = "0.1,1",
    seed: Annotated[int, typer.Option("--seed", min=0, help="Seed of the dimming.")] = 0,
    annealed: Annotated[str, typer.Option("--annealed", help="Run folder of a network with annealed divisors.")] = "",
    alternatives: Annotated[str, typer.Option("--only", help=ONLY_HELP)] = "",
    chip: Chip = "",
    lava: Annotated[int, typer.Option("--lava", min=0, help="Run N clean samples on Lava too, spike for spike.")] = 0,
    steps: Steps = 0,
    encode: Encode = "",
    weights: Weights = "",
    example: Example = "",
    bits: Bits = "",
    scale: ScaleBy = "",
    rows: Rows = "",
    out: OutFile = "",
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Compare the ways of an E-I network's divisor to a chip, on clean and dimmed samples, and recommend one."""
    from numpy import may_share_memory

    from ...simulators.chips.profile import load_chip
    from ..describe import provenance
    from ..quantisation.gains import compare_gains
    from ..sources import resolve_source

    span = _span(dim)
    if chip:
        load_chip(chip)  # an unknown chip is told before the work, not after it
    network = resolve_source(source, weights or None, shape(example))
    if network.model is None:
        raise InputError(f"{network.name} holds no circuits that divide any more; give a run folder or a module.")
    loaded, given = _samples(network, data, steps, encode, samples)
    same = may_share_memory(loaded.x, loaded.calibration)
    found = compare_gains(
        network.model,
        **given,
        tuned=None if network.frozen is network.model else network.frozen,
        annealed=_annealed(annealed, network),
        alternatives=listed(alternatives) or None,
        dim=span,
        seed=seed,
        chip=chip,
        lowering=lowering(bits, "", None, "", "", scale, rows),
        lava=lava,
        progress=teller(quiet),
    )
    content = {
        "schema_version": 1,
        "source": network.name,
        "data": loaded.name,
        "samples": found.samples,
        "encoder": given["encoder"],
        "calibrated_on": "the samples themselves" if same else "training data",
        "dim": list(span),
        "seed": seed,
        "chip": chip or None,
        "lava_samples": min(lava, found.samples),
        "alternatives": [asdict(row) for row in (found.exact, *found.rows)],
        "recommended": found.recommended or None,
        "recommendation": found.recommendation,
        "versions": found.versions,
        "provenance": provenance(),
    }
    emit(content, as_json, gain_tables.alternatives, out)


def _span(text: str) -> tuple[float, float]:
    try:
        low, high = map(float, text.split(","))
    except ValueError as error:
        raise ConfigError(f"--dim {text!r} is no range of brightness; give two numbers, for example 0.1,1.") from error
    return low, high


def _samples(network: Source, data: str, steps: int, encode: str, limit: int) -> tuple[Samples, dict[str, Any]]:
    """The samples as they were loaded, and as `compare_gains` takes them: intensities, which can be dimmed."""
    from .loading import data_of, samples_for

    spec = data_of(network, data)
    from_file = Path(spec).is_file()
    loaded = samples_for(network, spec, steps, "rate" if from_file else "direct", limit or None)
    if loaded.y is None:
        raise InputError(f"{loaded.name} has no classes; an accuracy needs a .npz file with x and y.")
    if isinstance(loaded.x, dict) or isinstance(loaded.calibration, dict):
        raise InputError(f"{loaded.name} holds inputs by name; a network of E-I circuits takes one array x.")
    encoder = None if from_file or (encode or network.encoder) == "direct" else encode or network.encoder
    _require_intensities(loaded.x, loaded.name, encoder)
    if encoder is None:
        return loaded, {"x": loaded.x, "y": loaded.y, "calibration": loaded.calibration, "encoder": None}
    given = {"x": loaded.x[0], "y": loaded.y, "calibration": loaded.calibration[0]}
    return loaded, {**given, "encoder": encoder, "steps": loaded.x.shape[0]}


def _require_intensities(rows: NDArray[Any], name: str, encoder: str | None) -> None:
    if encoder is None and ((rows == 0) | (rows == 1)).all():
        raise InputError(f"{name} holds spikes, which cannot be dimmed; give intensities, the same in every row.")
    if encoder is not None and (rows != rows[:1]).any():
        raise InputError(f"{name} holds events, not images; there is nothing to dim and to encode as spikes again.")


def _annealed(folder: str, network: Source) -> nn.Module | None:
    if not folder:
        return None
    from ..runs import load_run

    run = load_run(folder)
    if not run.exact.annealed:
        raise InputError(f"{folder} was trained without annealing; set anneal_epochs in its configuration.")
    if (run.config.encoder, run.config.network.steps) != (network.encoder, network.steps):
        raise InputError(
            f"{folder} was trained on {run.config.encoder} input of {run.config.network.steps} steps, {network.name} "
            f"on {network.encoder} input of {network.steps}; only networks of the same input can be compared."
        )
    return run.exact
