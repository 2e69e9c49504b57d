"""Arguments that several commands share, declared and read once."""

from __future__ import annotations

from typing import Annotated

import typer

from ...models.errors import ConfigError, InputError
from ...models.files import writable_file, writable_folder

CHIP = "loihi1-davies2018"
"""Profile that is taken where a command needs one and none is named."""


def _checked(path: str) -> str:
    """Refuse a file that cannot be written before the work, not after it."""
    if path:
        writable_file(path)
    return path


def _checked_trace(path: str) -> str:
    """As `_checked`, for a folder that takes a trace."""
    if path:
        from ...simulators.trace_folder import MARKER

        writable_folder(path, MARKER)
    return path


SourceArgument = Annotated[str, typer.Argument(metavar="SOURCE", help="Network: file, folder or module:function.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object on stdout.")]
OutFile = Annotated[str, typer.Option("--out", help="Also write the JSON object to this file.", callback=_checked)]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="No progress on stderr.")]
Seed = Annotated[int, typer.Option("--seed", help="Seed of weights and batches.")]
DATA_HELP = (
    "digits[:stratified|writer[:seed]]; mnist, fashion-mnist, cifar10, nmnist, nmnist-small or tonic:NAME, each with "
    "[:test|train]; or a .npy/.npz file (T, B, ...). See docs/data.md."
)
Data = Annotated[str, typer.Option("--data", help=DATA_HELP)]
Encode = Annotated[
    str, typer.Option("--encode", help="Of a data set: rate (spikes) or direct (graded values); the network's own.")
]
Limit = Annotated[int, typer.Option("--samples", min=0, help="Use the first N samples; 0 takes all.")]
Steps = Annotated[int, typer.Option("--steps", min=0, help="T of a data set; 0 takes the network's own, or 8.")]
Weights = Annotated[str, typer.Option("--weights", help="safetensors or .pt file for a module.")]
Example = Annotated[str, typer.Option("--example", help="Shape of one input of a module, e.g. 1,784.")]
Chip = Annotated[str, typer.Option("--chip", help="Chip profile by name, or a .toml file.")]
Targets = Annotated[str, typer.Option("--targets", help="Of torch,frozen,run_graph,oracle,engine,lava.")]
Effects = Annotated[bool, typer.Option(help="Measure what each loss does by itself.")]
TraceFolder = Annotated[
    str,
    typer.Option("--trace", help="Write the results to this folder, chunk after chunk.", callback=_checked_trace),
]
Record = Annotated[
    str, typer.Option("--record", help="Into --trace too: of spikes (all rows), events (lists), state (u and v).")
]
Resume = Annotated[bool, typer.Option("--resume", help="Go on with the interrupted run that --trace names.")]
Bar = Annotated[
    bool | None,
    typer.Option("--progress/--no-progress", help="Draw a bar on stderr; on a terminal.", show_default=False),
]
Bits = Annotated[
    str, typer.Option("--bits", help="Weight bits, 1 to 8; of all, or NAME=BITS,... of populations; 8 if not given.")
]
ScaleBy = Annotated[
    str, typer.Option("--scale", help="What sets a weight scale: squared_error, max, percentile or percentile:P.")
]
Rows = Annotated[str, typer.Option("--rows", help="One scale a population (fold) or a neuron (registers).")]
Rounding = Annotated[
    str, typer.Option("--rounding", help="Of weights: nearest, or compensated (errors cancel on the calibration).")
]
Gain = Annotated[
    str, typer.Option("--ei", help="Divisors of E-I circuits: static, dynamic (the chip divides) or auto; static.")
]
Reset = Annotated[str, typer.Option("--reset", help="Override the reset: zero or subtract.")]
Dt = Annotated[float | None, typer.Option("--dt", help="Override the graph's time step, s.", show_default=False)]

Cycle = Annotated[
    str, typer.Option("--cycle", help="Which edges of a cycle wait a row: every, closing or hop (see docs/nir.md).")
]


def listed(text: str) -> tuple[str, ...]:
    """Split a list at its commas."""
    return tuple(part.strip() for part in text.split(",") if part.strip())


def shape(text: str) -> tuple[int, ...] | None:
    """Read ``1,784``; None for an empty text.

    Raises
    ------
    InputError
        If it is no list of positive integers.
    """
    if not text:
        return None
    parts = text.split(",")
    if not all(part.strip().isdigit() and int(part) > 0 for part in parts):
        raise InputError(f"--example {text!r} is no shape; give positive integers, for example 1,784.")
    return tuple(int(part) for part in parts)


def lowering(
    bits: str,
    reset: str,
    dt_s: float | None,
    cycle: str,
    chip: str = "",
    scale: str = "",
    rows: str = "",
    rounding: str = "",
    ei: str = "",
) -> dict[str, object]:
    """Collect the options of `lower` that were given."""
    texts = {"reset": reset, "cycle": cycle, "chip": chip, "scale": scale, "rows": rows, "rounding": rounding, "ei": ei}
    given = {"weight_bits": weight_bits(bits), "dt_s": dt_s} | {name: text or None for name, text in texts.items()}
    return {name: value for name, value in given.items() if value is not None}


def weight_bits(text: str) -> int | dict[str, int] | None:
    """Read ``4`` or ``hidden1.lif=4,readout=8``; None for an empty text.

    Raises
    ------
    ConfigError
        If it is neither.
    """
    if not text:
        return None
    if text.strip().isdecimal():
        return int(text)
    pairs = [part.rpartition("=") for part in listed(text)]
    if bad := [f"{name}{sign}{bits}" for name, sign, bits in pairs if not name or not bits.strip().isdecimal()]:
        raise ConfigError(f"--bits {text!r}: {', '.join(bad)} is no NAME=BITS; give 4, or hidden1.lif=4,readout=8.")
    return {name.strip(): int(bits) for name, _, bits in pairs}
