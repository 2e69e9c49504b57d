"""The result in plain sentences, each made from the numbers of the report and nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..targets import INTEGER
from . import readable

GOOD, BAD, PLAIN = "good", "bad", "plain"


def verdict(content: dict[str, Any]) -> list[dict[str, str]]:
    """Sentences of a report, the most important first.

    Returns
    -------
    list of dict
        ``topic``; ``state``: "good" or "bad" where the sentence answers a yes-or-no question, "plain" otherwise;
        ``text``.
    """
    found: list[tuple[str, str, str]] = []
    if content["comparison"] is not None:
        found += [("integers", *_integers(content["comparison"])), *_float(content["comparison"])]
    if content["cost"] is not None:
        found += [*_fit(content["cost"]), *_price(content["cost"])]
    found += [*_accuracy(content), ("activity", PLAIN, _activity(content["activity"]))]
    return [{"topic": topic, "state": state, "text": text} for topic, state, text in found]


def place_of(divergence: dict[str, Any]) -> str:
    """Where two backends part, in words."""
    a, b = divergence["values"]
    where = ", ".join(f"{key} {divergence[key]}" for key in ("step", "sample", "neuron"))
    return f"{divergence['population']}, {where} ({divergence['what']} {a:g} against {b:g})"


def crossing(comparison: dict[str, Any]) -> dict[str, Any] | None:
    """The pair at which float becomes integer."""
    return next((p for p in comparison["pairs"] if len(INTEGER & set(p["backends"])) == 1), None)


def slots(pair: dict[str, Any]) -> int:
    """Compared values of a pair."""
    return sum(p["slots"] for p in pair["populations"])


def _integers(comparison: dict[str, Any]) -> tuple[str, str]:
    pairs = [p for p in comparison["pairs"] if set(p["backends"]) <= INTEGER]
    missing = " ".join(f"Not run: {name}." for name in comparison["not_run"])
    if not pairs:
        return PLAIN, f"No two integer backends were compared. {missing}".strip()
    parted = [p for p in pairs if p["mismatches"]]
    if parted:
        first = parted[0]
        return BAD, (
            f"The integer backends {' and '.join(first['backends'])} differ in {first['mismatches']:,} of "
            f"{slots(first):,} values, first at {place_of(first['first_divergence'])}."
        )
    names = list(dict.fromkeys(name for pair in pairs for name in pair["backends"]))
    listed = f"{', '.join(names[:-1])} and {names[-1]}"
    text = f"The integer backends {listed} agree on all {min(slots(p) for p in pairs):,} values. {missing}"
    return GOOD, text.strip()


def _float(comparison: dict[str, Any]) -> Iterator[tuple[str, str, str]]:
    pair = crossing(comparison)
    if pair is None:
        return
    if pair["first_divergence"] is None:
        yield "float", GOOD, f"Float ({pair['backends'][0]}) and integers agree on all {slots(pair):,} values."
        return
    yield (
        "float",
        PLAIN,
        f"Float ({pair['backends'][0]}) and integers agree on {readable.share(pair['spike_agreement'])} of the spikes "
        f"and on the class of {readable.share(pair['same_prediction'], 1)} of the samples. "
        f"They part first at {place_of(pair['first_divergence'])}.",
    )


def _fit(cost: dict[str, Any]) -> Iterator[tuple[str, str, str]]:
    placement = cost["placement"]
    if placement["mesh"] is not None:
        used, limit = cost["cores"], placement["limits"].get("cores")
        of = f"{used:,} of {limit['value']:,.0f} cores" if limit else f"{used:,} cores"
        yield "fit", GOOD, f"Fits {cost['chip']}, on {of}."


def _price(cost: dict[str, Any]) -> Iterator[tuple[str, str, str]]:
    time = f" and {readable.duration(cost['latency_ns'])}" if cost["latency_ns"] is not None else ""
    kinds = sorted({quantity["kind"] for quantity in cost["sources"].values()})
    yield (
        "cost",
        PLAIN,
        f"{readable.energy(cost['total_pj'])}{time} per sample, estimated: exact counts times "
        f"{' and '.join(kinds)} coefficients of {cost['chip']}.",
    )


def _accuracy(content: dict[str, Any]) -> Iterator[tuple[str, str, str]]:
    name = content["activity"]["backend"]
    if name in content["accuracy"]:
        row = content["accuracy"][name]
        right = f"{readable.accuracy(row['share'])} of {row['samples']:,} samples"
        yield "accuracy", PLAIN, f"The classes that {name} gives are right for {right}, measured."


def _activity(activity: dict[str, Any]) -> str:
    operations = sum(activity["synaptic_ops_per_sample"].values())
    silent = f"{readable.share(activity['sparsity'])} of neuron steps are silent"
    if not activity["synaptic_ops_per_sample"]:
        return f"{silent}."
    return f"{silent}; a sample takes {readable.count(round(operations))} synaptic operations."
