"""The results as a page, made from the JSON files alone."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from .targets import targets_lines

HEAD = """# Results

Made by `make bench` from the JSON files beside it; every number is measured.

- Times are per sample, median (smallest to largest) of the rounds, in which the contestants take turns. CPU time counts
  all threads of the contestant's own process, and of those that Lava starts. Ratios are the peer's time over ours,
  round by round: CPU time on one thread; wall time on more, and for Lava, whose processes run beside each other.
- *One sample*: samples are handed over one by one. *Best batch*: all samples, in one call for us, for the peer in the
  form and batch size that a search over its forms found fastest. At one sample a framework's overhead is measured as
  much as its arithmetic: read that ratio together with the other. The first form of a peer is the one its documentation
  shows; `benchmarks/peers` says what the others are.
- *bf16 products*: torch multiplies in bfloat16, in the processor's matrix unit where there is one, and adds in float32.
  It is exact here and off by default. *Channels last*: torch's other layout of convolutions.
- Ours is `simulate` on uint8 input with everything in it: checking, encoding, kernels, exact counts, trace. A peer gets
  ready-made float32 tensors and reports only its output's spikes. Every peer runs in an environment of its own. Lava's
  time is that of `RunSteps(T)` in a runtime that has already started, without resets and recordings.
- In W1 to W5 weights and inputs are random; the threshold of every layer is bisected to the firing rate that the
  workload names. Trained networks have the integers of their program, real test samples, and a readout that sums; of
  peers it takes the spikes of all steps at once, which is in their favour. Our spikes and synaptic operations equal
  those of a dense reference in float64 with the oracle's neurons; spikes of a float peer are within the stated
  tolerance, as floats are not truncated. A peer outside it is marked *not matched*.
"""


def page(results: dict[str, dict[str, Any]], sections: dict[str, Iterable[str]]) -> str:
    """Markdown of all results and their sections, by workload."""
    parts = [HEAD, "\n".join(targets_lines(results)), *("\n".join(lines) for lines in sections.values())]
    return "\n\n".join(part.strip("\n") for part in parts) + "\n"


def cases(result: dict[str, Any]) -> Iterator[str]:
    """The section of a workload that consists of cases."""
    yield f"## {result['workload']}\n"
    ours = list(dict.fromkeys(ratio["ours"] for case in result["cases"] for ratio in case["ratios"]))
    columns = ["case", "against", "contestant", "batch", "threads", "CPU ms", "wall ms", "G events/s"]
    columns += [f"peer / {form}" for form in ours]
    yield f"| {' | '.join(columns)} |"
    yield f"|{'---|' * len(columns)}"
    for case in result["cases"]:
        for row in case["rows"]:
            yield _row(case, row, ours)
    yield ""
    for case in result["cases"]:
        yield from _notes(case)
    yield ""
    yield from conditions_lines(result)


def conditions_lines(result: dict[str, Any]) -> Iterator[str]:
    """Machine, date, commit and versions."""
    c = result["conditions"]
    commit = f"{(c['commit'] or 'unknown')[:12]}{' with uncommitted changes' if c['uncommitted_changes'] else ''}"
    unset = f"; unset for the contestants: {', '.join(c['unset_variables'])}" if c["unset_variables"] else ""
    memory = f", {c['memory_gib']} GiB of memory" if c.get("memory_gib") else ""
    yield (
        f"{c['date']}, {c['processor']}, {c['cores']} cores{memory}, {c['system']}, load average "
        f"{c['load_average_at_start']} at the start and {c['load_average_at_end']} at the end; commit {commit}{unset}."
    )
    for name, versions in c["versions"].items():
        yield f"{name}: {', '.join(f'{key} {value}' for key, value in versions.items())}."


def interval(values: dict[str, float]) -> str:
    """Median with its range, in three digits."""
    return f"{values['median']:.3g} ({values['min']:.3g} to {values['max']:.3g})"


def _row(case: dict[str, Any], row: dict[str, Any], ours: list[str]) -> str:
    unmatched = not case["agreement"]["matched"].get(row["contestant"], True)
    found = {r["ours"]: interval(r) for r in case["ratios"] if _belongs(r, row)}
    cells = (
        case["case"],
        row["against"],
        f"{row['contestant']}, {row['form']}{' (not matched)' if unmatched else ''}",
        row["batch"],
        row["threads"],
        interval(row["cpu_ms_per_sample"]),
        interval(row["wall_ms_per_sample"]),
        f"{row['events_per_cpu_s'] / 1e9:.3g}",
        *(found.get(form, "") for form in ours),
    )
    return f"| {' | '.join(map(str, cells))} |"


def _belongs(ratio: dict[str, Any], row: dict[str, Any]) -> bool:
    mine = (ratio["against"], ratio["peer"], ratio["form"], ratio["threads"])
    return mine == (row["against"], row["contestant"], row["form"], row["threads"])


def _notes(case: dict[str, Any]) -> Iterator[str]:
    rates = ", ".join(f"{name} {rate:.1%}" for name, rate in case["firing_rates"].items())
    agreement = case["agreement"]
    yield (
        f"- {case['case']}: {case['network']}; {case['samples']} samples, input {case['input_rate']:.1%}, {rates}; "
        f"{case['synaptic_ops_per_sample']:,.0f} synaptic operations per sample. Spikes per layer over "
        f"{agreement['samples']} samples (tolerance {agreement['tolerance']:.0%} or {agreement['deviations']} square "
        f"roots of the count): {'; '.join(_spikes(agreement['spikes_per_layer']))}."
    )
    if "accuracy" in case:
        yield (
            f"- {case['case']}: our integer network classifies {case['accuracy']:.2%} of the {case['test_samples']:,} "
            f"samples of {case['data']} correctly."
        )
    for one in case["scaling"]:
        yield (
            f"- {case['case']}: {one['form']} on {one['over_threads']} threads is {interval(one)} times as fast as on "
            f"{one['threads']}, by wall time."
        )
    for one in case["counting"]:
        yield f"- {case['case']}: {one['form']} takes {interval(one)} times the CPU time of {one['over']}."
    for name, reason in case["not_run"].items():
        yield f"- {case['case']}: {name} is not run: {reason}"


def _spikes(counts: dict[str, Any]) -> Iterator[str]:
    """Counts of every contestant; forms that agree are told once."""
    for name, found in counts.items():
        if isinstance(found, list):
            yield f"{name} {found}"
        elif len({tuple(c) for c in found.values()}) == 1:
            yield f"{name} {next(iter(found.values()))}"
        else:
            yield f"{name} {', '.join(f'{form} {c}' for form, c in found.items())}"
