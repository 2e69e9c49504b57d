"""Where the files of a data set are looked for."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from ...models.errors import InputError

VARIABLE = "SPIKEWRIGHT_DATA"


def cache_folder() -> Path:
    """Folder for what is downloaded or decoded: ``spikewright/data`` in the user's cache (``$XDG_CACHE_HOME``)."""
    home = os.environ.get("XDG_CACHE_HOME")
    # The convention ignores a relative path, which would mean another folder in every working directory.
    return (Path(home) if home and os.path.isabs(home) else Path.home() / ".cache") / "spikewright" / "data"


def data_folders() -> tuple[Path, ...]:
    """Folders that are looked through, in this order: ``$SPIKEWRIGHT_DATA``, that of a checkout, the user's cache.

    A checkout has ``../shared/data`` beside it; an installed package has none.
    """
    own = os.environ.get(VARIABLE)
    root = Path(__file__).resolve().parents[2]
    beside = [root.parent / "shared" / "data"] if (root / "pyproject.toml").is_file() else []
    return (*([Path(own).expanduser()] if own else []), *beside, cache_folder())


def find(set_name: str, names: Iterable[str]) -> Path | None:
    """Return the first of the files or folders `names` of the set `set_name` in the first folder that has one."""
    names = tuple(names)
    places = (folder / set_name / name for folder in data_folders() for name in names)
    return next((place for place in places if place.exists()), None)


def not_found(set_name: str, what: str, remedy: str) -> InputError:
    """Make the error of a data set that is nowhere."""
    looked = ", ".join(str(folder / set_name) for folder in data_folders())
    return InputError(f"{what} is in none of {looked}. {remedy}")
