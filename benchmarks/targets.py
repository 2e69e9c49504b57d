"""What the project wants to reach, and what was measured beside it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

Results = dict[str, dict[str, Any]]
Found = float | None
MATCHES = ("w1", "w2", "w3", "w5")
"""Workloads that consist of cases against peers."""
TORCH_PEERS = ("snnTorch", "SpikingJelly", "Norse", "Sinabs")


@dataclass(frozen=True)
class Target:
    """A number to reach.

    Attributes
    ----------
    what : str
    floor, goal : float
        What must be, and what is wanted.
    read : callable
        Takes the results and the variant of ours; gives what was measured, or None. Of several cases the worst.
    unit : str
    more : bool
        Whether larger is better.
    """

    what: str
    floor: float
    goal: float
    read: Callable[[Results, str], Found]
    unit: str = "x"
    more: bool = True

    def verdict(self, value: Found) -> str:
        """What a value means."""
        if value is None:
            return "not measured"
        reached = [value >= limit if self.more else value <= limit for limit in (self.floor, self.goal)]
        return "goal" if all(reached) else "floor" if reached[0] else "missed"


def targets_lines(results: Results) -> Iterator[str]:
    """The table of targets, for every variant of ours that was measured."""
    yield "## Targets\n"
    yield "Medians; of several cases the worst. One thread and CPU time unless said.\n"
    variants = _variants(results)
    heads = [f"{variant} | reached" for variant in variants]
    yield f"| | floor | goal | {' | '.join(heads)} |"
    yield f"|---|---|---|{'---|---|' * len(variants)}"
    for target in _targets():
        cells = []
        for variant in variants:
            value = target.read(results, variant)
            cells += ["" if value is None else f"{value:.3g} {target.unit}", target.verdict(value)]
        limits = (f"{limit:g} {target.unit}" for limit in (target.floor, target.goal))
        yield f"| {' | '.join((target.what, *limits, *cells))} |"


def _targets() -> Iterator[Target]:
    for peer, floor, goal in (("snnTorch", 100, 300), ("SpikingJelly", 20, 60), ("Lava", 500, 1000)):
        for form in ("documented form", "best form") if peer in TORCH_PEERS else ("fixed_pt",):
            read = partial(_ratio, workload="w1", peer=peer, against="one sample", steps=100, form=form)
            yield Target(f"W1 single sample, T = 100: {peer}, {form}", floor, goal, read)
    for workload, floor, goal in (("w1", 3.5, 8), ("w5", 3.5, 8), ("w2", 3.5, 8), ("w3", 12, 30)):
        for peer in TORCH_PEERS:
            read = partial(_ratio, workload=workload, peer=peer, against="best batch")
            yield Target(f"{workload.upper()} against best batch: {peer}", floor, goal, read)
    for peer, floor, goal in (("Brian2 C++ standalone", 3.5, 10), ("NEST", 20, 60)):
        yield Target(f"W4: {peer}", floor, goal, partial(_told, key=peer))
    for workload, floor, goal in (("w5", 17, 40), ("w2", 10, 15), ("w3", 1.5, 4)):
        what = f"events per second, whole network: {workload.upper()}"
        yield Target(what, floor, goal, partial(_events, workload=workload), "G/s")
    yield Target("events per second, whole network: W4", 0.75, 2, partial(_told, key="G events per second"), "G/s")
    yield Target("counting by core besides step and layer", 3, 1, _counting, "%", more=False)
    yield Target("two threads on samples (W5, wall time)", 1.8, 1.95, _scaling)
    yield Target("warm start to first result (wall time)", 1.0, 0.4, _warm, "s", more=False)
    yield Target("cold compile, once (wall time)", 15, 5, _cold, "s", more=False)
    yield Target("memory: W4 per synapse, all included", 8, 4, partial(_told, key="bytes per synapse"), "B", more=False)


def _variants(results: Results) -> list[str]:
    found = [ratio["ours"] for case in _cases(results) for ratio in case["ratios"]]
    return list(dict.fromkeys(found)) or ["engine"]


def _cases(results: Results, *workloads: str) -> list[dict[str, Any]]:
    """Cases of the named workloads, or of all that were measured against peers here."""
    return [case for name in workloads or MATCHES for case in results.get(name, {}).get("cases", [])]


def _ratio(
    results: Results, ours: str, workload: str, peer: str, against: str, steps: int = 0, form: str = "best form"
) -> Found:
    """The smallest ratio to a peer on one thread; a case's first row of a peer is its documented form."""
    kept = [
        [
            ratio["median"]
            for ratio in case["ratios"]
            if (ratio["ours"], ratio["peer"], ratio["against"], ratio["threads"]) == (ours, peer, against, 1)
        ]
        for case in _cases(results, workload)
        if case["steps"] >= steps
    ]
    return min((found[0] if form == "documented form" else min(found) for found in kept if found), default=None)


def _events(results: Results, ours: str, workload: str) -> Found:
    found = [
        row["events_per_cpu_s"] / 1e9
        for case in _cases(results, workload)
        for row in case["rows"]
        if (row["form"], row["against"], row["threads"]) == (ours, "best batch", 1)
    ]
    return min(found, default=None)


def _counting(results: Results, ours: str) -> Found:
    found = [100 * (x["median"] - 1) for case in _cases(results) for x in case["counting"] if x["over"] == ours]
    return max(found, default=None)


def _scaling(results: Results, ours: str) -> Found:
    return min(
        (x["median"] for case in _cases(results, "w5") for x in case["scaling"] if x["form"] == ours), default=None
    )


def _warm(results: Results, ours: str) -> Found:
    return results["startup"]["second_start"]["wall_s"]["median"] if _started(results, ours) else None


def _cold(results: Results, ours: str) -> Found:
    return results["startup"]["compile_wall_s"] if _started(results, ours) else None


def _started(results: Results, ours: str) -> bool:
    """Whether the start-up was measured; it is that of the engine as it is."""
    return "startup" in results and ours == _variants(results)[0]


def _told(results: Results, ours: str, key: str) -> Found:
    """A number of W4, whose contestants are other ones."""
    if "w4" not in results or ours != _variants(results)[0]:
        return None
    (case,) = results["w4"]["cases"]
    own, ratios = case["rows"]["spikewright"], case["ratios"]
    found = {"Brian2 C++ standalone": ratios.get("brian2"), "NEST": ratios.get("nest")}
    return (found | {"G events per second": own["events_per_s"] / 1e9, "bytes per synapse": own["bytes_per_synapse"]})[
        key
    ]
