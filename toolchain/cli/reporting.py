"""``report``: the page about a run, with its JSON."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Annotated, Any

import typer

from .loading import load
from .options import (
    Bits,
    Data,
    Example,
    Json,
    Limit,
    Quiet,
    Reset,
    SourceArgument,
    Steps,
    Weights,
    lowering,
)
from .output import emit, say, teller

CHIP = "loihi1-davies2018"
PAGE = "report.html"
SAMPLES = 100
BITS = 8


def report(
    source: SourceArgument,
    data: Data = "",
    chip: Annotated[str, typer.Option("--chip", help="Chip profile by name, or a .toml file.")] = CHIP,
    samples: Limit = SAMPLES,
    targets: Annotated[str, typer.Option("--targets", help="Backends to compare; all that run here if empty.")] = "",
    out: Annotated[str, typer.Option("--out", help="Page to write; its JSON is written beside it.")] = PAGE,
    steps: Steps = 0,
    weights: Weights = "",
    example: Example = "",
    bits: Bits = BITS,
    reset: Reset = "",
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Run, place, price and compare the network; write one self-contained page and its JSON."""
    from ...models.errors import ConfigError
    from ...models.files import atomic_file
    from ...simulators.placement import place
    from ...simulators.pricing import price
    from ...simulators.run import simulate
    from ..comparison import compare
    from ..reporting import report as make

    page = Path(out)
    if page.suffix not in (".html", ".htm"):
        raise ConfigError(f"--out {out!r} is no page; name a file that ends in .html.")
    if not page.absolute().parent.is_dir():
        raise ConfigError(f"--out {out!r}: the folder {page.parent} does not exist. Create it first.")
    tell = teller(quiet)
    network, loaded = load(source, data, samples, steps, weights, example)
    options = lowering(bits, "", reset, 0.0)
    program = network.program(loaded.calibration, **options)
    placement = place(program, chip)
    tell(f"running {loaded.x.shape[1]} samples on {len(placement.cores)} cores")
    trace = simulate(program, loaded.x, record=("spikes",), place=placement)
    chosen = tuple(part.strip() for part in targets.split(",") if part.strip()) or None
    result = compare(
        network,
        loaded.x,
        chosen,
        loaded.calibration,
        allow_missing=chosen is None,
        progress=lambda target: tell(f"comparing: {target}"),
        lowering=options,
    )
    given = {"--data": data, "--chip": chip, "--samples": samples, "--targets": targets, "--out": out}
    given |= {"--steps": steps, "--weights": weights, "--example": example, "--bits": bits, "--reset": reset}
    made = make(
        trace,
        price(trace, placement),
        result,
        command=command("report", source, given),
        title=network.name,
        data=loaded.name,
        labels=loaded.y,
    )
    tell("drawing")
    made.save(page)
    with atomic_file(page.with_suffix(".json")) as temporary:
        temporary.write_text(made.to_json() + "\n")
    emit(made.content, as_json, lambda content: _render_report(content, page))


def command(name: str, source: str, options: dict[str, Any]) -> str:
    """The command line that was given, without options that are empty or at their default."""
    defaults = {"--chip": CHIP, "--samples": SAMPLES, "--out": PAGE, "--bits": BITS, "--steps": 0}
    words = [word for key, value in options.items() if value != defaults.get(key, "") for word in (key, str(value))]
    return shlex.join(["spikewright", name, source, *words])


def _render_report(content: dict[str, Any], page: Path) -> None:
    for sentence in content["verdict"]:
        say(sentence["text"])
    say(f"Written to {page} and {page.with_suffix('.json').name}; open the page in a browser.")
