"""Tables of chips: the profiles, the numbers of one, and how a network fits it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..reporting import readable
from .output import say, table

UNITS = {
    "synaptic_memory_per_core": "bit",
    "graded_input": "bit",
    "graded_spikes": "bit",
    "synaptic_delay": "steps",
    "registers_per_neuron": "registers",
    "refractory": "rows",
}
"""Units of rules that do not count the things in their name."""


def used(content: dict[str, Any]) -> str:
    """Cores and tiles in use."""
    return f"{readable.number_of(content['cores'], 'core')} on {readable.number_of(content['tiles'], 'tile')}"


def fit(content: dict[str, Any]) -> None:
    """The rules of a placement, and what is used of the chip."""
    rows = []
    for r in content["rules"]:
        unit = UNITS.get(r["rule"], "")
        amounts = (f"{r[key]:,} {unit}".strip() for key in ("actual", "limit"))
        rows.append([r["rule"].replace("_", " "), r["where"], *amounts, "yes" if r["ok"] else "NO"])
    columns = ["rule", "population, projection or input", "actual", "limit", "kept"]
    if rows:
        table(f"Rules of {content['chip']}; per core: the fullest one", columns, rows)
    meshed = content["cores"] is not None
    rows = [
        [
            name,
            f"{p['neurons']:,}",
            *([f"{p['cores']:,}"] if meshed else []),
            f"{p['synaptic_memory_bits'] / 8192:,.1f} KB",
        ]
        for name, p in content["populations"].items()
    ]
    table("Populations", ["population", "neurons", *(["cores"] if meshed else []), "synaptic memory"], rows)
    if not content["limits"]:
        say(f"{content['chip']} has no cores and no limits: every network fits.")
        return
    for sentence in _usage(content):
        say(sentence)


def _usage(content: dict[str, Any]) -> Iterator[str]:
    """What is used: of the chip its cores, of each limit of a core the mean over the used cores."""
    parts = {
        name: f"{readable.share(share, 1)} of {content['limits'][name]:,} {content['units'][name]}"
        for name, share in content["occupancy"].items()
    }
    chip = parts.pop("cores", "")
    yield f"Used of the chip: {used(content)}{f', {chip}' if chip else ''}."
    if parts:
        means = "; ".join(f"{readable.label(name)} {text}" for name, text in parts.items())
        yield f"Used of a core, mean over the used cores: {means}."


def chips(content: dict[str, Any]) -> None:
    """The profiles that ship."""
    rows = [
        [
            c["name"],
            c["title"],
            str(c["cores"] or "none"),
            "yes" if c["timing"] else "no",
            ", ".join(c["energy"]) or "none",
        ]
        for c in content["chips"]
    ]
    table("Chip profiles", ["name", "title", "cores", "timing", "energy of"], rows)
    say("Every number with its source: spikewright chips NAME")


def chip(content: dict[str, Any]) -> None:
    """One profile: every number with unit, kind and source."""
    say(f"{content['title']}\n{content['source']}\n")
    rows = [
        [name.replace("_", " "), f"{q['value']:,} {q['unit']}", q["kind"], q["source"]]
        for name, q in content["numbers"].items()
    ]
    table(content["name"], ["what", "value", "kind", "source"], rows)
    rows = [
        [name.replace("_", " "), "yes" if a["value"] else "no", a["meaning"], a["kind"], a["source"]]
        for name, a in content["abilities"].items()
    ]
    table("Abilities", ["ability", "has it", "that is", "kind", "source"], rows)
    if content["barrier_between_points"]:
        say(f"barrier between its points: {content['barrier_between_points']}")
    say(f"not included: {'; '.join(content['not_included'])}")
