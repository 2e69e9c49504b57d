"""``compare`` and ``evaluate``: run a network on several targets and say where they differ."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from ..reporting import readable
from . import render
from .loading import load
from .options import (
    Bits,
    Cycle,
    Data,
    Dt,
    Effects,
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
    Targets,
    Weights,
    listed,
    lowering,
)
from .output import emit, say, stop, teller


def compare(
    source: SourceArgument,
    data: Data = "",
    targets: Targets = "",
    samples: Limit = 100,
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
    strict: Annotated[bool, typer.Option("--strict", help="Exit 1 unless the integer backends agree.")] = False,
    effects: Effects = True,
    out: OutFile = "",
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Run the network on every target: where neighbours part, in which population, and through which loss."""
    from ...models.errors import CheckFailed
    from ..comparison.chain import compare as run
    from ..describe import describe_comparison, provenance
    from ..targets import INTEGER

    network, loaded = load(source, data, samples, steps, weights, example, encode, teller(quiet), ei)
    chosen = listed(targets) or None
    result = run(
        network,
        loaded.x,
        chosen,
        loaded.calibration,
        allow_missing=chosen is None,
        progress=teller(quiet),
        lowering=lowering(bits, reset, dt, cycle, "", scale, rows, rounding, ei),
        effects=effects,
    )
    content = describe_comparison(result) | {"schema_version": 1, "data": loaded.name, "provenance": provenance()}
    emit(content, as_json, render.comparison, out)
    integer = [pair for pair in result.pairs if set(pair.backends) <= INTEGER]
    if strict and not integer:
        stop(CheckFailed(f"No two integer backends were compared. {' '.join(result.not_run.values())}".strip()))
    differing = [" and ".join(pair.backends) for pair in integer if pair.mismatches]
    if strict and differing:
        stop(CheckFailed(f"Integer backends differ: {', '.join(differing)}. Their first divergence is in the result."))


def evaluate(
    source: SourceArgument,
    data: Data = "",
    targets: Targets = "",
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
    reset: Reset = "",
    dt: Dt = None,
    cycle: Cycle = "",
    out: OutFile = "",
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Accuracy of every stage of the network: as trained, frozen, as NIR, as integers."""
    from ...models.errors import InputError
    from ..describe import provenance
    from ..targets import INTEGER, available_targets, run_target

    network, loaded = load(source, data, samples, steps, weights, example, encode, teller(quiet), ei)
    if loaded.y is None:
        raise InputError(f"{loaded.name} has no classes; an accuracy needs a .npz file with x and y.")
    chosen = listed(targets) or tuple(target for target in available_targets(network) if target != "lava")
    program = (
        network.program(loaded.calibration, **lowering(bits, reset, dt, cycle, "", scale, rows, rounding, ei))
        if INTEGER & set(chosen)
        else None
    )
    tell, accuracy = teller(quiet), {}
    for target in chosen:
        tell(target)
        accuracy[target] = float((run_target(target, network, loaded.x, program).predict() == loaded.y).mean())
    content = {"schema_version": 1, "data": loaded.name, "samples": len(loaded.y), "accuracy": accuracy}
    emit(content | {"provenance": provenance()}, as_json, _render_accuracy, out)


def _render_accuracy(content: dict[str, Any]) -> None:
    for target, value in content["accuracy"].items():
        say(f"{target:10} {readable.accuracy(value)} on {content['samples']} samples of {content['data']}")
