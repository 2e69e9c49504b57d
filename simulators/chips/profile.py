"""Reading chip profiles; every number has to state its unit, its source and what kind of number it is."""

from __future__ import annotations

import sys
from collections.abc import Iterator
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
        try:
            text = Path(name).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigError(f"Chip profile {name} cannot be read: {error}.") from error
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
    texts = {key: str for key in ("name", "title", "source")}
    wrong = [
        f"key {key!r} must be given as {kind.__name__}"
        for key, kind in {**texts, "graded_spikes": bool, "energy": dict}.items()
        if not isinstance(table.get(key), kind)
    ]
    if isinstance(energy, dict):
        wrong += [f"energy.{c} is missing" for c in COMPONENTS if c not in energy and c not in _OPTIONAL]
        wrong += [sentence for component, entry in energy.items() for sentence in _violations(component, entry)]
    if wrong:
        raise ConfigError(f"Chip profile {name} is not complete:", wrong)
    return Chip(
        **{key: table[key] for key in (*texts, "graded_spikes")},
        energy={component: Quantity(**entry) for component, entry in energy.items()},
        not_included=tuple(table.get("not_included", ())),
    )


def _violations(component: str, entry: Any) -> Iterator[str]:
    if component not in COMPONENTS:
        yield f"energy.{component} is unknown; known are {', '.join(COMPONENTS)}"
    elif not isinstance(entry, dict) or set(entry) != {"value", "unit", "kind", "source"}:
        yield f"energy.{component} must state value, unit, kind and source, states {entry}"
    elif not isinstance(entry["value"], (int, float)) or not 0 <= entry["value"] < float("inf"):
        yield f"energy.{component}: value is {entry['value']!r}, must be a number >= 0"
    elif entry["unit"] != "pJ" or entry["kind"] not in KINDS:
        yield f"energy.{component}: the unit must be pJ and the kind one of {', '.join(KINDS)}"
