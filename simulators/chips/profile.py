"""Reading chip profiles; every number has to state its unit, its source and what kind of number it is."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from difflib import get_close_matches
from importlib.resources import files
from pathlib import Path
from typing import Any, Literal

from ...exporters.program.limits import ChipLimits
from ...models.errors import ConfigError

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

KINDS = ("simulated", "measured", "estimated")
COMPONENTS = ("synaptic_op", "neuron_update_active", "neuron_update_idle", "spike")
_OPTIONAL = frozenset({"spike"})


@dataclass(frozen=True)
class Quantity:
    """A number with its provenance.

    Attributes
    ----------
    value : float
    unit : str
    kind : {"simulated", "measured", "estimated"}
    source : str
    """

    value: float
    unit: str
    kind: Literal["simulated", "measured", "estimated"]
    source: str


@dataclass(frozen=True)
class Chip:
    """A chip profile.

    Attributes
    ----------
    name, title, source : str
    graded_spikes : bool
        Whether a spike can carry a value.
    energy : dict of str to Quantity
        Energy of one event of every component, in pJ.
    not_included : tuple of str
        What the profile cannot price.
    """

    name: str
    title: str
    source: str
    graded_spikes: bool
    energy: dict[str, Quantity]
    not_included: tuple[str, ...]

    @property
    def limits(self) -> ChipLimits:
        """What lowering has to know."""
        return ChipLimits(self.name, self.graded_spikes)


def list_chips() -> list[str]:
    """Names of the profiles that ship."""
    return sorted(entry.name[: -len(".toml")] for entry in files(__package__).iterdir() if entry.name.endswith(".toml"))


def load_chip(name: str) -> Chip:
    """Load a profile by name, or from a TOML file of the user's.

    Raises
    ------
    ConfigError
        For an unknown name, a file that is no TOML, or numbers without unit, source or kind; all at once.
    """
    if name in list_chips():
        text = files(__package__).joinpath(f"{name}.toml").read_text()
    elif name.endswith(".toml") and Path(name).is_file():
        text = Path(name).read_text()
    else:
        near = get_close_matches(name, list_chips(), 1)
        hint = f" Did you mean {near[0]}?" if near else ""
        raise ConfigError(f"Chip {name!r} is unknown; known are {', '.join(list_chips())}, or a .toml file.{hint}")
    try:
        return _parse(name, tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"Chip profile {name} is no valid TOML: {error}.") from error


def _parse(name: str, table: dict[str, Any]) -> Chip:
    energy = table.get("energy", {})
    wrong = [f"key {key!r} is missing" for key in ("name", "title", "source", "graded_spikes") if key not in table]
    wrong += [f"energy.{c} is missing" for c in COMPONENTS if c not in energy and c not in _OPTIONAL]
    for component, entry in energy.items():
        if component not in COMPONENTS:
            wrong.append(f"energy.{component} is unknown; known are {', '.join(COMPONENTS)}")
        elif set(entry) != {"value", "unit", "kind", "source"}:
            wrong.append(f"energy.{component} must state value, unit, kind and source, states {sorted(entry)}")
        elif entry["unit"] != "pJ" or entry["kind"] not in KINDS or not entry["value"] >= 0:
            wrong.append(f"energy.{component}: unit pJ, kind one of {', '.join(KINDS)} and value >= 0 are required")
    if wrong:
        raise ConfigError(f"Chip profile {name} is not complete:", wrong)
    quantities = {component: Quantity(**entry) for component, entry in energy.items()}
    return Chip(
        table["name"],
        table["title"],
        table["source"],
        table["graded_spikes"],
        quantities,
        tuple(table.get("not_included", ())),
    )
