"""Everything that can be wrong with a chip profile, all of it at once."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, get_args

from .chip import ABILITIES, Kind

KINDS = get_args(Kind)
ENERGIES = (
    "synaptic_op",
    "synaptic_mac",
    "neuron_update_active",
    "neuron_update_idle",
    "spike",
    "axon_out",
    "axon_in",
    "within_tile",
    "hop_ew",
    "hop_ns",
)
TIMES = (*(name for name in ENERGIES if name != "synaptic_mac"), "link")
UNITS = {
    "limits": {
        "neurons": "neurons",
        "synaptic_memory_bits": "bit",
        "in_axons": "axons",
        "out_axons": "axons",
        "cores": "cores",
        "synaptic_delay": "steps",
    },
    "mesh": {"width": "tiles", "height": "tiles", "cores_per_tile": "cores"},
    "energy": dict.fromkeys(ENERGIES, "pJ"),
    "time": dict.fromkeys(TIMES, "ns"),
}
"""Known entries of every section, with their unit."""
REQUIRED = {
    "limits": (),
    "mesh": ("width", "height", "cores_per_tile"),
    "energy": ("synaptic_op",),
    "time": ("synaptic_op", "neuron_update_active", "neuron_update_idle", "hop_ew", "hop_ns", "link"),
}
TRAVELLING = ("axon_out", "axon_in", "within_tile", "hop_ew", "hop_ns")
"""What happens to messages only."""
_WHOLE = ("limits", "mesh")
_TEXTS = ("name", "title", "source")
_ENTRY = {"value", "unit", "kind", "source"}


def violations(table: dict[str, Any]) -> Iterator[str]:
    """Yield one sentence for every violation in the parsed TOML of a profile."""
    yield from (f"key {key!r} must be given as str" for key in _TEXTS if not isinstance(table.get(key), str))
    yield from _abilities(table.get("abilities", {}))
    missing = table.get("not_included", [])
    if not isinstance(missing, list) or not all(isinstance(text, str) for text in missing):
        yield "key 'not_included' must be a list of sentences"
    known = {*_TEXTS, "abilities", "not_included", "barrier", *UNITS}
    yield from (f"key {key!r} is unknown; known are {', '.join(sorted(known))}" for key in table if key not in known)
    sound = True
    for section in UNITS:
        found = list(_section(section, table))
        sound = sound and not found
        yield from found
    yield from _barrier(table)
    if sound:
        yield from _together(table)


def _abilities(table: Any) -> Iterator[str]:
    if not isinstance(table, dict):
        yield "key 'abilities' must be given as dict"
        return
    yield from (f"abilities.{name} is missing: whether {ABILITIES[name]}" for name in ABILITIES if name not in table)
    for name, entry in table.items():
        where = f"abilities.{name}"
        if name not in ABILITIES:
            yield f"{where} is unknown; known are {', '.join(ABILITIES)}"
        elif not isinstance(entry, dict) or set(entry) != {"value", "kind", "source"}:
            yield f"{where} must state value, kind and source, states {entry}"
        elif not isinstance(entry["value"], bool):
            yield f"{where}: value is {entry['value']!r}, must be true or false"
        elif entry["kind"] not in KINDS or not isinstance(entry["source"], str) or not entry["source"]:
            yield f"{where}: the kind must be one of {', '.join(KINDS)} and the source must be named"


def _section(section: str, table: dict[str, Any]) -> Iterator[str]:
    entries = table.get(section)
    if entries is None:
        return
    if not isinstance(entries, dict):
        yield f"key {section!r} must be given as dict"
        return
    yield from (f"{section}.{name} is missing" for name in REQUIRED[section] if name not in entries)
    for name, entry in entries.items():
        if name not in UNITS[section]:
            yield f"{section}.{name} is unknown; known are {', '.join(UNITS[section])}"
        else:
            yield from _entry(f"{section}.{name}", entry, UNITS[section][name], whole=section in _WHOLE)


def _entry(where: str, entry: Any, unit: str, whole: bool = False) -> Iterator[str]:
    if not isinstance(entry, dict) or set(entry) != _ENTRY:
        yield f"{where} must state value, unit, kind and source, states {entry}"
        return
    value = entry["value"]
    if whole and (not _is_whole(value) or value < 1):
        yield f"{where}: value is {value!r}, must be a whole number >= 1"
    elif isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value < float("inf"):
        yield f"{where}: value is {value!r}, must be a number >= 0"
    if entry["unit"] != unit or entry["kind"] not in KINDS:
        yield f"{where}: the unit must be {unit} and the kind one of {', '.join(KINDS)}"
    if not isinstance(entry["source"], str) or not entry["source"]:
        yield f"{where}: the source must be named"


def _barrier(table: dict[str, Any]) -> Iterator[str]:
    barrier = table.get("barrier")
    if barrier is None:
        return
    points = barrier.get("points") if isinstance(barrier, dict) else None
    if not isinstance(points, list) or not points or not all(isinstance(point, dict) for point in points):
        yield "barrier must have points, each with tiles, value, unit, kind and source"
        return
    if barrier.get("between") not in ("linear", "steps"):
        yield f"barrier.between is {barrier.get('between')!r}, must be linear or steps"
    tiles = [point.get("tiles") for point in points]
    if not all(_is_whole(count) and count >= 1 for count in tiles) or tiles != sorted(set(tiles)):
        yield f"barrier: the points' tiles are {tiles}, must be ascending whole numbers >= 1"
    for number, point in enumerate(points):
        yield from _entry(f"barrier.points[{number}]", {k: v for k, v in point.items() if k != "tiles"}, "ns")


def _together(table: dict[str, Any]) -> Iterator[str]:
    """Yield what single entries cannot show."""
    mesh, limits = table.get("mesh"), table.get("limits", {})
    if table.get("time") and not (mesh and table.get("barrier")):
        yield "time needs a mesh and a barrier"
    if table.get("time") and not table.get("energy"):
        yield "time needs energy: a cost has both"
    if table.get("barrier") and not table.get("time"):
        yield "a barrier needs times of the other events"
    if travelling := [name for name in table.get("energy", {}) if name in TRAVELLING and not mesh]:
        yield f"energy of {', '.join(travelling)} needs a mesh: without one nothing travels"
    if limits and not mesh:
        yield "limits need a mesh"
    if mesh:
        places = mesh["width"]["value"] * mesh["height"]["value"] * mesh["cores_per_tile"]["value"]
        if "cores" not in limits:
            yield f"mesh needs limits.cores, at most {places}"
        elif limits["cores"]["value"] > places:
            yield f"limits.cores is {limits['cores']['value']}, but the mesh has places for {places}"


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)
