"""Finding and reading chip profiles; every number has to state its unit, its source and what kind of number it is."""

from __future__ import annotations

import sys
from difflib import get_close_matches
from importlib.resources import files
from pathlib import Path
from typing import Any

from ...models.errors import ConfigError
from .checks import violations
from .chip import Ability, Barrier, Chip, Mesh, Quantity

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

__all__ = ["Ability", "Barrier", "Chip", "Mesh", "Quantity", "list_chips", "load_chip"]


def list_chips() -> list[str]:
    """Names of the profiles that ship."""
    return sorted(entry.name[: -len(".toml")] for entry in files(__package__).iterdir() if entry.name.endswith(".toml"))


def load_chip(name: str) -> Chip:
    """Load a profile by name, or from a TOML file of the user's.

    Raises
    ------
    ConfigError
        For an unknown name, a file that is no TOML, or entries that are missing, unknown or without unit, source or
        kind; all at once.
    """
    if name in list_chips():
        text = files(__package__).joinpath(f"{name}.toml").read_text(encoding="utf-8")
    elif name.endswith(".toml") and Path(name).is_file():
        try:
            text = Path(name).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigError(f"Chip profile {name} cannot be read: {error}.") from error
    else:
        near = get_close_matches(name, list_chips(), 1)
        hint = f" Did you mean {near[0]}?" if near else ""
        raise ConfigError(f"Chip {name!r} is unknown; known are {', '.join(list_chips())}, or a .toml file.{hint}")
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"Chip profile {name} is no valid TOML: {error}.") from error
    if wrong := list(violations(table)):
        raise ConfigError(f"Chip profile {name} is not complete:", wrong)
    return _build(table)


def _build(table: dict[str, Any]) -> Chip:
    sections = {
        section: {name: Quantity(**entry) for name, entry in table.get(section, {}).items()}
        for section in ("limits", "mesh", "energy", "time")
    }
    sides = sections.pop("mesh")
    return Chip(
        **{key: table[key] for key in ("name", "title", "source")},
        abilities={name: Ability(**entry) for name, entry in table["abilities"].items()},
        **sections,
        mesh=Mesh(**{name: int(side.value) for name, side in sides.items()}, sources=sides) if sides else None,
        barrier=_build_barrier(table["barrier"]) if "barrier" in table else None,
        not_included=tuple(table.get("not_included", ())),
    )


def _build_barrier(table: dict[str, Any]) -> Barrier:
    points = tuple(
        (point["tiles"], Quantity(**{k: v for k, v in point.items() if k != "tiles"})) for point in table["points"]
    )
    return Barrier(table["between"], points)
