"""``doctor``: which backends and versions are usable here, and what to do about those that are not."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from .options import Json, OutFile
from .output import emit, say, stop


def doctor(
    require: Annotated[str, typer.Option("--require", help="Exit 4 unless this backend is usable.")] = "",
    warm_up: Annotated[
        bool, typer.Option("--warm-up", help="Compile the engine now, if it is not compiled yet.")
    ] = False,
    out: OutFile = "",
    as_json: Json = False,
) -> None:
    """Say which backends can run here, with versions, and why others cannot."""
    from ...models.errors import BackendUnavailable, ConfigError
    from ..describe import provenance

    if require and require not in _CHECKS:
        raise ConfigError(f"Backend {require!r} is unknown; known are {', '.join(_CHECKS)}.")
    if warm_up:
        from ...simulators.engine import entries

        entries.warm_up()
    backends = {name: check() for name, check in _CHECKS.items()}
    emit({"schema_version": 1, "backends": backends, "provenance": provenance()}, as_json, _render, out)
    if require and not backends[require]["usable"]:
        stop(BackendUnavailable(f"{require}: {backends[require]['detail']}"))


def _module(name: str, extra: str) -> dict[str, Any]:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return {"usable": True, "detail": f"{name} {version(name)}"}
    except PackageNotFoundError:
        return {"usable": False, "detail": f"{name} is not installed; pip install 'spikewright[{extra}]'"}


def _engine() -> dict[str, Any]:
    from ...simulators.engine.entries import kernel_state

    found = _module("numba", "all")
    return found | {"detail": f"{found['detail']}, {kernel_state()}"} if found["usable"] else found


def _lava() -> dict[str, Any]:
    from ...models.errors import BackendUnavailable
    from ...simulators.lava_environment import find_lava_python

    try:
        return {"usable": True, "detail": f"lava-nc in {find_lava_python()}"}
    except BackendUnavailable as error:
        return {"usable": False, "detail": str(error)}


_CHECKS = {
    "torch": lambda: _module("torch", "torch"),
    "training": lambda: _module("lightning", "train"),
    "snntorch": lambda: _module("snntorch", "snntorch"),
    "run_graph": lambda: _module("nir", "all"),
    "oracle": lambda: _module("numpy", "all"),
    "engine": _engine,
    "lava": _lava,
    "report": lambda: _module("matplotlib", "report"),
}


def _render(content: dict[str, Any]) -> None:
    for name, entry in content["backends"].items():
        say(f"{'ok' if entry['usable'] else 'no':3} {name:10} {entry['detail']}")
    for name, version in content["provenance"].items():
        say(f"    {name} {version}")
