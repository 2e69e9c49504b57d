"""``report``: the page about a run, with its JSON."""

from __future__ import annotations

import json
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .loading import load
from .options import (
    CHIP,
    Bits,
    Chip,
    Cycle,
    Data,
    Dt,
    Effects,
    Encode,
    Example,
    Gain,
    Json,
    Limit,
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
from .output import emit, say, teller

if TYPE_CHECKING:
    from ...exporters.program.program import Program
    from ..data.samples import Samples
    from ..quantisation.diagnosis import Diagnosis
    from ..sources import Source

PAGE = "report.html"
SAMPLES = 100


def report(
    source: SourceArgument,
    data: Data = "",
    chip: Chip = CHIP,
    samples: Limit = SAMPLES,
    targets: Targets = "",
    backend: Annotated[str, typer.Option("--backend", help="engine, oracle or lava.")] = "engine",
    out: Annotated[str, typer.Option("--out", help="Page to write; its JSON is written beside it.")] = PAGE,
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
    effects: Effects = True,
    layers: Annotated[bool, typer.Option("--layers", help="Add what quantise finds, layer by layer.")] = False,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Run, place, price and compare the network; write one self-contained page and its JSON."""
    from ...simulators.chips.profile import load_chip
    from ...simulators.placement import place
    from ...simulators.pricing import price, require_energies
    from ...simulators.run import simulate
    from ..comparison import compare
    from ..exporting import write_json
    from ..reporting import readable
    from ..reporting import report as make
    from ..stages import ei_for_chip

    page, beside = _pages(out)
    profile = load_chip(chip)
    require_energies(profile)  # told before the work, not after it
    tell, settled = teller(quiet), ei_for_chip(ei, chip)
    network, loaded = load(source, data, samples, steps, weights, example, encode, tell, settled)
    options = lowering(bits, reset, dt, cycle, "", scale, rows, rounding, settled)
    program = network.program(loaded.calibration, **options)
    placement = place(program, profile)
    cores = f" on {readable.number_of(len(placement.cores), 'core')}" if placement.chip.mesh else ""
    tell(f"running {readable.number_of(loaded.count, 'sample')}{cores}")
    trace = simulate(program, loaded.x, backend=backend, record=("spikes",), place=placement)
    chosen = listed(targets) or None
    result = compare(
        network,
        loaded.x,
        chosen,
        loaded.calibration,
        allow_missing=chosen is None,
        progress=lambda target: tell(f"comparing: {target}"),
        lowering=options,
        effects=effects,
    )
    given = {"--data": data, "--chip": chip, "--samples": samples, "--targets": targets, "--out": out}
    given |= {"--steps": steps, "--weights": weights, "--example": example, "--bits": bits, "--reset": reset}
    given |= {"--scale": scale, "--rows": rows, "--rounding": rounding, "--ei": ei}
    given |= {"--dt": dt, "--cycle": cycle, "--backend": backend, "--encode": encode}
    given |= {"--no-effects": not effects, "--layers": layers}
    made = make(
        trace,
        price(trace, placement),
        result,
        _diagnosed(network, loaded, options, program, tell) if layers else None,
        command=command("report", source, given),
        title=network.name,
        data=loaded.name,
        labels=loaded.y,
    )
    tell("drawing")
    made.save(page)
    write_json(made.content, beside)
    emit(made.content, as_json, lambda content: _render_report(content, page, beside))


def _diagnosed(network: Source, loaded: Samples, options: dict[str, Any], program: Program, tell: Any) -> Diagnosis:
    from ..quantisation.examine import diagnose

    tell("examining the layers")
    return diagnose(network, loaded.x, loaded.y, loaded.calibration, options, program)


def _pages(out: str) -> tuple[Path, Path]:
    """Page and JSON that the report will write, refused before the work if either cannot or must not be written."""
    from ...models.errors import ConfigError, InputError
    from ...models.files import writable_file

    page = Path(out)
    if page.suffix not in (".html", ".htm"):
        raise ConfigError(f"--out {out!r} is no page; name a file that ends in .html.")
    beside = page.with_suffix(".json")
    for target in (page, beside):
        writable_file(target)
    if beside.exists() and not _is_report(beside):
        raise InputError(
            f"The report's JSON would overwrite {beside}, which is no report. Choose another name with --out."
        )
    return page, beside


def _is_report(path: Path) -> bool:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return isinstance(content, dict) and "verdict" in content


def command(name: str, source: str, options: dict[str, Any]) -> str:
    """The command line that was given, without options that were not given or are at their default."""
    defaults = {"--chip": CHIP, "--samples": SAMPLES, "--out": PAGE, "--steps": 0, "--backend": "engine"}
    words = []
    for key, value in options.items():
        if value is None or value is False or value in ("", defaults.get(key)):
            continue
        words += [key] if value is True else [key, str(value)]
    return shlex.join(["spikewright", name, source, *words])


def _render_report(content: dict[str, Any], page: Path, beside: Path) -> None:
    for sentence in content["verdict"]:
        say(sentence["text"])
    say(f"Written to {page} and {beside.name}; open the page in a browser.")
