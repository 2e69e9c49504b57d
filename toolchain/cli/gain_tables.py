"""Table of the ways of a divisor to a chip."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..reporting import readable
from .output import say, table


def alternatives(content: dict[str, Any]) -> None:
    """One row per alternative, why some do not fit the chip, and the recommendation."""
    low, high = content["dim"]
    extra = [*(["fits"] if content["chip"] else []), *(["wrong on Lava"] if content["lava_samples"] else [])]
    table(
        f"Divisive inhibition on {content['samples']} samples of {content['data']}: as they are / "
        f"each dimmed to {low:g} .. {high:g} of its brightness (seed {content['seed']})",
        ["alternative", "accuracy", "same class", "logit error", "different spikes", "needs", "run by", *extra],
        [_row(row, extra) for row in content["alternatives"]],
    )
    say(f"calibrated on {content['calibrated_on']}")
    for backend, versions in content["versions"].items():
        say(f"{backend}: {', '.join(f'{name} {version}' for name, version in versions.items())}")
    reasons: dict[str, list[str]] = {}
    for row in content["alternatives"]:
        for sentence in row["misfits"]:
            reasons.setdefault(sentence, []).append(row["title"])
    for sentence, titles in reasons.items():
        say(f"does not fit: {'; '.join(titles)}. {sentence}")
    say(content["recommendation"])


def _row(row: dict[str, Any], extra: list[str]) -> list[str]:
    float_row = row["name"] == "exact"
    needs = [*map(readable.label, row["needs"]), *(["host"] if row["host"] else [])]
    more = {
        "fits": "" if float_row else "no" if row["misfits"] else "yes",
        "wrong on Lava": "{:,} of {:,}".format(*row["lava"]) if row["lava"] else "",
    }
    return [
        row["title"],
        _pair(row, "accuracy", readable.accuracy),
        _pair(row, "agreement", lambda share: readable.share(share, 1)),
        _pair(row, "logit_error", lambda error: f"{error:.3f}"),
        _pair(row, "spikes_different", readable.share),
        "float" if float_row else ", ".join(needs),
        row["backend"],
        *(more[column] for column in extra),
    ]


def _pair(row: dict[str, Any], name: str, show: Callable[[float], str]) -> str:
    values = (row[part][name] for part in ("clean", "dimmed"))
    return " / ".join("-" if value is None else show(value) for value in values)
