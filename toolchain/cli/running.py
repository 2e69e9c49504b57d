"""``simulate``, ``compare`` and ``evaluate``: run a network and say what happened."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from . import render
from .loading import load
from .options import (
    Bits,
    Chip,
    Data,
    Example,
    Json,
    Limit,
    OutFile,
    Quiet,
    Reset,
    SourceArgument,
    Steps,
    Weights,
    lowering,
)
from .output import emit, say, teller

Backend = Annotated[str, typer.Option("--backend", help="engine, oracle or lava.")]


def simulate(
    source: SourceArgument,
    data: Data = "",
    backend: Backend = "engine",
    chip: Chip = "",
    samples: Limit = 0,
    steps: Steps = 0,
    weights: Weights = "",
    example: Example = "",
    bits: Bits = 8,
    reset: Reset = "",
    out: OutFile = "",
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Run the integer program: spikes, sparsity, synaptic operations and energy per sample."""
    from ...simulators.run import simulate as run
    from ..describe import describe_activity, describe_costs, provenance
    from ..placing import place_all

    network, loaded = load(source, data, samples, steps, weights, example)
    program = network.program(loaded.calibration, **lowering(bits, chip, reset, 0.0))
    tell = teller(quiet)
    options = {"progress": lambda done: tell(f"lava: {done} samples done")} if backend == "lava" else {}
    placements = place_all(program, [chip] if chip else None)
    trace = run(program, loaded.x, backend=backend, place=placements.counted, **options)
    content = {
        "schema_version": 1,
        "data": loaded.name,
        "program_hash": program.content_hash,
        "activity": describe_activity(trace, program),
        **describe_costs(trace, placements),
        "accuracy": None if loaded.y is None else float((trace.predict() == loaded.y).mean()),
        "predictions": trace.predict().tolist(),
        "provenance": provenance(),
    }
    emit(content, as_json, _render_simulation, out)


def compare(
    source: SourceArgument,
    data: Data = "",
    targets: Annotated[str, typer.Option("--targets", help="Of torch,frozen,run_graph,oracle,engine,lava.")] = "",
    samples: Limit = 100,
    steps: Steps = 0,
    weights: Weights = "",
    example: Example = "",
    bits: Bits = 8,
    reset: Reset = "",
    strict: Annotated[bool, typer.Option("--strict", help="Exit 1 unless the integer backends agree.")] = False,
    effects: Annotated[bool, typer.Option(help="Measure what each loss does by itself.")] = True,
    out: OutFile = "",
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Run the network on every target: where neighbours part, in which population, and through which loss."""
    from ...models.errors import CheckFailed
    from ..comparison.chain import compare as run
    from ..describe import describe_comparison, provenance
    from ..targets import INTEGER

    network, loaded = load(source, data, samples, steps, weights, example)
    chosen = tuple(part.strip() for part in targets.split(",") if part.strip()) or None
    result = run(
        network,
        loaded.x,
        chosen,
        loaded.calibration,
        allow_missing=chosen is None,
        progress=teller(quiet),
        lowering=lowering(bits, "", reset, 0.0),
        effects=effects,
    )
    content = describe_comparison(result) | {"schema_version": 1, "data": loaded.name, "provenance": provenance()}
    emit(content, as_json, render.comparison, out)
    integer = [pair for pair in result.pairs if set(pair.backends) <= INTEGER]
    if strict and not integer:
        raise CheckFailed(f"No two integer backends were compared. {' '.join(result.not_run.values())}".strip())
    if strict and any(pair.mismatches for pair in integer):
        raise CheckFailed("Two integer backends differ; the first divergence is in the table above.")


def evaluate(
    source: SourceArgument,
    data: Data = "",
    targets: Annotated[str, typer.Option("--targets", help="Of torch,frozen,run_graph,oracle,engine,lava.")] = "",
    samples: Limit = 0,
    steps: Steps = 0,
    weights: Weights = "",
    example: Example = "",
    bits: Bits = 8,
    reset: Reset = "",
    out: OutFile = "",
    as_json: Json = False,
) -> None:
    """Accuracy of every stage of the network: as trained, frozen, as NIR, as integers."""
    from ...models.errors import InputError
    from ..describe import provenance
    from ..targets import INTEGER, available_targets, run_target

    network, loaded = load(source, data, samples, steps, weights, example)
    if loaded.y is None:
        raise InputError(f"{loaded.name} has no classes; an accuracy needs a .npz file with x and y.")
    chosen = [part.strip() for part in targets.split(",") if part.strip()]
    chosen = chosen or [target for target in available_targets(network) if target != "lava"]
    program = network.program(loaded.calibration, **lowering(bits, "", reset, 0.0)) if INTEGER & set(chosen) else None
    rows = {t: float((run_target(t, network, loaded.x, program).predict() == loaded.y).mean()) for t in chosen}
    content = {"schema_version": 1, "data": loaded.name, "samples": len(loaded.y), "accuracy": rows}
    emit(content | {"provenance": provenance()}, as_json, _render_accuracy, out)


def _render_simulation(content: dict[str, Any]) -> None:
    render.activity(content["activity"])
    render.costs(content["energy"], content["not_priced"])
    if content["accuracy"] is not None:
        say(f"accuracy {content['accuracy']:.2%} on {content['activity']['samples']} samples of {content['data']}")


def _render_accuracy(content: dict[str, Any]) -> None:
    for target, value in content["accuracy"].items():
        say(f"{target:10} {value:.2%} on {content['samples']} samples of {content['data']}")
