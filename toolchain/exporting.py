"""One folder for everything an export gives: NIR file, program, Lava folder and the list of losses."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

from ..exporters.lava.export import export_lava
from ..exporters.program.program import Program
from ..models.errors import ConfigError
from ..models.files import atomic_file, atomic_folder
from .describe import describe_losses, provenance
from .sources import Source

MARKER = "export.json"
NIR_FILE, PROGRAM_FILE, LAVA_FOLDER = "network.nir", "network.program", "lava"
FORMATS = ("nir", "program", "lava")


def write_export(
    source: Source, program: Program | None, out: str | Path, formats: tuple[str, ...] = FORMATS
) -> dict[str, Any]:
    """Write the export folder, whole or not at all.

    Parameters
    ----------
    source : Source
        Gives the NIR graph.
    program : Program or None
        Needed for "program" and "lava".
    out : path
        An earlier export there is replaced.
    formats : tuple of {"nir", "program", "lava"}

    Returns
    -------
    dict
        The content of ``export.json``: files, losses, settings, versions.

    Raises
    ------
    ConfigError
        For an unknown format.
    """
    if not formats or (unknown := set(formats) - set(FORMATS)):
        raise ConfigError(
            f"Format {', '.join(sorted(unknown)) if formats else 'none'} is unknown; known are {', '.join(FORMATS)}."
        )
    content: dict[str, Any] = {"schema_version": 1, "source": source.name, "files": {}, "provenance": provenance()}
    with atomic_folder(out, MARKER) as folder:
        if "nir" in formats:
            from ..exporters.nir.files import write_nir

            write_nir(source.graph, folder / NIR_FILE)
            content["files"]["nir"] = NIR_FILE
        if program is not None and "program" in formats:
            program.save(folder / PROGRAM_FILE)
            content["files"]["program"] = PROGRAM_FILE
        if program is not None and "lava" in formats:
            export_lava(program, folder / LAVA_FOLDER)
            content["files"]["lava"] = LAVA_FOLDER
        content["losses"] = describe_losses([*source.losses, *(program.losses if program else ())])
        if program is not None:
            content |= {"program_hash": program.content_hash, "settings": program.settings}
        write_json(content, folder / MARKER)
    return content


def write_json(content: dict[str, Any], path: str | Path) -> None:
    """Write `content` as JSON, whole or not at all."""
    with atomic_file(path) as temporary:
        temporary.write_text(to_json(content) + "\n")


def to_json(content: Any) -> str:
    """Return strict JSON: a number that does not exist (NaN) becomes null."""
    return json.dumps(_plain(content), indent=2, allow_nan=False)


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value.item() if hasattr(value, "item") else value
