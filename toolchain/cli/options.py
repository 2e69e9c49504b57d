"""Arguments that several commands share, declared once."""

from __future__ import annotations

from typing import Annotated

import typer

from ...models.errors import InputError

SourceArgument = Annotated[str, typer.Argument(metavar="SOURCE", help="Network: file, folder or module:function.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object on stdout.")]
OutFile = Annotated[str, typer.Option("--out", help="Also write the JSON object to this file.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="No progress on stderr.")]
Seed = Annotated[int, typer.Option("--seed", help="Seed of weights and batches.")]
Data = Annotated[
    str, typer.Option("--data", help="digits[:stratified|writer[:seed]], or a .npy/.npz file (T, B, ...).")
]
Limit = Annotated[int, typer.Option("--samples", min=0, help="Use the first N samples; 0 takes all.")]
Steps = Annotated[int, typer.Option("--steps", min=0, help="T of the rate code; 0 takes the network's own, or 8.")]
Weights = Annotated[str, typer.Option("--weights", help="safetensors or .pt file for a module.")]
Example = Annotated[str, typer.Option("--example", help="Shape of one input of a module, e.g. 1,784.")]
Chip = Annotated[str, typer.Option("--chip", help="Chip profile by name, or a .toml file.")]
Bits = Annotated[int, typer.Option("--bits", help="Weight bits, 1 to 8.")]
Reset = Annotated[str, typer.Option("--reset", help="Override the reset: zero or subtract.")]
Dt = Annotated[float, typer.Option("--dt", help="Override the time step of the graph, in seconds.")]


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


def lowering(bits: int, chip: str, reset: str, dt_s: float) -> dict[str, object]:
    """Collect the options of `lower`, leaving out what was not given."""
    given = {"chip": chip or None, "reset": reset or None, "dt_s": dt_s or None}
    return {"weight_bits": bits} | {name: value for name, value in given.items() if value is not None}
