"""Tables of a comparison behind the chain: where errors arise, and what each loss does by itself."""

from __future__ import annotations

from typing import Any

from .output import say, table


def populations(pairs: list[dict[str, Any]]) -> None:
    """Both error columns of every population, for the pairs that differ at all."""
    rows = [
        [
            " -> ".join(pair["backends"]),
            p["population"],
            p["what"],
            str(p["slots"]),
            str(p["mismatches"]),
            "not measured" if p["alone"] is None else str(p["alone"]),
            p["alone_backend"],
        ]
        for pair in pairs
        if pair["mismatches"]
        for p in pair["populations"]
    ]
    if rows:
        columns = ["from -> to", "population", "value", "compared", "accumulated", "alone", "alone run by"]
        table("Different values by population: with all before it, and fed with the first backend's", columns, rows)


def effects(content: list[dict[str, Any]]) -> None:
    """Every measured loss, the largest effect first, the sum of all below it; then what was not measured."""
    measured = [e for e in content if e["mismatches"] is not None]
    if measured:
        title = f"Effect of each loss by itself on the float network, {measured[0]['samples']} samples"
        measured.sort(key=lambda e: (e["loss"]["kind"] == "together", -e["mismatches"], -e["changed_predictions"]))
        rows = [_row(e) for e in measured]
        table(title, ["loss", "different spikes", "changed classes", "first divergence"], rows)
    for e in content:
        if e["mismatches"] is None:
            say(f"not measured  {e['loss']['node']}: {e['loss']['what']} ({e['reason']})")


def _row(effect: dict[str, Any]) -> list[str]:
    first = effect["first_divergence"]
    where = f"{first['population']}, step {first['step']}" if first else "none"
    what = f"{effect['loss']['node']}: {effect['loss']['what']}"
    return [what, f"{effect['mismatches']} of {effect['slots']}", str(effect["changed_predictions"]), where]
