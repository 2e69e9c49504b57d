"""Entry point: commands, exit codes, and errors as one paragraph instead of a traceback."""

from __future__ import annotations

import sys

import typer

from ...models.errors import SpikewrightError
from . import doctor, exporting, gains, inspecting, placing, quantise, reporting, running, simulating, training
from .output import fail

EPILOG = (
    "Exit codes: 0 ok, 1 failed check, 2 bad input, 3 does not fit the chip, 4 backend not available, 130 interrupted. "
    "SOURCE is a .nir file, a program file, a run folder of train, or package.module:function with --example SHAPE."
)

app = typer.Typer(
    name="spikewright",
    help="From a PyTorch spiking network to an exact integer program, to Lava and to energy with its recipe.",
    epilog=EPILOG,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
app.command("demo")(training.demo)
app.command("train")(training.train)
app.command("evaluate")(running.evaluate)
app.command("export")(exporting.export)
app.command("quantise")(quantise.quantise)
app.command("simulate")(simulating.simulate)
app.command("compare")(running.compare)
app.command("report")(reporting.report)
app.command("gains")(gains.gains)
app.command("inspect")(inspecting.inspect)
app.command("chips")(placing.chips)
app.command("check")(placing.check)
app.command("doctor")(doctor.doctor)


def main(arguments: list[str] | None = None) -> int:
    """Run one command; return the exit code (see `EPILOG`)."""
    words = sys.argv[1:] if arguments is None else arguments
    try:
        app(words, standalone_mode=True)
    except SpikewrightError as error:
        fail(error, as_json="--json" in words)
        return error.exit_code
    except SystemExit as stop:
        return stop.code if isinstance(stop.code, int) else 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
