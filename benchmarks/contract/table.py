"""The page of the contract's results."""

from __future__ import annotations

from typing import Any

_HEAD = """# Whole networks, oracle and Lava spike for spike

Made by `python -m benchmarks.contract` (measured). Each network was lowered to a program and run on the oracle and on
lava-nc's fixed-point models; every spike of every population and row is compared. The networks are trained for seconds
only: the classes that come out right are for orientation, not a result.

| network | populations | neurons | synapses | T x samples | spikes | that differ | outputs | right |
|---|---|---|---|---|---|---|---|---|
"""


def page(content: dict[str, Any]) -> str:
    """Markdown of `content`, as ``contract.json`` holds it."""
    rows = "".join(_row(network) for network in content["networks"])
    about = "".join(
        f"- {n['name']}: {n['what']}; projections {_kinds(n['projections'])}.\n" for n in content["networks"]
    )
    conditions, versions = content["conditions"], content["networks"][0]["versions"]
    told = ", ".join(f"{name} {version}" for name, version in sorted(versions.items()))
    return f"{_HEAD}{rows}\n{about}\n{conditions['date']}, commit {str(conditions['commit'])[:12]}; {told}.\n"


def _row(n: dict[str, Any]) -> str:
    spikes, differ = sum(n["spikes"].values()), sum(n["spikes_that_differ"].values())
    right = f"{n['right']} of {n['samples']}" if "right" in n else ""
    equal = "equal" if n["outputs_equal"] else "differ"
    return (
        f"| {n['name']} | {_kinds(n['populations'])} | {n['neurons']:,} | {n['synapses']:,} | "
        f"{n['steps']} x {n['samples']} | {spikes:,} | {differ:,} | {equal} | {right} |\n"
    )


def _kinds(parts: dict[str, str]) -> str:
    counts: dict[str, int] = {}
    for kind in parts.values():
        counts[kind] = counts.get(kind, 0) + 1
    return ", ".join(f"{count} {kind}" for kind, count in counts.items())
