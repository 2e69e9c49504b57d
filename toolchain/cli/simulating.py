"""``simulate``: run a network as an integer program and say what happened."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ...models.errors import ConfigError
from ..reporting import readable
from . import render
from .loading import load
from .options import (
    Bar,
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
    Record,
    Reset,
    Resume,
    Rounding,
    Rows,
    ScaleBy,
    SourceArgument,
    Steps,
    TraceFolder,
    Weights,
    listed,
    lowering,
)
from .output import emit, say, teller

if TYPE_CHECKING:
    from collections.abc import Callable

    from ...exporters.program.program import Program
    from ...exporters.program.trace import Trace
    from ...simulators.progress import Progress
    from ..data.samples import Samples


def simulate(
    source: SourceArgument,
    data: Data = "",
    backend: Annotated[str, typer.Option("--backend", help="engine, oracle or lava.")] = "engine",
    chip: Chip = "",
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
    trace: TraceFolder = "",
    record: Record = "",
    resume: Resume = False,
    progress: Bar = None,
    out: OutFile = "",
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Run the integer program: spikes, sparsity, synaptic operations and energy per sample."""
    from ...simulators.run import simulate as run
    from ..describe import describe_costs
    from ..placing import place_all
    from ..stages import ei_for_chip

    _require_trace(trace, record, resume)
    ei, tell = ei_for_chip(ei, chip), teller(quiet)
    network, loaded = load(source, data, samples, steps, weights, example, encode, tell, ei, lazy=True)
    program = network.program(loaded.calibration, **lowering(bits, reset, dt, cycle, "", scale, rows, rounding, ei))
    placements = place_all(program, [chip] if chip else None)
    done = run(
        program,
        loaded.x,
        backend=backend,
        record=listed(record),
        place=placements.counted,
        out=trace or None,
        resume=resume,
        progress=_progress(progress, backend, quiet),
    )
    content = _content(done, program, loaded, tell) | describe_costs(done, placements) | {"trace": trace or None}
    emit(content, as_json, _render, out)


def _content(done: Trace, program: Program, loaded: Samples, tell: Callable[[str], None]) -> dict[str, Any]:
    """What is told of a run, but for its costs."""
    from ..describe import describe_activity, provenance

    classes = {name: done.predict(name) for name in done.output}
    only = next(iter(classes.values())) if len(classes) == 1 else None
    if loaded.y is not None and only is None:
        tell(f"no accuracy: y holds one class a sample, the network has the outputs {', '.join(classes)}")
    return {
        "schema_version": 1,
        "data": loaded.name,
        "program_hash": program.content_hash,
        "activity": describe_activity(done, program),
        "accuracy": None if loaded.y is None or only is None else float((only == loaded.y).mean()),
        "predictions": {n: found.tolist() for n, found in classes.items()} if only is None else only.tolist(),
        "provenance": provenance(),
    }


def _progress(bar: bool | None, backend: str, quiet: bool) -> Progress:
    """A bar where somebody may watch it; Lava, which takes long, tells of its samples in lines otherwise."""
    if bar is not None or quiet:
        return bool(bar)
    if sys.stderr.isatty():
        return True
    tell = teller(quiet)
    return (lambda done: tell(f"lava: {done} samples done")) if backend == "lava" else False


def _require_trace(trace: str, record: str, resume: bool) -> None:
    """Refuse options that say what becomes of a folder which is not named.

    Raises
    ------
    ConfigError
    """
    if trace:
        return
    if record:
        raise ConfigError(f"--record {record} has nowhere to go; name a folder with --trace.")
    if resume:
        raise ConfigError("--resume goes on with an interrupted run; name its folder with --trace.")


def _render(content: dict[str, Any]) -> None:
    render.activity(content["activity"])
    render.costs(content["energy"], content["not_priced"])
    if content["accuracy"] is not None:
        right = readable.accuracy(content["accuracy"])
        say(f"accuracy {right} on {content['activity']['samples']} samples of {content['data']}")
    if content["trace"]:
        say(f"wrote {content['trace']}")
